"""What a process opens, built from its settings."""

from pathlib import Path

from merx.app import edge_rules
from merx.infra.settings import load_settings
from merx.payments.providers import payment_providers
from merx.simulators import ensure_keys
from merx.simulators.alipay import ensure_certificates


def alipay_codes(home: Path, **variables: str) -> list[str]:
    settings = load_settings({"MERX_HOME": str(home), "MERX_SIMULATORS": "true", **variables})
    return [provider.code for provider in payment_providers(settings) if provider.code.startswith("alipay")]


def test_alipay_is_offered_as_a_cashier_and_in_the_demo_as_a_code(tmp_path: Path) -> None:
    ensure_keys(tmp_path / "simulators")
    assert alipay_codes(tmp_path) == ["alipay", "alipay_qr"]
    assert alipay_codes(tmp_path, MERX_ALIPAY_QR="false") == ["alipay"]
    assert load_settings({"MERX_HOME": str(tmp_path)}).alipay_qr is False


def test_alipay_is_built_from_certificates_alone(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path / "simulators")
    folder = keys.alipay_public_pem_path.parent
    ensure_certificates(
        folder,
        merchant_public_pem=keys.merchant_public_pem_path.read_text(),
        alipay_public_pem=keys.alipay_public_pem_path.read_text(),
    )
    keys.alipay_public_pem_path.unlink()
    codes = alipay_codes(
        tmp_path,
        MERX_ALIPAY_APP_CERT_FILE=str(folder / "merchant_cert.pem"),
        MERX_ALIPAY_CERT_FILE=str(folder / "alipay_cert.pem"),
        MERX_ALIPAY_ROOT_CERT_FILE=str(folder / "alipay_root_cert.pem"),
    )
    assert codes == ["alipay", "alipay_qr"]


def test_cards_are_offered_with_a_key_and_their_pages_may_be_gone_to(tmp_path: Path) -> None:
    keys = {"MERX_CARD_SECRET_KEY": "rk_live_x", "MERX_CARD_WEBHOOK_SECRETS": "whsec_x"}
    live = load_settings({"MERX_HOME": str(tmp_path), **keys})
    (card,) = payment_providers(live)
    assert (card.code, card.currencies) == ("card", frozenset({"CNY", "USD"}))
    assert edge_rules(live).form_targets == ("https://checkout.stripe.com",)
    without = load_settings({"MERX_HOME": str(tmp_path)})
    assert [provider.code for provider in payment_providers(without)] == []
    simulated = load_settings({"MERX_HOME": str(tmp_path), "MERX_SIMULATORS": "true"})
    assert "http://localhost:8093" in edge_rules(simulated).form_targets
