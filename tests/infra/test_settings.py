"""Settings: what is accepted, what is refused and with which words, and what never shows."""

import base64
import stat
from pathlib import Path

import pytest

from merx.infra.payment_settings import SIMULATED_ALIPAY_APP_ID, SIMULATED_ALIPAY_SELLER_ID
from merx.infra.settings import (
    SETTINGS,
    Settings,
    SettingsError,
    explain_settings,
    load_settings,
)
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

KEY_1 = base64.b64encode(bytes(range(32))).decode()
KEY_2 = base64.b64encode(bytes(range(32, 64))).decode()


def load(home: Path, **given: str) -> Settings:
    return load_settings({"MERX_HOME": str(home), **given})


def refusal(home: Path, **given: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(home, **given)
    return str(refused.value)


def test_defaults_are_complete_and_derived_from_one_another(tmp_path: Path) -> None:
    settings = load(tmp_path / "home", MERX_PORT="9000", MERX_CURRENCIES="USD,CNY")
    assert settings.public_url == "http://localhost:9000"
    assert settings.trusted_hosts == ("localhost", "127.0.0.1")
    assert settings.cookie_secure is False
    assert settings.media_dir == tmp_path / "home" / "media"
    assert settings.default_currency == "USD"
    assert settings.payment_deadline_seconds == 1800
    assert settings.auto_receive_days == 10
    assert settings.after_sales_days == 15
    assert settings.alipay_gateway_url is None
    assert settings.smtp_url is None
    assert settings.web_workers >= 1


def test_a_public_https_address_makes_cookies_secure_and_its_host_trusted(tmp_path: Path) -> None:
    settings = load(tmp_path, MERX_PUBLIC_URL="https://shop.example/")
    assert settings.public_url == "https://shop.example"
    assert settings.cookie_secure is True
    assert settings.trusted_hosts == ("shop.example", "localhost", "127.0.0.1")


@pytest.mark.parametrize(
    ("variable", "given", "advice"),
    [
        ("MERX_PORT", "99999", "a whole number from 1 to 65535"),
        ("MERX_PORT", "８０００", "a whole number from 1 to 65535"),
        ("MERX_PORT", "", "a whole number from 1 to 65535"),
        ("MERX_COOKIE_SECURE", "maybe", "true or false"),
        ("MERX_DEFAULT_LOCALE", "fr", "one of zh-CN, en"),
        ("MERX_PUBLIC_URL", "shop.example", "http:// or https://"),
        ("MERX_PUBLIC_URL", "http://shop.example:port", "http:// or https://"),
        ("MERX_CURRENCIES", "CNY,yen", "ISO 4217"),
        ("MERX_CURRENCIES", "CNY,CNY", "each once"),
        ("MERX_DEFAULT_CURRENCY", "EUR", "one of MERX_CURRENCIES (CNY,USD)"),
        ("MERX_TRUSTED_HOSTS", "shop.example:80", "host names without port"),
        ("MERX_DB_POOL_SIZE", "1", "a whole number from 2 to 200"),
        ("MERX_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("MERX_MAIL_FROM", "shop\r\nBcc: all", "text on one line"),
    ],
)
def test_a_wrong_value_is_refused_with_its_variable_and_what_to_write(
    tmp_path: Path, variable: str, given: str, advice: str
) -> None:
    message = refusal(tmp_path, **{variable: given})
    assert message.startswith(f"{variable}: {given!r} was given.")
    assert advice in message


@pytest.mark.parametrize(
    ("variable", "given"),
    [
        ("MERX_MASTER_KEYS", "k1:c2hvcnQ="),
        ("MERX_MASTER_KEYS", f"k1:{KEY_1},k1:{KEY_2}"),
        ("MERX_MASTER_KEYS", f"{KEY_1}"),
        ("MERX_BLIND_INDEX_KEY", base64.b64encode(b"\0" * 32).decode()),
        ("MERX_DATABASE_URL", "mysql://user:hunter2@host/db"),
        ("MERX_SMTP_URL", "hunter2"),
    ],
)
def test_a_refusal_never_shows_a_secret(tmp_path: Path, variable: str, given: str) -> None:
    message = refusal(tmp_path, **{variable: given})
    assert message.startswith(f"{variable}: ******** was given.")
    assert given not in message
    assert "hunter2" not in message


def test_a_mistyped_setting_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    assert refusal(tmp_path, MERX_PORTS="1") == "MERX_PORTS is not a setting of Merx. Did you mean MERX_PORT?"


def test_two_servers_on_one_port_are_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, MERX_SIMULATORS="true", MERX_PORT="8025")
    assert message == (
        "MERX_SIMULATOR_MAIL_SMTP_PORT: 8025 was given, and so it was for MERX_PORT. Write a port of its own."
    )


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
    assert (keyed.alipay_public_key_file, keyed.alipay_cert_file) == (Path("/keys/public.pem"), None)
    certified = load(tmp_path, **ALIPAY, **CERTIFICATES, MERX_ALIPAY_QR="true")
    assert (certified.alipay_public_key_file, certified.alipay_cert_file, certified.alipay_qr) == (
        None,
        Path("/keys/alipay.pem"),
        True,
    )
    simulated = load(tmp_path, **CERTIFICATES, MERX_SIMULATORS="true")
    assert (simulated.alipay_public_key_file, simulated.alipay_app_cert_file) == (None, Path("/keys/app.pem"))


def test_alipay_without_a_key_with_two_certificates_or_with_both_modes_is_refused(tmp_path: Path) -> None:
    two = {name: path for name, path in CERTIFICATES.items() if "ROOT" not in name}
    both = {**ALIPAY, **CERTIFICATES, "MERX_ALIPAY_PUBLIC_KEY_FILE": "/keys/public.pem"}
    assert refusal(tmp_path, **ALIPAY).startswith("MERX_ALIPAY_PUBLIC_KEY_FILE: nothing was given.")
    assert refusal(tmp_path, **ALIPAY, **two).startswith("MERX_ALIPAY_ROOT_CERT_FILE: nothing was given.")
    assert refusal(tmp_path, **both).startswith("MERX_ALIPAY_PUBLIC_KEY_FILE: /keys/public.pem was given")


def test_an_environment_variable_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "merx.env").write_text(
        "# ports\nMERX_PORT=9001\n\nMERX_LOG_LEVEL = debug\n", encoding="utf-8"
    )
    settings = load(tmp_path, MERX_PORT="9002")
    assert (settings.port, settings.log_level) == (9002, "debug")
    lines = {
        line.variable: line for line in explain_settings({"MERX_HOME": str(tmp_path), "MERX_PORT": "9002"})
    }
    assert lines["MERX_PORT"].source == "environment"
    assert lines["MERX_LOG_LEVEL"].source == f"file {tmp_path / 'merx.env'}"
    assert lines["MERX_HOST"].source == "default"


def test_a_broken_line_of_the_file_is_named_by_its_number_only(tmp_path: Path) -> None:
    path = tmp_path / "shop.env"
    path.write_text("MERX_PORT=9001\nhunter2\n", encoding="utf-8")
    message = refusal(tmp_path, MERX_CONFIG_FILE=str(path))
    assert message == f"{path}, line 2: expected MERX_NAME=value, each name once."


def test_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, MERX_CONFIG_FILE=str(tmp_path / "no.env")).startswith("MERX_CONFIG_FILE:")


def test_the_embedded_mode_makes_secrets_once_and_keeps_them_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = load(home)
    second = load(home)
    assert first.master_keys == second.master_keys
    assert first.blind_index_key == second.blind_index_key
    assert len(first.blind_index_key) == 32
    assert first.master_keys[0].key != first.blind_index_key
    assert stat.S_IMODE((home / "secrets").stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home / "secrets").iterdir()} == {
        "master_keys": 0o600,
        "blind_index_key": 0o600,
    }


def test_with_a_database_of_its_own_keys_must_be_given_and_none_are_made(tmp_path: Path) -> None:
    message = refusal(tmp_path, MERX_DATABASE_URL="postgresql://merx@db/merx")
    assert message.startswith("MERX_MASTER_KEYS: nothing was given")
    assert not (tmp_path / "secrets").exists()


def test_the_first_key_of_the_ring_is_the_current_one(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        MERX_DATABASE_URL="postgresql://merx@db/merx",
        MERX_MASTER_KEYS=f"new:{KEY_2},old:{KEY_1}",
        MERX_BLIND_INDEX_KEY=KEY_1,
    )
    assert [(key.id, key.key) for key in settings.master_keys] == [
        ("new", bytes(range(32, 64))),
        ("old", bytes(range(32))),
    ]


@pytest.mark.parametrize("given", ["SECRET_KEY", "WEBHOOK_SECRETS"])
def test_half_of_a_card_configuration_is_refused(tmp_path: Path, given: str) -> None:
    missing = ({"SECRET_KEY", "WEBHOOK_SECRETS"} - {given}).pop()
    message = refusal(tmp_path, **{f"MERX_CARD_{given}": "given"})
    assert message.startswith(f"MERX_CARD_{missing}: nothing was given.")


def test_cards_go_to_stripe_unless_there_are_simulators(tmp_path: Path) -> None:
    live = load(tmp_path, MERX_CARD_SECRET_KEY="rk_live_x", MERX_CARD_WEBHOOK_SECRETS="whsec_a, whsec_b")
    assert (live.card_base_url, live.card_webhook_secrets) == (
        "https://api.stripe.com",
        ("whsec_a", "whsec_b"),
    )
    assert load(tmp_path).card_secret_key is None
    simulated = load(tmp_path, MERX_SIMULATORS="true")
    assert (simulated.card_base_url, simulated.card_secret_key, simulated.card_webhook_secrets) == (
        "http://localhost:8093",
        SIMULATED_CARD_SECRET_KEY,
        (SIMULATED_CARD_WEBHOOK_SECRET,),
    )


def test_a_list_of_secrets_has_no_empty_one(tmp_path: Path) -> None:
    message = refusal(tmp_path, MERX_CARD_SECRET_KEY="sk_x", MERX_CARD_WEBHOOK_SECRETS="whsec_hidden,,")
    assert "MERX_CARD_WEBHOOK_SECRETS" in message
    assert "whsec_hidden" not in message


def test_the_simulators_bring_their_own_alipay_merchant_and_mail_server(tmp_path: Path) -> None:
    settings = load(tmp_path, MERX_SIMULATORS="true")
    keys = ensure_keys(settings.home / "simulators")
    assert settings.alipay_private_key_file == keys.merchant_private_pem_path
    assert settings.alipay_public_key_file == keys.alipay_public_pem_path
    assert (settings.alipay_app_id, settings.alipay_seller_id) == (SIMULATED_APP_ID, SIMULATED_SELLER_ID)
    assert (SIMULATED_ALIPAY_APP_ID, SIMULATED_ALIPAY_SELLER_ID) == (SIMULATED_APP_ID, SIMULATED_SELLER_ID)
    assert settings.alipay_gateway_url == "http://localhost:8090/gateway.do"
    assert settings.smtp_url == "smtp://127.0.0.1:8025"


def test_defaults_of_a_command_lose_against_what_was_given(tmp_path: Path) -> None:
    env = {"MERX_HOME": str(tmp_path)}
    assert load_settings(env, defaults={"simulators": "true"}).simulators is True
    assert (
        load_settings(env | {"MERX_SIMULATORS": "false"}, defaults={"simulators": "true"}).simulators is False
    )


def test_showing_the_settings_shows_no_secret(tmp_path: Path) -> None:
    env = {"MERX_HOME": str(tmp_path), "MERX_DATABASE_URL": "postgresql://merx:hunter2@db/merx"}
    env |= {"MERX_MASTER_KEYS": f"k1:{KEY_1}", "MERX_BLIND_INDEX_KEY": KEY_2}
    shown = "\n".join(line.value for line in explain_settings(env)) + repr(load_settings(env))
    assert "hunter2" not in shown
    assert KEY_1 not in shown
    assert KEY_2 not in shown
    assert repr(load_settings(env).master_keys) == "(MasterKey(id='k1'),)"


def test_the_table_names_every_field_of_the_settings_once() -> None:
    assert tuple(setting.name for setting in SETTINGS) == tuple(
        sorted(Settings.__struct_fields__, key=[setting.name for setting in SETTINGS].index)
    )
    assert all(setting.help and (setting.default is not None or setting.otherwise) for setting in SETTINGS)


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
    assert certificates.wechat_base_url == "https://api.mch.weixin.qq.com"
    assert certificates.wechat_public_key_file is None
    pair = {"MERX_WECHAT_PUBLIC_KEY_ID": "PUB_KEY_ID_1", "MERX_WECHAT_PUBLIC_KEY_FILE": "/keys/wechat.pem"}
    assert load(tmp_path, **WECHAT, **pair).wechat_public_key_file == Path("/keys/wechat.pem")


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
    assert settings.wechat_base_url == "http://localhost:8092"
    assert settings.wechat_private_key_file == keys.wechat_merchant_private_pem_path
    assert settings.wechat_public_key_file == keys.wechat_public_pem_path
    assert (
        settings.wechat_app_id,
        settings.wechat_mch_id,
        settings.wechat_cert_serial,
        settings.wechat_api_v3_key,
        settings.wechat_public_key_id,
    ) == (
        SIMULATED_WECHAT_APP_ID,
        SIMULATED_WECHAT_MCH_ID,
        SIMULATED_WECHAT_CERT_SERIAL,
        SIMULATED_WECHAT_API_V3_KEY,
        SIMULATED_WECHAT_PUBLIC_KEY_ID,
    )
