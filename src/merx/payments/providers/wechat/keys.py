"""The keys WeChat Pay signs with, by serial: the public key of the merchant's account, and platform certificates.

Both kinds may be live at once while a merchant moves from one to the other, and so may an old and a new certificate.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from merx.payments.providers.wechat.signing import SCHEME, is_signed, signed_text, unseal

FRESH: Final = timedelta(hours=12)
"""How old the list of certificates may grow, as WeChat Pay asks."""
RETRY: Final = timedelta(minutes=1)
"""The least time between two downloads: unknown serials, which anybody can send, cause no more."""
_MAX_SKEW_SECONDS: Final = 300


class SignedHead(msgspec.Struct, frozen=True, kw_only=True):
    """The signature headers of an answer or a notice."""

    timestamp: str
    nonce: str
    serial: str
    signature: str
    scheme: str


class Untrusted(Exception):
    """A text that WeChat Pay did not sign, or not now. `unknown_serial`: newer certificates may tell."""

    def __init__(self, reason: str, *, unknown_serial: bool = False) -> None:
        super().__init__(reason)
        self.unknown_serial = unknown_serial


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A platform certificate's public key and the time it is good for."""

    key: rsa.RSAPublicKey
    not_before: datetime
    not_after: datetime


class VerificationKeys:
    """The keys in force. `public_key_id` and `public_key` are those of public-key mode, None in certificate mode."""

    def __init__(self, *, public_key_id: str | None, public_key: rsa.RSAPublicKey | None) -> None:
        self._public_key_id = public_key_id
        self._public_key = public_key
        self._certificates: dict[str, Certificate] = {}
        self._refreshed_at: datetime | None = None
        self._tried_at: datetime | None = None

    @property
    def public_key_id(self) -> str | None:
        """The id of the account's public key, named in requests so that answers are signed with it."""
        return self._public_key_id

    def stale(self, now: datetime) -> bool:
        """Whether calls need the certificates downloaded first; never in public-key mode."""
        if self._public_key is not None:
            return False
        return self._refreshed_at is None or now - self._refreshed_at >= FRESH

    def may_refresh(self, now: datetime) -> bool:
        """Whether a download may be tried now. Says yes once a minute."""
        if self._tried_at is not None and now - self._tried_at < RETRY:
            return False
        self._tried_at = now
        return True

    def replace_certificates(self, certificates: Mapping[str, Certificate], now: datetime) -> None:
        """Take over a downloaded list; certificates no longer on it are forgotten."""
        self._certificates = dict(certificates)
        self._refreshed_at = now

    def verify(self, head: SignedHead, body: bytes, now: datetime) -> None:
        """Check that WeChat Pay signed `body` within five minutes of `now`. Raises Untrusted."""
        verify_with(head, body, self._key(head.serial, now), now)

    def _key(self, serial: str, now: datetime) -> rsa.RSAPublicKey:
        if self._public_key is not None and serial == self._public_key_id:
            return self._public_key
        certificate = self._certificates.get(serial.upper())
        if certificate is None:
            raise Untrusted("signed with an unknown key", unknown_serial=True)
        if not certificate.not_before <= now <= certificate.not_after:
            raise Untrusted("signed with a certificate that is not in force")
        return certificate.key


def read_head(headers: Mapping[str, str]) -> SignedHead:
    """The signature headers, names in any case; missing ones are empty and fail verification."""
    lower = {name.lower(): value for name, value in headers.items()}
    return SignedHead(
        timestamp=lower.get("wechatpay-timestamp", ""),
        nonce=lower.get("wechatpay-nonce", ""),
        serial=lower.get("wechatpay-serial", ""),
        signature=lower.get("wechatpay-signature", ""),
        scheme=lower.get("wechatpay-signature-type", SCHEME),
    )


def verify_with(head: SignedHead, body: bytes, key: rsa.RSAPublicKey, now: datetime) -> None:
    """Check a signature made within five minutes of `now` by the holder of `key`. Raises Untrusted."""
    if head.scheme != SCHEME:
        raise Untrusted("signed by another scheme")
    if not (head.timestamp.isascii() and head.timestamp.isdigit() and len(head.timestamp) <= 12):
        raise Untrusted("the time is missing")
    if abs(int(head.timestamp) - now.timestamp()) > _MAX_SKEW_SECONDS:
        raise Untrusted("the time is too far from ours")
    if not is_signed(signed_text(head.timestamp, head.nonce, body), head.signature, key):
        raise Untrusted("the signature is not valid")


def read_certificates(
    head: SignedHead, body: bytes, *, keys: VerificationKeys, secret: bytes, now: datetime
) -> dict[str, Certificate]:
    """Verify and read the answer of `/v3/certificates`, by serial.

    Only who knows our API v3 secret can seal a certificate, so an answer that no key of `keys` signed may be verified
    with one it carries itself. Raises Untrusted.
    """
    try:
        certificates = dict(_unsealed(entry, secret) for entry in json.loads(body)["data"])
    except (KeyError, TypeError, ValueError, RecursionError) as problem:
        raise Untrusted("the certificates cannot be read") from problem
    signer = certificates.get(head.serial.upper())
    if signer is None:
        keys.verify(head, body, now)
    else:
        verify_with(head, body, signer.key, now)
    return certificates


def _unsealed(entry: Mapping[str, Mapping[str, str] | str], secret: bytes) -> tuple[str, Certificate]:
    sealed = entry["encrypt_certificate"]
    serial = entry["serial_no"]
    if not isinstance(sealed, Mapping) or not isinstance(serial, str):
        raise TypeError("a certificate has the wrong form")
    pem = unseal(
        secret=secret,
        nonce=sealed["nonce"],
        associated_data=sealed["associated_data"],
        ciphertext=sealed["ciphertext"],
    )
    certificate = x509.load_pem_x509_certificate(pem)
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or certificate.serial_number != int(serial, 16):
        raise ValueError("a certificate is not the one it is said to be")
    return serial.upper(), Certificate(
        key=key, not_before=certificate.not_valid_before_utc, not_after=certificate.not_valid_after_utc
    )
