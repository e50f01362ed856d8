"""Settings of the payment providers: the simulators' values, and which settings belong together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

SIMULATED_ALIPAY_APP_ID = "9021000100000001"  # the merchant that merx.simulators knows
SIMULATED_ALIPAY_SELLER_ID = "2088000100000002"
SIMULATED_CARD_SECRET_KEY = "sk_test_simulated0card0account"  # noqa: S105 - opens nothing but the simulator
SIMULATED_CARD_WEBHOOK_SECRET = "whsec_simulated0card0account"  # noqa: S105
SIMULATED_WECHAT: Final = {
    "wechat_app_id": "wx0000000000000001",
    "wechat_mch_id": "1900000001",
    "wechat_cert_serial": "5157F09EFDC096DE15EBE81A47057A7200000001",
    "wechat_api_v3_key": "simulated-wechat-pay-api-v3-key1",
    "wechat_public_key_id": "PUB_KEY_ID_0119000000012026010100000001",
}
_ALIPAY: Final = ("alipay_gateway_url", "alipay_app_id", "alipay_seller_id", "alipay_private_key_file")
_ALIPAY_CERTIFICATES: Final = ("alipay_app_cert_file", "alipay_cert_file", "alipay_root_cert_file")
_WECHAT: Final = (
    "wechat_app_id",
    "wechat_mch_id",
    "wechat_private_key_file",
    "wechat_cert_serial",
    "wechat_api_v3_key",
)
_WECHAT_PUBLIC_KEY: Final = ("wechat_public_key_id", "wechat_public_key_file")
SIMULATED_OFFLINE: Final = {
    "bank_transfer_holder": "Merx Demo Ltd",
    "bank_transfer_bank": "Example Bank (pay nothing)",
    "bank_transfer_account": "0000 0000 0000 0000",
    "cash_on_delivery_countries": ("CN", "US"),
}
_BANK_TRANSFER: Final = ("bank_transfer_holder", "bank_transfer_bank", "bank_transfer_account")
_CARD: Final = ("card_secret_key", "card_webhook_secrets")


def simulated_payments(values: Mapping[str, object], keys: Path) -> dict[str, object]:
    """What the providers' settings are, where none is given, when the simulators are used; `keys` is their folder."""
    found: dict[str, object] = {
        "alipay_gateway_url": f"http://localhost:{values['simulator_alipay_port']}/gateway.do",
        "alipay_app_id": SIMULATED_ALIPAY_APP_ID,
        "alipay_seller_id": SIMULATED_ALIPAY_SELLER_ID,
        "alipay_private_key_file": keys / "merchant_private.pem",
        "wechat_base_url": f"http://localhost:{values['simulator_wechat_port']}",
        **SIMULATED_WECHAT,
        "wechat_private_key_file": keys / "wechat_merchant_private.pem",
        "wechat_public_key_file": keys / "wechat_public.pem",
        "card_base_url": f"http://localhost:{values['simulator_card_port']}",
        "card_secret_key": SIMULATED_CARD_SECRET_KEY,
        "card_webhook_secrets": (SIMULATED_CARD_WEBHOOK_SECRET,),
        **SIMULATED_OFFLINE,
    }
    if not any(values[name] for name in _ALIPAY_CERTIFICATES):
        found["alipay_public_key_file"] = keys / "alipay_public.pem"
    return found


def payment_contradiction(values: Mapping[str, object]) -> str | None:
    """What is wrong with the providers' settings taken together, None when nothing is."""
    alipay: tuple[str, ...] = (*_ALIPAY, "alipay_public_key_file")
    if any(values[name] is not None for name in _ALIPAY_CERTIFICATES):
        if values["alipay_public_key_file"] is not None:
            return (
                f"MERX_ALIPAY_PUBLIC_KEY_FILE: {values['alipay_public_key_file']} was given, and certificates, too. "
                "Leave out one of them."
            )
        alipay = (*_ALIPAY, *_ALIPAY_CERTIFICATES)
    for who, names in (
        ("Alipay needs", alipay),
        ("WeChat Pay needs", _WECHAT),
        ("A public key of WeChat Pay needs", _WECHAT_PUBLIC_KEY),
        ("Cards need", _CARD),
        ("Bank transfer needs", _BANK_TRANSFER),
    ):
        missing = [_variable(name) for name in names if values[name] is None]
        if missing and len(missing) < len(names):
            return (
                f"{missing[0]}: nothing was given. {who} {', '.join(map(_variable, names))} together, "
                "or none of them."
            )
    secret = values["wechat_api_v3_key"]
    if isinstance(secret, str) and not (len(secret) == 32 and secret.isascii()):
        return "MERX_WECHAT_API_V3_KEY: ******** was given. Write the 32 characters set at WeChat Pay."
    return None


def _variable(name: str) -> str:
    return f"MERX_{name.upper()}"
