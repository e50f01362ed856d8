"""RSA key pairs of the simulated merchant and of the simulated providers, made once and kept on disk."""

import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

#: The merchant known to a simulator that `serve_simulators` starts; the demo settings use the same values.
SIMULATED_APP_ID = "9021000100000001"
SIMULATED_SELLER_ID = "2088000100000002"
SIMULATED_CARD_SECRET_KEY = "sk_test_simulated0card0account"  # noqa: S105 - opens nothing but the simulator
SIMULATED_CARD_WEBHOOK_SECRET = "whsec_simulated0card0account"  # noqa: S105
SIMULATED_WECHAT_APP_ID = "wx0000000000000001"
SIMULATED_WECHAT_MCH_ID = "1900000001"
SIMULATED_WECHAT_CERT_SERIAL = "5157F09EFDC096DE15EBE81A47057A7200000001"
SIMULATED_WECHAT_API_V3_KEY = "simulated-wechat-pay-api-v3-key1"
SIMULATED_WECHAT_PUBLIC_KEY_ID = "PUB_KEY_ID_0119000000012026010100000001"

_KEY_BITS = 2048


class SimulatorKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Where the PEM files are. Merx needs the merchant's private and the providers' public ones."""

    merchant_private_pem_path: Path
    merchant_public_pem_path: Path
    alipay_private_pem_path: Path
    alipay_public_pem_path: Path
    wechat_merchant_private_pem_path: Path
    wechat_merchant_public_pem_path: Path
    wechat_private_pem_path: Path
    wechat_public_pem_path: Path


class KeyPair(msgspec.Struct, frozen=True):
    """A PKCS#8 private key and its SubjectPublicKeyInfo public key, both PEM text."""

    private_pem: str
    public_pem: str


def new_key_pair() -> KeyPair:
    """Make a 2048-bit RSA pair, the size the provider asks of merchants."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return KeyPair(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode("ascii"),
        _public_pem(key),
    )


def ensure_keys(state_dir: Path) -> SimulatorKeys:
    """Return the paths of the key pairs under `state_dir/keys`, making them (mode 0600) on the first call.

    A public file that is missing or no longer fits its private file is written again from the private one.
    """
    folder = state_dir / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    merchant = _ensure_pair(folder, "merchant")
    alipay = _ensure_pair(folder, "alipay")
    wechat_merchant = _ensure_pair(folder, "wechat_merchant")
    wechat = _ensure_pair(folder, "wechat")
    return SimulatorKeys(
        merchant_private_pem_path=merchant[0],
        merchant_public_pem_path=merchant[1],
        alipay_private_pem_path=alipay[0],
        alipay_public_pem_path=alipay[1],
        wechat_merchant_private_pem_path=wechat_merchant[0],
        wechat_merchant_public_pem_path=wechat_merchant[1],
        wechat_private_pem_path=wechat[0],
        wechat_public_pem_path=wechat[1],
    )


def _ensure_pair(folder: Path, name: str) -> tuple[Path, Path]:
    private_path, public_path = folder / f"{name}_private.pem", folder / f"{name}_public.pem"
    if not private_path.exists():
        _write_private(private_path, new_key_pair().private_pem)
    key = serialization.load_pem_private_key(private_path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{private_path} does not hold an RSA private key; remove it to have a new one made")
    public_pem = _public_pem(key)
    if not public_path.exists() or public_path.read_text("ascii") != public_pem:
        _write_private(public_path, public_pem)
    return private_path, public_path


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode("ascii")
    )


def _write_private(path: Path, text: str) -> None:
    # Written beside and renamed: a process that is killed here leaves no half key behind. The name carries the
    # process id, so two processes starting at once do not write into one file.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    try:
        # link() refuses to replace: of two processes that make the same private key, both keep the first one.
        if path.name.endswith("_private.pem"):
            os.link(draft, path)
        else:
            draft.replace(path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
