"""WECHATPAY2-SHA256-RSA2048: the texts that are signed, the signatures, and AES-256-GCM of resources. Pure."""

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
PROBE: Final = "WECHATPAY/SIGNTEST/"
"""How the signature of a deliberate probe begins: WeChat Pay watches that it is refused."""
SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def load_private_key(pem: str) -> rsa.RSAPrivateKey:
    """Read a PEM private key. Raises ValueError when it is not an RSA key."""
    key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the WeChat Pay merchant key must be an RSA private key")  # noqa: TRY004 - a wrong value
    return key


def load_public_key(pem: str) -> rsa.RSAPublicKey:
    """Read a PEM public key. Raises ValueError when it is not an RSA key."""
    key = serialization.load_pem_public_key(pem.encode("ascii"))
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("the WeChat Pay public key must be an RSA public key")  # noqa: TRY004 - a wrong value
    return key


def signed_text(*parts: bytes | str) -> bytes:
    """The parts of a message, each ended by a line feed: what both sides sign."""
    return b"".join((part.encode("utf-8") if isinstance(part, str) else part) + b"\n" for part in parts)


def sign(text: bytes, key: rsa.RSAPrivateKey) -> str:
    """The base64 signature of a text."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode("ascii")


def is_signed(text: bytes, signature: str, key: rsa.RSAPublicKey) -> bool:
    """Whether the holder of `key` made this signature over this text; a probe never is one."""
    if signature.startswith(PROBE):
        return False
    try:
        key.verify(base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def unseal(*, secret: bytes, nonce: str, associated_data: str, ciphertext: str) -> bytes:
    """The plain text of an AEAD_AES_256_GCM resource. Raises ValueError when it was not sealed with our secret."""
    raw_nonce = nonce.encode("utf-8")
    if len(raw_nonce) != _NONCE_BYTES:
        raise ValueError("the nonce has the wrong length")
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
        return AESGCM(secret).decrypt(raw_nonce, sealed, associated_data.encode("utf-8"))
    except InvalidTag:
        raise ValueError("not sealed with our secret") from None
