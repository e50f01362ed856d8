"""What the providers are set by: what belongs together, and what the simulators bring."""

from pathlib import Path

import pytest

from merx.configuration import load_settings
from merx.infra.settings import Settings, SettingsError
from merx.notifications import MailSettings
from merx.payments.providers.alipay import AlipaySettings
from merx.payments.providers.card import CardSettings
from merx.payments.providers.wechat import WechatSettings
from merx.simulators import (
    SIMULATED_APP_ID,
    SIMULATED_CARD_SECRET_KEY,
    SIMULATED_CARD_WEBHOOK_SECRET,
    SIMULATED_SELLER_ID,
    SIMULATED_WECHAT_API_V3_KEY,
    SIMULATED_WECHAT_APP_ID,
    SIMULATED_WECHAT_CERT_SERIAL,
    SIMULATED_WECHAT_MCH_ID,
    SIMULATED_WECHAT_PUBLIC_KEY_ID,
    ensure_keys,
)


def load(home: Path, **given: str) -> Settings:
    return load_settings({"MERX_HOME": str(home), **given})


def refusal(home: Path, **given: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(home, **given)
    return str(refused.value)


def test_half_of_an_alipay_configuration_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, MERX_ALIPAY_GATEWAY_URL="https://gateway.example/gateway.do")
    assert message.startswith("MERX_ALIPAY_APP_ID: nothing was given.")


ALIPAY = {
    "MERX_ALIPAY_GATEWAY_URL": "https://gateway.example/gateway.do",
    "MERX_ALIPAY_APP_ID": "9021",
    "MERX_ALIPAY_SELLER_ID": "2088",
    "MERX_ALIPAY_PRIVATE_KEY_FILE": "/keys/private.pem",
}


CERTIFICATES = {
    "MERX_ALIPAY_APP_CERT_FILE": "/keys/app.pem",
    "MERX_ALIPAY_CERT_FILE": "/keys/alipay.pem",
    "MERX_ALIPAY_ROOT_CERT_FILE": "/keys/root.pem",
}


def test_alipay_runs_with_its_public_key_or_with_three_certificates(tmp_path: Path) -> None:
    keyed = load(tmp_path, **ALIPAY, MERX_ALIPAY_PUBLIC_KEY_FILE="/keys/public.pem")
    assert (keyed.of(AlipaySettings).alipay_public_key_file, keyed.of(AlipaySettings).alipay_cert_file) == (
        Path("/keys/public.pem"),
        None,
    )
    certified = load(tmp_path, **ALIPAY, **CERTIFICATES, MERX_ALIPAY_QR="true")
    assert (
        certified.of(AlipaySettings).alipay_public_key_file,
        certified.of(AlipaySettings).alipay_cert_file,
        certified.of(AlipaySettings).alipay_qr,
    ) == (
        None,
        Path("/keys/alipay.pem"),
        True,
    )
    simulated = load(tmp_path, **CERTIFICATES, MERX_SIMULATORS="true")
    assert (
        simulated.of(AlipaySettings).alipay_public_key_file,
        simulated.of(AlipaySettings).alipay_app_cert_file,
    ) == (None, Path("/keys/app.pem"))


def test_alipay_without_a_key_with_two_certificates_or_with_both_modes_is_refused(tmp_path: Path) -> None:
    two = {name: path for name, path in CERTIFICATES.items() if "ROOT" not in name}
    both = {**ALIPAY, **CERTIFICATES, "MERX_ALIPAY_PUBLIC_KEY_FILE": "/keys/public.pem"}
    assert refusal(tmp_path, **ALIPAY).startswith("MERX_ALIPAY_PUBLIC_KEY_FILE: nothing was given.")
    assert refusal(tmp_path, **ALIPAY, **two).startswith("MERX_ALIPAY_ROOT_CERT_FILE: nothing was given.")
    assert refusal(tmp_path, **both).startswith("MERX_ALIPAY_PUBLIC_KEY_FILE: /keys/public.pem was given")


@pytest.mark.parametrize("given", ["SECRET_KEY", "WEBHOOK_SECRETS"])
def test_half_of_a_card_configuration_is_refused(tmp_path: Path, given: str) -> None:
    missing = ({"SECRET_KEY", "WEBHOOK_SECRETS"} - {given}).pop()
    message = refusal(tmp_path, **{f"MERX_CARD_{given}": "given"})
    assert message.startswith(f"MERX_CARD_{missing}: nothing was given.")


def test_cards_go_to_stripe_unless_there_are_simulators(tmp_path: Path) -> None:
    live = load(tmp_path, MERX_CARD_SECRET_KEY="rk_live_x", MERX_CARD_WEBHOOK_SECRETS="whsec_a, whsec_b")
    assert (live.of(CardSettings).card_base_url, live.of(CardSettings).card_webhook_secrets) == (
        "https://api.stripe.com",
        ("whsec_a", "whsec_b"),
    )
    assert load(tmp_path).of(CardSettings).card_secret_key is None
    simulated = load(tmp_path, MERX_SIMULATORS="true")
    assert (
        simulated.of(CardSettings).card_base_url,
        simulated.of(CardSettings).card_secret_key,
        simulated.of(CardSettings).card_webhook_secrets,
    ) == (
        "http://localhost:8093",
        SIMULATED_CARD_SECRET_KEY,
        (SIMULATED_CARD_WEBHOOK_SECRET,),
    )


def test_the_simulators_bring_their_own_alipay_merchant_and_mail_server(tmp_path: Path) -> None:
    settings = load(tmp_path, MERX_SIMULATORS="true")
    keys = ensure_keys(settings.system.home / "simulators")
    assert settings.of(AlipaySettings).alipay_private_key_file == keys.merchant_private_pem_path
    assert settings.of(AlipaySettings).alipay_public_key_file == keys.alipay_public_pem_path
    assert (settings.of(AlipaySettings).alipay_app_id, settings.of(AlipaySettings).alipay_seller_id) == (
        SIMULATED_APP_ID,
        SIMULATED_SELLER_ID,
    )
    assert settings.of(AlipaySettings).alipay_gateway_url == "http://localhost:8090/gateway.do"
    assert settings.of(MailSettings).smtp_url == "smtp://127.0.0.1:8025"


def test_a_bank_account_is_given_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MERX_BANK_TRANSFER_BANK: nothing was given"):
        load(tmp_path, MERX_BANK_TRANSFER_HOLDER="Merx Ltd", MERX_BANK_TRANSFER_ACCOUNT="A-1")
    with pytest.raises(SettingsError, match="MERX_CASH_ON_DELIVERY_COUNTRIES: 'China' was given"):
        load(tmp_path, MERX_CASH_ON_DELIVERY_COUNTRIES="China")


WECHAT = {
    "MERX_WECHAT_APP_ID": "wx1",
    "MERX_WECHAT_MCH_ID": "1900000009",
    "MERX_WECHAT_PRIVATE_KEY_FILE": "/keys/apiclient_key.pem",
    "MERX_WECHAT_CERT_SERIAL": "5157F09EFDC096DE",
    "MERX_WECHAT_API_V3_KEY": "0123456789abcdef0123456789abcdef",
}


def test_wechat_pay_runs_in_either_mode_and_goes_to_the_provider(tmp_path: Path) -> None:
    certificates = load(tmp_path, **WECHAT)
    assert certificates.of(WechatSettings).wechat_base_url == "https://api.mch.weixin.qq.com"
    assert certificates.of(WechatSettings).wechat_public_key_file is None
    pair = {"MERX_WECHAT_PUBLIC_KEY_ID": "PUB_KEY_ID_1", "MERX_WECHAT_PUBLIC_KEY_FILE": "/keys/wechat.pem"}
    assert load(tmp_path, **WECHAT, **pair).of(WechatSettings).wechat_public_key_file == Path(
        "/keys/wechat.pem"
    )


@pytest.mark.parametrize("left_out", sorted(WECHAT))
def test_a_wechat_pay_configuration_with_a_hole_is_refused(tmp_path: Path, left_out: str) -> None:
    given = {name: value for name, value in WECHAT.items() if name != left_out}
    assert refusal(tmp_path, **given).startswith(f"{left_out}: nothing was given. WeChat Pay needs ")


def test_half_a_public_key_and_a_short_secret_of_wechat_pay_are_refused(tmp_path: Path) -> None:
    half = refusal(tmp_path, **WECHAT, MERX_WECHAT_PUBLIC_KEY_ID="PUB_KEY_ID_1")
    assert half.startswith("MERX_WECHAT_PUBLIC_KEY_FILE: nothing was given.")
    short = refusal(tmp_path, **WECHAT | {"MERX_WECHAT_API_V3_KEY": "too-short"})
    assert short.startswith("MERX_WECHAT_API_V3_KEY: ********")
    assert "too-short" not in short


def test_the_simulators_bring_their_own_wechat_pay_merchant(tmp_path: Path) -> None:
    settings = load(tmp_path, MERX_SIMULATORS="true")
    keys = ensure_keys(tmp_path / "simulators")
    assert settings.of(WechatSettings).wechat_base_url == "http://localhost:8092"
    assert settings.of(WechatSettings).wechat_private_key_file == keys.wechat_merchant_private_pem_path
    assert settings.of(WechatSettings).wechat_public_key_file == keys.wechat_public_pem_path
    assert (
        settings.of(WechatSettings).wechat_app_id,
        settings.of(WechatSettings).wechat_mch_id,
        settings.of(WechatSettings).wechat_cert_serial,
        settings.of(WechatSettings).wechat_api_v3_key,
        settings.of(WechatSettings).wechat_public_key_id,
    ) == (
        SIMULATED_WECHAT_APP_ID,
        SIMULATED_WECHAT_MCH_ID,
        SIMULATED_WECHAT_CERT_SERIAL,
        SIMULATED_WECHAT_API_V3_KEY,
        SIMULATED_WECHAT_PUBLIC_KEY_ID,
    )
