"""Settings: what is accepted, what is refused and with which words, and what never shows."""

import base64
import stat
from pathlib import Path
from typing import Annotated

import pytest

from merx.catalog import MediaSettings
from merx.checkout import CheckoutSettings
from merx.configuration import SECTIONS, explain_settings, load_settings
from merx.fulfilment import FulfilmentSettings
from merx.infra.settings import (
    OWN,
    Section,
    Setting,
    Settings,
    SettingsError,
    Values,
    incomplete,
    parse_integer,
    parse_text,
    settings_of,
    simulator_port,
)
from merx.infra.settings import load as load_sections
from merx.notifications import MailSettings
from merx.payments.providers.alipay import AlipaySettings
from merx.returns import ReturnsSettings

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
    assert settings.web.public_url == "http://localhost:9000"
    assert settings.web.trusted_hosts == ("localhost", "127.0.0.1")
    assert settings.web.cookie_secure is False
    assert settings.of(MediaSettings).media_dir == tmp_path / "home" / "media"
    assert settings.shop.default_currency == "USD"
    assert settings.of(CheckoutSettings).payment_deadline_seconds == 1800
    assert settings.of(FulfilmentSettings).auto_receive_days == 10
    assert settings.of(ReturnsSettings).after_sales_days == 15
    assert settings.of(AlipaySettings).alipay_gateway_url is None
    assert settings.of(MailSettings).smtp_url is None
    assert settings.web.web_workers >= 1


def test_a_public_https_address_makes_cookies_secure_and_its_host_trusted(tmp_path: Path) -> None:
    settings = load(tmp_path, MERX_PUBLIC_URL="https://shop.example/")
    assert settings.web.public_url == "https://shop.example"
    assert settings.web.cookie_secure is True
    assert settings.web.trusted_hosts == ("shop.example", "localhost", "127.0.0.1")


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


def test_an_environment_variable_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "merx.env").write_text(
        "# ports\nMERX_PORT=9001\n\nMERX_LOG_LEVEL = debug\n", encoding="utf-8"
    )
    settings = load(tmp_path, MERX_PORT="9002")
    assert (settings.web.port, settings.system.log_level) == (9002, "debug")
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
    assert first.keys.master_keys == second.keys.master_keys
    assert first.keys.blind_index_key == second.keys.blind_index_key
    assert len(first.keys.blind_index_key) == 32
    assert first.keys.master_keys[0].key != first.keys.blind_index_key
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
    assert [(key.id, key.key) for key in settings.keys.master_keys] == [
        ("new", bytes(range(32, 64))),
        ("old", bytes(range(32))),
    ]


def test_a_list_of_secrets_has_no_empty_one(tmp_path: Path) -> None:
    message = refusal(tmp_path, MERX_CARD_SECRET_KEY="sk_x", MERX_CARD_WEBHOOK_SECRETS="whsec_hidden,,")
    assert "MERX_CARD_WEBHOOK_SECRETS" in message
    assert "whsec_hidden" not in message


def test_defaults_of_a_command_lose_against_what_was_given(tmp_path: Path) -> None:
    env = {"MERX_HOME": str(tmp_path)}
    assert load_settings(env, defaults={"simulators": "true"}).system.simulators is True
    assert (
        load_settings(env | {"MERX_SIMULATORS": "false"}, defaults={"simulators": "true"}).system.simulators
        is False
    )


def test_showing_the_settings_shows_no_secret(tmp_path: Path) -> None:
    env = {"MERX_HOME": str(tmp_path), "MERX_DATABASE_URL": "postgresql://merx:hunter2@db/merx"}
    env |= {"MERX_MASTER_KEYS": f"k1:{KEY_1}", "MERX_BLIND_INDEX_KEY": KEY_2}
    shown = "\n".join(line.value for line in explain_settings(env)) + repr(load_settings(env))
    assert "hunter2" not in shown
    assert KEY_1 not in shown
    assert KEY_2 not in shown
    assert repr(load_settings(env).keys.master_keys) == "(MasterKey(id='k1'),)"


def test_every_setting_says_what_it_is_for_and_what_holds_without_it() -> None:
    known = settings_of((*OWN, *SECTIONS))
    assert all(
        setting.help and (setting.default is not None or setting.otherwise) for setting in known.values()
    )


def test_one_variable_has_one_owner() -> None:
    with pytest.raises(AssertionError, match="MERX_MEDIA_DIR is declared twice"):
        settings_of((MediaSettings, MediaSettings))


class TeaSettings(Section, frozen=True, kw_only=True):
    """The tea maker."""

    tea_minutes: Annotated[int, Setting("Minutes.", parse_integer(1, 9), "4")]
    tea_cups: Annotated[int, Setting("Cups.", parse_integer(1, 9), otherwise="one per worker")]
    tea_key: Annotated[str | None, Setting("Key.", parse_text, otherwise="no tea", secret=True)]
    tea_shelf: Annotated[str | None, Setting("Where its key hangs.", parse_text, otherwise="no tea")]
    simulator_tea_port: Annotated[int, simulator_port("Port of the simulated tea maker.", "8100")]

    @classmethod
    def simulated(cls, given: Values, keys: Path) -> Values:
        return {"tea_key": f"sim-{given['simulator_tea_port']}", "tea_shelf": keys.name}

    @classmethod
    def derived(cls, _given: Values, earlier: Settings) -> Values:
        return {"tea_cups": earlier.web.web_workers}

    def contradiction(self) -> str | None:
        return incomplete(self, "Tea needs", "tea_key", "tea_shelf")


def test_an_owner_declares_its_settings_and_gets_them_whole(tmp_path: Path) -> None:
    env = {"MERX_HOME": str(tmp_path), "MERX_WEB_WORKERS": "3"}
    settings = load_sections((TeaSettings,), env)
    tea = settings.of(TeaSettings)
    assert (tea.tea_minutes, tea.tea_cups, tea.tea_key, tea.tea_shelf) == (4, 3, None, None)
    assert settings.simulator_ports() == {}
    simulated = load_sections((TeaSettings,), {**env, "MERX_SIMULATORS": "true", "MERX_TEA_SHELF": "attic"})
    tea = simulated.of(TeaSettings)
    assert (tea.tea_key, tea.tea_shelf) == ("sim-8100", "attic")
    assert simulated.simulator_ports() == {"MERX_SIMULATOR_TEA_PORT": 8100}
    with pytest.raises(
        SettingsError, match=r"MERX_TEA_KEY: nothing was given\. Tea needs MERX_TEA_KEY, MERX_TEA_S"
    ):
        load_sections((TeaSettings,), {**env, "MERX_TEA_SHELF": "attic"})
    assert "hunter2" not in repr(
        load_sections((TeaSettings,), {**env, "MERX_TEA_KEY": "hunter2", "MERX_TEA_SHELF": "x"}).of(
            TeaSettings
        )
    )
