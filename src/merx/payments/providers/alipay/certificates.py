"""Certificate mode: our certificate and Alipay's root named in every call, Alipay's key taken from its certificate.

Pure: texts in PEM in, numbers and keys out.
"""

import hashlib
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_END: Final = "-----END CERTIFICATE-----"
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_RSA_SIGNATURES: Final = "1.2.840.113549.1.1."


class AlipayCertificates(msgspec.Struct, frozen=True, kw_only=True):
    """The three certificate files of an application, as PEM text.

    `alipay_cert_pem` may hold several: around a renewal, the old one and the new one are both believed.
    """

    app_cert_pem: str
    alipay_cert_pem: str
    root_cert_pem: str


class CertificateMode(msgspec.Struct, frozen=True, kw_only=True):
    """What certificate mode needs: two numbers for each call, and Alipay's keys by the number of their certificate."""

    app_cert_sn: str
    root_cert_sn: str
    alipay_keys: dict[str, rsa.RSAPublicKey]


def read_certificates(files: AlipayCertificates, private_key: rsa.RSAPrivateKey) -> CertificateMode:
    """Read the certificates of an application whose private key is `private_key`.

    Raises ValueError when one cannot be read, has no RSA key, or is not the private key's.
    """
    app = _certificates(files.app_cert_pem)
    if not app:
        raise ValueError("the Alipay application certificate holds no certificate in PEM")
    if _public_bytes(_key(app[0])) != _public_bytes(private_key.public_key()):
        raise ValueError("the Alipay application certificate belongs to another private key")
    alipay = {
        cert_sn(each): _key(each) for each in _certificates(files.alipay_cert_pem) if not _is_authority(each)
    }
    if not alipay:
        raise ValueError("the Alipay certificate holds no certificate in PEM")
    # Alipay's root file mixes algorithms; only the roots that sign with RSA are named in an RSA2 call.
    roots = [
        cert_sn(each)
        for each in _certificates(files.root_cert_pem)
        if each.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNATURES)
    ]
    if not roots:
        raise ValueError("the Alipay root certificate holds no RSA certificate in PEM")
    return CertificateMode(app_cert_sn=cert_sn(app[0]), root_cert_sn="_".join(roots), alipay_keys=alipay)


def cert_sn(certificate: x509.Certificate) -> str:
    """The number by which Alipay names a certificate: MD5 over its issuer's name and its decimal serial number."""
    text = certificate.issuer.rfc4514_string() + str(certificate.serial_number)
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest()


def _certificates(pem: str) -> list[x509.Certificate]:
    blocks = [_BEGIN + part.partition(_END)[0] + _END + "\n" for part in pem.split(_BEGIN)[1:]]
    return [x509.load_pem_x509_certificate(block.encode("ascii")) for block in blocks]


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _key(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("an Alipay certificate must hold an RSA key")  # noqa: TRY004 - a wrong value
    return key


def _public_bytes(key: rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
