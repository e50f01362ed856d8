"""The page that waits for a payment: a code no phone can scan has a way to be opened."""

from pathlib import Path

from merx.configuration import load_settings
from merx.storefront.core.paying import wallet_address


def test_a_code_opens_in_the_simulated_wallet_and_only_there(tmp_path: Path) -> None:
    simulated = load_settings({"MERX_HOME": str(tmp_path), "MERX_SIMULATORS": "true"})
    native = "weixin://wxpay/bizpayurl?pr=abc"
    assert wallet_address(simulated, native) == (
        "http://localhost:8092/cashier?code_url=weixin%3A%2F%2Fwxpay%2Fbizpayurl%3Fpr%3Dabc"
    )
    assert wallet_address(simulated, "http://localhost:8090/qr/1") == "http://localhost:8090/qr/1"
    real = load_settings({"MERX_HOME": str(tmp_path)})
    assert wallet_address(real, native) is None
