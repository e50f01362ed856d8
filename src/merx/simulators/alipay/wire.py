"""The provider's wire format, pure: canonical strings, RSA2 signatures, amounts, times, compact signed JSON.

Deliberately shares no code with Merx's own adapter: each is a check on the other.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CHINA = timezone(timedelta(hours=8))
_AMOUNT = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?", re.ASCII)
_RELATIVE = re.compile(r"([1-9][0-9]{0,5})([mhd])|(1c)", re.ASCII)
_MAX_FEN = 100_000_000 * 100


def load_private(pem: str) -> rsa.RSAPrivateKey:
    """Read a PEM private key; TypeError when it is not RSA."""
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


def request_text(parameters: Mapping[str, str]) -> str:
    """What a merchant signs: everything but `sign` and empty values, `sign_type` included, sorted, not encoded."""
    return "&".join(
        f"{key}={parameters[key]}" for key in sorted(parameters) if key != "sign" and parameters[key]
    )


def notice_text(parameters: Mapping[str, str]) -> str:
    """What the provider signs in notices and returns: everything but `sign` and `sign_type`."""
    left_out = {"sign", "sign_type"}
    return "&".join(f"{key}={parameters[key]}" for key in sorted(parameters) if key not in left_out)


def sign(text: str, key: rsa.RSAPrivateKey) -> str:
    """SHA256withRSA (PKCS#1 v1.5) over the UTF-8 bytes, base64."""
    signature = key.sign(text.encode("utf-8"), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode("ascii")


def verifies(text: str, signature: str, key: rsa.RSAPublicKey) -> bool:
    """Whether `signature` (base64) was made over `text` by the holder of the key."""
    try:
        key.verify(
            base64.b64decode(signature, validate=True),
            text.encode("utf-8"),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def compact_json(value: object) -> str:
    """JSON without a single optional space: clients look for the exact substring `"..._response":{`."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def signed_document(
    node: str, body: Mapping[str, object], key: rsa.RSAPrivateKey | None, cert_sn: str | None = None
) -> str:
    """`{"<node>":{...},"sign":"..."}`, the signature over the exact text of the node; None leaves it out.

    In certificate mode `cert_sn` names the certificate of the key.
    """
    text = compact_json(body)
    if key is None:
        return f'{{"{node}":{text}}}'
    named = "" if cert_sn is None else f'"alipay_cert_sn":"{cert_sn}",'
    return f'{{"{node}":{text},{named}"sign":"{sign(text, key)}"}}'


def fen_of(text: object) -> int | None:
    """Yuan text (or the JSON number some clients send) to fen; None when it is not within 0.01 to 100000000."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        text = repr(text)
    if not isinstance(text, str) or (found := _AMOUNT.fullmatch(text)) is None:
        return None
    fen = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0") or 0)
    return fen if 1 <= fen <= _MAX_FEN else None


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals."""
    return f"{fen // 100}.{fen % 100:02d}"


def china_time(instant: datetime) -> str:
    """`yyyy-MM-dd HH:mm:ss` in GMT+8."""
    return instant.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def from_china_time(text: str) -> datetime | None:
    """The instant of a GMT+8 `yyyy-MM-dd HH:mm:ss` text (seconds optional); None when it is not one."""
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=CHINA).astimezone(UTC)
        except ValueError:
            continue
    return None


def relative_deadline(text: str, now: datetime) -> datetime | None:
    """The end of a `timeout_express` such as `90m`, `2h`, `15d`, `1c` (end of the day in China)."""
    found = _RELATIVE.fullmatch(text)
    if found is None:
        return None
    if found[3]:
        local = now.astimezone(CHINA)
        return (local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)).astimezone(UTC)
    units = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
    length = int(found[1]) * units[found[2]]
    return now + length if length <= timedelta(days=15) else None
