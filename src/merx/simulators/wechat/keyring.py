"""What the simulated provider signs with: the account's public-key pair, and platform certificates that rotate."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa

from merx.simulators.wechat import wire
from merx.simulators.wechat.model import PlatformKey
from merx.simulators.wechat.store import Store


class KeyRing:
    """Signs answers and notices. The first certificate is made at the first start."""

    def __init__(
        self,
        *,
        store: Store,
        public_key_id: str,
        private_pem: str,
        now: datetime,
        forging_key: Callable[[], rsa.RSAPrivateKey],
        new_private_pem: Callable[[], str],
    ) -> None:
        self._store = store
        self.public_key_id = public_key_id
        self._account_key = wire.load_private(private_pem)
        self.forging_key = forging_key
        self._new_private_pem = new_private_pem
        self._loaded: dict[str, rsa.RSAPrivateKey] = {}
        if not store.keys.certificates:
            self.rotate(now)

    @property
    def certificates(self) -> list[PlatformKey]:
        """The certificates that `/v3/certificates` lists: the two newest."""
        return self._store.keys.certificates[-2:]

    def rotate(self, now: datetime) -> str:
        """Make a new certificate and sign with it from now on; the one before stays listed. Returns its serial."""
        private_pem = self._new_private_pem()
        serial, pem = wire.certificate(wire.load_private(private_pem), since=now - timedelta(days=1))
        self._store.keys.certificates.append(
            PlatformKey(serial=serial, private_pem=private_pem, certificate_pem=pem)
        )
        self._store.save_keys()
        return serial

    def sign_notices_by_certificate(self, *, yes: bool) -> None:
        """Sign notices with the newest certificate, or with the account's public-key pair."""
        self._store.keys.notices_by_certificate = yes
        self._store.save_keys()

    def answer_headers(
        self, body: bytes, *, wanted: str, now: datetime, forged: bool = False
    ) -> dict[str, str]:
        """The signature headers of an answer to a request that named `wanted` in `Wechatpay-Serial`."""
        by_account = wanted == self.public_key_id
        return self._headers(body, by_account=by_account, now=now, forged=forged)

    def notice_headers(self, body: bytes, *, now: datetime, forged: bool = False) -> dict[str, str]:
        """The signature headers of a notice."""
        by_account = not self._store.keys.notices_by_certificate
        return self._headers(body, by_account=by_account, now=now, forged=forged)

    def listed(self, secret: str) -> Mapping[str, object]:
        """The answer of `/v3/certificates`, each certificate sealed with the merchant's secret."""
        return {"data": [_listed(key, secret) for key in self.certificates]}

    def _headers(self, body: bytes, *, by_account: bool, now: datetime, forged: bool) -> dict[str, str]:
        newest = self._store.keys.certificates[-1]
        key = self._account_key if by_account else self._private(newest)
        timestamp, nonce = str(int(now.timestamp())), wire.random_text(16)
        signature = wire.sign(wire.answer_text(timestamp, nonce, body), self.forging_key() if forged else key)
        return {
            "wechatpay-timestamp": timestamp,
            "wechatpay-nonce": nonce,
            "wechatpay-signature": signature,
            "wechatpay-serial": self.public_key_id if by_account else newest.serial,
            "wechatpay-signature-type": wire.SCHEME,
        }

    def _private(self, key: PlatformKey) -> rsa.RSAPrivateKey:
        if key.serial not in self._loaded:
            self._loaded[key.serial] = wire.load_private(key.private_pem)
        return self._loaded[key.serial]


def _listed(key: PlatformKey, secret: str) -> dict[str, object]:
    since, until = wire.validity(key.certificate_pem)
    return {
        "serial_no": key.serial,
        "effective_time": wire.rfc3339(since),
        "expire_time": wire.rfc3339(until),
        "encrypt_certificate": wire.seal(key.certificate_pem, secret=secret, associated_data="certificate"),
    }
