"""RSA2: the texts that are signed, and SHA256withRSA (PKCS#1 v1.5, base64) over them. Pure."""

import base64
import binascii
from collections.abc import Mapping

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SIGN_TYPE = "RSA2"


class AlipayKeys(msgspec.Struct, frozen=True):
    """The keys Alipay may sign with: `single` in public-key mode, in certificate mode one per certificate number."""

    single: rsa.RSAPublicKey | None = None
    by_cert_sn: dict[str, rsa.RSAPublicKey] = {}

    def of(self, cert_sn: str | None) -> rsa.RSAPublicKey | None:
        """The key of an answer that names this certificate (None: no certificate), if it is one of these."""
        return self.single or self.by_cert_sn.get(cert_sn or "")

    def verify(self, text: str, signature: str) -> bool:
        """Whether Alipay made this signature over a text that names no certificate, such as a notice."""
        keys = [self.single] if self.single else self.by_cert_sn.values()
        return any(is_signed(text, signature, key) for key in keys)


def load_private_key(pem: str) -> rsa.RSAPrivateKey:
    """Read a PEM private key (PKCS#1 or PKCS#8). Raises ValueError when it is not an RSA key."""
    key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the Alipay application key must be an RSA private key")  # noqa: TRY004 - a wrong value
    return key


def load_public_key(pem: str) -> rsa.RSAPublicKey:
    """Read a PEM public key. Raises ValueError when it is not an RSA key."""
    key = serialization.load_pem_public_key(pem.encode("ascii"))
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("the Alipay public key must be an RSA public key")  # noqa: TRY004 - a wrong value
    return key


def request_text(parameters: Mapping[str, str]) -> str:
    """What we sign: all parameters but `sign` and empty ones, sorted by name, values as they are.

    `sign_type` belongs to the text here, unlike in notices.
    """
    return "&".join(
        f"{name}={value}" for name, value in sorted(parameters.items()) if name != "sign" and value
    )


def notice_text(parameters: Mapping[str, str]) -> str:
    """What the provider signs in a notice and in the browser's return: all but `sign` and `sign_type`."""
    return "&".join(
        f"{name}={value}" for name, value in sorted(parameters.items()) if name not in ("sign", "sign_type")
    )


def sign(text: str, key: rsa.RSAPrivateKey) -> str:
    """The signature of a text in UTF-8."""
    signature = key.sign(text.encode("utf-8"), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode("ascii")


def is_signed(text: str, signature: str, key: rsa.RSAPublicKey) -> bool:
    """Whether the holder of `key` made this signature over this text."""
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, text.encode("utf-8"), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        # ValueError: characters outside ASCII in the base64, or a lone surrogate in the text.
        return False
    return True
