"""The provider's wire format, pure: signed texts, sealed resources, certificates, times.

Deliberately shares no code with Merx's own adapter: each is a check on the other.
"""

import base64
import binascii
import json
import re
import secrets
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

CHINA = timezone(timedelta(hours=8))
SCHEME = "WECHATPAY2-SHA256-RSA2048"
_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"', re.ASCII)
_CERTIFICATE_LIFE = timedelta(days=5 * 365)


@lru_cache(maxsize=16)
def load_private(pem: str) -> rsa.RSAPrivateKey:
    """Read a PEM private key, once: checking its primes takes long. TypeError when it is not RSA."""
    key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA private key is needed")
    return key


def load_public(pem: str) -> rsa.RSAPublicKey:
    """Read a PEM public key; TypeError when it is not RSA."""
    key = serialization.load_pem_public_key(pem.encode("ascii"))
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("an RSA public key is needed")
    return key


def read_authorization(header: str) -> dict[str, str] | None:
    """The parameters of an Authorization header of this scheme; None when it is of another or incomplete."""
    scheme, _, rest = header.partition(" ")
    parameters = dict(_PARAMETER.findall(rest))
    needed = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}
    return parameters if scheme == SCHEME and needed <= parameters.keys() else None


def request_text(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """What a merchant signs: five lines, the body as it is sent."""
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def answer_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    """What the provider signs: three lines."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def sign(text: bytes, key: rsa.RSAPrivateKey) -> str:
    """SHA256withRSA (PKCS#1 v1.5), base64."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode("ascii")


def verifies(text: bytes, signature: str, key: rsa.RSAPublicKey) -> bool:
    """Whether `signature` (base64) was made over `text` by the holder of the key."""
    try:
        key.verify(base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def seal(plain: str, *, secret: str, associated_data: str) -> dict[str, str]:
    """The members of an AEAD_AES_256_GCM resource."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(secret.encode("ascii")).encrypt(nonce.encode(), plain.encode(), associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": associated_data,
        "ciphertext": base64.b64encode(sealed).decode("ascii"),
    }


def certificate(key: rsa.RSAPrivateKey, *, since: datetime) -> tuple[str, str]:
    """A self-signed certificate for a platform key: its serial as 40 capital hex digits, and its PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "WeChat Pay simulator")])
    # 40 digits without a leading zero: some clients format the number themselves.
    serial = (1 << 158) | secrets.randbits(158)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(since)
        .not_valid_after(since + _CERTIFICATE_LIFE)
        .sign(key, hashes.SHA256())
    )
    return f"{serial:040X}", made.public_bytes(serialization.Encoding.PEM).decode("ascii")


def validity(pem: str) -> tuple[datetime, datetime]:
    """From when to when a certificate is good."""
    made = x509.load_pem_x509_certificate(pem.encode("ascii"))
    return made.not_valid_before_utc, made.not_valid_after_utc


def random_text(size: int) -> str:
    """Twice `size` random characters."""
    return secrets.token_hex(size)


def compact_json(value: Any) -> str:
    """JSON without optional spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def rfc3339(instant: datetime) -> str:
    """A time in GMT+8, to the second."""
    return instant.astimezone(CHINA).replace(microsecond=0).isoformat()


def from_rfc3339(text: object) -> datetime | None:
    """The instant of an RFC 3339 text; None when it is not one."""
    if not isinstance(text, str):
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant.astimezone(UTC)


def china_time(instant: datetime) -> str:
    """`yyyy-MM-dd HH:mm:ss` in GMT+8."""
    return instant.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
