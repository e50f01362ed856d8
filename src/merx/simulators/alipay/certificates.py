"""Certificate mode: the certificates of the simulated Alipay and its merchant, and the numbers that name them.

Deliberately shares no code with Merx's own adapter: each is a check on the other.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

_YEARS = timedelta(days=20 * 365)
_FILES = {
    "app_pem": "merchant_cert.pem",
    "alipay_pem": "alipay_cert.pem",
    "root_pem": "alipay_root_cert.pem",
}


class Certificates(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant in certificate mode has on its disk: its certificate, Alipay's, and Alipay's roots, as PEM."""

    app_pem: str
    alipay_pem: str
    root_pem: str


class CertificateNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of these certificates, as calls and answers carry them."""

    app: str
    alipay: str
    root: str


def new_certificates(*, merchant_public_pem: str, alipay_public_pem: str, now: datetime) -> Certificates:
    """Make a root and certify both keys with it. The root file also holds one that does not sign with RSA."""
    root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other_key = ec.generate_private_key(ec.SECP256R1())
    root_name = _name("Simulated Certification Authority R1", "Certification Authority")
    other_name = _name("Simulated Certification Authority E1", "Certification Authority")
    root = _certificate(root_name, root_name, root_key.public_key(), root_key, now, authority=True)
    other = _certificate(other_name, other_name, other_key.public_key(), other_key, now, authority=True)
    app, alipay = (
        _certificate(_name(title, "Merx simulators"), root_name, _public(pem), root_key, now, authority=False)
        for title, pem in (
            ("Simulated merchant", merchant_public_pem),
            ("Simulated Alipay", alipay_public_pem),
        )
    )
    # As in Alipay's own file, an empty line stands between two roots.
    return Certificates(app_pem=_pem(app), alipay_pem=_pem(alipay), root_pem=f"{_pem(other)}\n{_pem(root)}")


def ensure_certificates(folder: Path, *, merchant_public_pem: str, alipay_public_pem: str) -> Certificates:
    """The certificates of these keys kept in `folder`; made again when one is missing or is another key's."""
    paths = {field: folder / name for field, name in _FILES.items()}
    if all(path.exists() for path in paths.values()):
        kept = Certificates(**{field: path.read_text("ascii") for field, path in paths.items()})
        pairs = ((kept.app_pem, merchant_public_pem), (kept.alipay_pem, alipay_public_pem))
        if all(_load(pem).public_key() == _public(public) for pem, public in pairs):
            return kept
    made = new_certificates(
        merchant_public_pem=merchant_public_pem, alipay_public_pem=alipay_public_pem, now=datetime.now(UTC)
    )
    for field, path in paths.items():
        path.write_text(getattr(made, field), "ascii")
    return made


def numbers(certificates: Certificates) -> CertificateNumbers:
    """Name each certificate; of the roots only those that sign with RSA, joined by an underscore."""
    roots = x509.load_pem_x509_certificates(certificates.root_pem.encode("ascii"))
    with_rsa = [
        root for root in roots if root.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA256
    ]
    return CertificateNumbers(
        app=_number(_load(certificates.app_pem)),
        alipay=_number(_load(certificates.alipay_pem)),
        root="_".join(_number(root) for root in with_rsa),
    )


def _number(certificate: x509.Certificate) -> str:
    fields = {each.oid: str(each.value) for each in certificate.issuer}
    names = (
        ("CN", NameOID.COMMON_NAME),
        ("OU", NameOID.ORGANIZATIONAL_UNIT_NAME),
        ("O", NameOID.ORGANIZATION_NAME),
    )
    issuer = ",".join(f"{short}={fields[oid]}" for short, oid in (*names, ("C", NameOID.COUNTRY_NAME)))
    text = f"{issuer}{certificate.serial_number}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _name(title: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Merx"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, title),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    signer: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    now: datetime,
    *,
    authority: bool,
) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + _YEARS,
    )
    return builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True).sign(
        signer, hashes.SHA256()
    )


def _load(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode("ascii"))


def _public(pem: str) -> rsa.RSAPublicKey:
    key = serialization.load_pem_public_key(pem.encode("ascii"))
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("an RSA public key is needed")
    return key


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
