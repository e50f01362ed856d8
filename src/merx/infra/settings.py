"""Every setting of Merx: read from MERX_* variables or a KEY=VALUE file, validated at start, explained on error.

One table (`SETTINGS`) drives loading, `merx config` and the check that the manual names each setting. An environment
variable wins over the file, the file wins over the default.
"""

import base64
import contextlib
import difflib
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from merx.infra.machine import cores
from merx.infra.payment_settings import payment_contradiction, simulated_payments
from merx.infra.setting_parsers import (
    KEY_BYTES,
    MasterKey,
    parse_boolean,
    parse_choice,
    parse_countries,
    parse_currencies,
    parse_currency,
    parse_hosts,
    parse_integer,
    parse_key,
    parse_key_ring,
    parse_path,
    parse_text,
    parse_texts,
    parse_url,
)

PREFIX = "MERX_"
_FOREIGN_PREFIX = "MERX_TEST_"  # variables of the test-suite are not settings
CONFIG_FILE = "MERX_CONFIG_FILE"
LOCALES = ("zh-CN", "en")
_MASK = "********"
_HIGHEST_PORT = 65535


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable, what was given and what to write."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, validated. Build it with `load_settings`."""

    home: Path
    database_url: str | None
    postgres_bin_dir: Path | None
    host: str
    port: int
    public_url: str
    trusted_hosts: tuple[str, ...]
    web_workers: int
    db_pool_size: int
    master_keys: tuple[MasterKey, ...]
    blind_index_key: bytes
    cookie_secure: bool
    default_locale: str
    currencies: tuple[str, ...]
    default_currency: str
    payment_deadline_seconds: int
    auto_receive_days: int
    after_sales_days: int
    clearing_days: int
    media_dir: Path
    max_body_bytes: int
    log_level: str
    simulators: bool
    simulator_alipay_port: int
    simulator_card_port: int
    simulator_wechat_port: int
    simulator_mail_smtp_port: int
    simulator_mail_http_port: int
    alipay_gateway_url: str | None
    alipay_app_id: str | None
    alipay_seller_id: str | None
    alipay_private_key_file: Path | None
    alipay_public_key_file: Path | None
    alipay_app_cert_file: Path | None
    alipay_cert_file: Path | None
    alipay_root_cert_file: Path | None
    alipay_qr: bool
    wechat_base_url: str
    wechat_app_id: str | None
    wechat_mch_id: str | None
    wechat_private_key_file: Path | None
    wechat_cert_serial: str | None
    wechat_api_v3_key: str | None
    wechat_public_key_id: str | None
    wechat_public_key_file: Path | None
    card_base_url: str
    card_secret_key: str | None
    card_webhook_secrets: tuple[str, ...] | None
    card_api_version: str
    card_capture: Literal["automatic", "manual"]
    bank_transfer_holder: str | None
    bank_transfer_bank: str | None
    bank_transfer_account: str | None
    bank_transfer_currencies: tuple[str, ...] | None
    bank_transfer_days: int
    cash_on_delivery_countries: tuple[str, ...] | None
    cash_on_delivery_currencies: tuple[str, ...] | None
    smtp_url: str | None
    mail_from: str

    def __repr__(self) -> str:
        """Short and without secrets: settings end up in logs and tracebacks."""
        return f"Settings(home={str(self.home)!r})"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: how a setting is written, parsed and explained."""

    name: str
    kind: str
    parse: Callable[[str], object]
    default: str | None
    help: str
    secret: bool = False
    otherwise: str = ""

    @property
    def variable(self) -> str:
        """The environment variable, for example MERX_PORT."""
        return PREFIX + self.name.upper()


class ExplainedSetting(msgspec.Struct, frozen=True):
    """One line of `merx config`: the variable, its value as may be shown, where it came from, what it is for."""

    variable: str
    value: str
    source: str
    help: str


_PORT = parse_integer(1, _HIGHEST_PORT)

SETTINGS: tuple[Setting, ...] = (
    Setting(name="home", kind="path", parse=parse_path, default=".merx",
            help="Folder for everything Merx keeps on this machine: database, pictures, secrets, logs."),
    Setting(name="database_url", kind="address", parse=parse_url("postgresql", "postgres"), default=None, secret=True,
            otherwise="the embedded PostgreSQL is started",
            help="PostgreSQL 16 or newer to use, as postgresql://user:password@host:port/database."),
    Setting(name="postgres_bin_dir", kind="path", parse=parse_path, default=None,
            otherwise="the PostgreSQL that was installed with Merx",
            help="Folder with initdb and postgres (16 or newer) for the embedded PostgreSQL."),
    Setting(name="host", kind="text", parse=parse_text, default="127.0.0.1",
            help="Address to listen on; 0.0.0.0 for every network interface."),
    Setting(name="port", kind="number", parse=_PORT, default="8000", help="Port of the shop."),
    Setting(name="public_url", kind="address", parse=parse_url("http", "https"), default=None,
            otherwise="http://localhost:MERX_PORT",
            help="Address under which customers and payment providers reach the shop."),
    Setting(name="trusted_hosts", kind="list", parse=parse_hosts, default=None,
            otherwise="the host of MERX_PUBLIC_URL, localhost and 127.0.0.1",
            help="Host names the shop answers to; a request for another host is refused."),
    Setting(name="web_workers", kind="number", parse=parse_integer(1, 256), default=None, otherwise="one per core",
            help="Number of web worker processes."),
    Setting(name="db_pool_size", kind="number", parse=parse_integer(2, 200), default="8",
            help="Database connections of each process."),
    Setting(name="master_keys", kind="keys", parse=parse_key_ring, default=None, secret=True,
            otherwise="MERX_HOME/secrets/master_keys, made at the first start of the embedded database",
            help="Key ring id:base64,… that wraps the keys of personal data; the first key wraps new ones."),
    Setting(name="blind_index_key", kind="key", parse=parse_key, default=None, secret=True,
            otherwise="MERX_HOME/secrets/blind_index_key, made at the first start of the embedded database",
            help="Key of the look-up index over encrypted e-mail addresses and telephone numbers."),
    Setting(name="cookie_secure", kind="true or false", parse=parse_boolean, default=None,
            otherwise="true when MERX_PUBLIC_URL is https", help="Send cookies over HTTPS only."),
    Setting(name="default_locale", kind="text", parse=parse_choice(*LOCALES), default="zh-CN",
            help="Language for a visitor whose browser asks for neither Chinese nor English."),
    Setting(name="currencies", kind="list", parse=parse_currencies, default="CNY,USD",
            help="Currencies in which the shop sells (ISO 4217)."),
    Setting(name="default_currency", kind="text", parse=parse_currency, default=None, otherwise="the first of MERX_CURRENCIES",
            help="Currency for a visitor who has not chosen one."),
    Setting(name="payment_deadline_seconds", kind="number", parse=parse_integer(60, 86_400), default="1800",
            help="Time to pay a purchase before it is cancelled and its stock is free again, in seconds."),
    Setting(name="auto_receive_days", kind="number", parse=parse_integer(1, 90), default="10",
            help="Days after shipping after which a parcel counts as received."),
    Setting(name="after_sales_days", kind="number", parse=parse_integer(0, 365), default="15",
            help="Days after a parcel was received in which a return may be asked for; then the order is closed."),
    Setting(name="clearing_days", kind="number", parse=parse_integer(1, 90), default="3",
            help="Days after which a provider's bill must have confirmed a payment; `merx verify` reports what is older."),
    Setting(name="media_dir", kind="path", parse=parse_path, default=None, otherwise="MERX_HOME/media",
            help="Folder of the pictures of products and reviews."),
    Setting(name="max_body_bytes", kind="number", parse=parse_integer(65_536, 1_073_741_824), default="12582912",
            help="Largest request body that is read, in bytes."),
    Setting(name="log_level", kind="text", parse=parse_choice("debug", "info", "warning", "error"), default="info",
            help="Least severity that is logged."),
    Setting(name="simulators", kind="true or false", parse=parse_boolean, default="false",
            help="Start simulated payment providers and a mail server beside the shop and use them (development, demo, tests)."),
    Setting(name="simulator_alipay_port", kind="number", parse=_PORT, default="8090",
            help="Port of the simulated Alipay."),
    Setting(name="simulator_wechat_port", kind="number", parse=_PORT, default="8092",
            help="Port of the simulated WeChat Pay."),
    Setting(name="simulator_card_port", kind="number", parse=_PORT, default="8093",
            help="Port of the simulated card API."),
    Setting(name="simulator_mail_smtp_port", kind="number", parse=_PORT, default="8025",
            help="Port on which the simulated mail server takes mail."),
    Setting(name="simulator_mail_http_port", kind="number", parse=_PORT, default="8091",
            help="Port on which the simulated mail server shows the mail it took."),
    Setting(name="alipay_gateway_url", kind="address", parse=parse_url("http", "https"), default=None,
            otherwise="the simulated Alipay when MERX_SIMULATORS is true, else Alipay is not offered",
            help="Address of the Alipay gateway."),
    Setting(name="alipay_app_id", kind="text", parse=parse_text, default=None,
            otherwise="that of the simulated Alipay when MERX_SIMULATORS is true", help="Alipay application id."),
    Setting(name="alipay_seller_id", kind="text", parse=parse_text, default=None,
            otherwise="that of the simulated Alipay when MERX_SIMULATORS is true", help="Alipay seller id (2088…)."),
    Setting(name="alipay_private_key_file", kind="path", parse=parse_path, default=None,
            otherwise="that of the simulated Alipay when MERX_SIMULATORS is true",
            help="PEM file with our RSA private key."),
    Setting(name="alipay_public_key_file", kind="path", parse=parse_path, default=None,
            otherwise="that of the simulated Alipay when MERX_SIMULATORS is true",
            help="PEM file with Alipay's RSA public key, in public-key mode."),
    Setting(name="alipay_app_cert_file", kind="path", parse=parse_path, default=None, otherwise="public-key mode",
            help="PEM file with our application's certificate, in certificate mode."),
    Setting(name="alipay_cert_file", kind="path", parse=parse_path, default=None, otherwise="public-key mode",
            help="PEM file with Alipay's certificate, in certificate mode."),
    Setting(name="alipay_root_cert_file", kind="path", parse=parse_path, default=None, otherwise="public-key mode",
            help="PEM file with Alipay's root certificates, in certificate mode."),
    Setting(name="alipay_qr", kind="true or false", parse=parse_boolean, default=None,
            otherwise="true when MERX_SIMULATORS is true, else false",
            help="Also offer Alipay by a QR code to scan (face-to-face payment must be signed with Alipay)."),
    Setting(name="wechat_base_url", kind="address", parse=parse_url("http", "https"), default=None,
            otherwise="the simulated WeChat Pay when MERX_SIMULATORS is true, else https://api.mch.weixin.qq.com",
            help="Address of WeChat Pay's API."),
    Setting(name="wechat_app_id", kind="text", parse=parse_text, default=None,
            otherwise="that of the simulated WeChat Pay when MERX_SIMULATORS is true", help="Application id (wx…) at WeChat."),
    Setting(name="wechat_mch_id", kind="text", parse=parse_text, default=None,
            otherwise="that of the simulated WeChat Pay when MERX_SIMULATORS is true, else WeChat Pay is not offered", help="Merchant id at WeChat Pay."),
    Setting(name="wechat_private_key_file", kind="path", parse=parse_path, default=None,
            otherwise="that of the simulated WeChat Pay when MERX_SIMULATORS is true", help="PEM file with our merchant key."),
    Setting(name="wechat_cert_serial", kind="text", parse=parse_text, default=None,
            otherwise="that of the simulated WeChat Pay when MERX_SIMULATORS is true", help="Serial of our merchant certificate."),
    Setting(name="wechat_api_v3_key", kind="text", parse=parse_text, default=None, secret=True,
            otherwise="that of the simulated WeChat Pay when MERX_SIMULATORS is true", help="API v3 key of the merchant, 32 characters."),
    Setting(name="wechat_public_key_id", kind="text", parse=parse_text, default=None, otherwise="certificate mode",
            help="Id of WeChat Pay's public key (PUB_KEY_ID_…), in public-key mode."),
    Setting(name="wechat_public_key_file", kind="path", parse=parse_path, default=None, otherwise="certificate mode",
            help="PEM file with WeChat Pay's public key, in public-key mode."),
    Setting(name="card_base_url", kind="address", parse=parse_url("http", "https"), default=None,
            otherwise="the simulated card API when MERX_SIMULATORS is true, else https://api.stripe.com",
            help="Address of the card API (Stripe)."),
    Setting(name="card_secret_key", kind="text", parse=parse_text, default=None, secret=True,
            otherwise="that of the simulated card API when MERX_SIMULATORS is true, else cards are not offered",
            help="Secret or restricted key of the card API (sk_… or rk_…)."),
    Setting(name="card_webhook_secrets", kind="list", parse=parse_texts, default=None, secret=True,
            otherwise="that of the simulated card API when MERX_SIMULATORS is true",
            help="Signing secrets of the card API's webhook endpoint (whsec_…); while one is replaced, both."),
    Setting(name="card_api_version", kind="text", parse=parse_text, default="2026-10-28.endive",
            help="Version of the card API that is asked for."),
    Setting(name="card_capture", kind="automatic or manual", parse=parse_choice("automatic", "manual"), default="automatic",
            help="Whether a card is charged when its holder pays, or only authorized then and charged later."),
    Setting(name="bank_transfer_holder", kind="text", parse=parse_text, default=None,
            otherwise="an example when MERX_SIMULATORS is true, else bank transfer is not offered",
            help="Holder of the account that buyers transfer money to."),
    Setting(name="bank_transfer_bank", kind="text", parse=parse_text, default=None,
            otherwise="an example when MERX_SIMULATORS is true", help="Name of that account's bank, with its BIC where payers need it."),
    Setting(name="bank_transfer_account", kind="text", parse=parse_text, default=None,
            otherwise="an example when MERX_SIMULATORS is true", help="Number of that account, or its IBAN."),
    Setting(name="bank_transfer_currencies", kind="list", parse=parse_currencies, default=None, otherwise="MERX_CURRENCIES",
            help="Currencies in which that account takes money."),
    Setting(name="bank_transfer_days", kind="number", parse=parse_integer(1, 30), default="3",
            help="Days that a purchase waits for its bank transfer; its stock waits as long."),
    Setting(name="cash_on_delivery_countries", kind="list", parse=parse_countries, default=None,
            otherwise="CN,US when MERX_SIMULATORS is true, else cash on delivery is not offered",
            help="Countries (ISO 3166) where carriers take cash at the door."),
    Setting(name="cash_on_delivery_currencies", kind="list", parse=parse_currencies, default=None, otherwise="MERX_CURRENCIES",
            help="Currencies in which they take it."),
    Setting(name="smtp_url", kind="address", parse=parse_url("smtp", "smtps"), default=None, secret=True,
            otherwise="the simulated mail server when MERX_SIMULATORS is true, else no mail is sent",
            help="Mail server, as smtp://user:password@host:587 (STARTTLS) or smtps://…:465."),
    Setting(name="mail_from", kind="text", parse=parse_text, default="Merx <shop@merx.example>",
            help="Sender of the mails."),
)  # fmt: skip

_BY_VARIABLE = {setting.variable: setting for setting in SETTINGS}


# --- loading -----------------------------------------------------------------------------------------------------


def load_settings(
    env: Mapping[str, str] | None = None,
    *,
    defaults: Mapping[str, str] | None = None,
) -> Settings:
    """Read, validate and complete all settings from `env` (default: the process environment) and the settings file.

    `defaults` replaces defaults of the table, by name. In the embedded mode missing secrets are made and kept in
    MERX_HOME/secrets (0600). Raises SettingsError.
    """
    given, _ = _read_given(os.environ if env is None else env)
    given = {PREFIX + name.upper(): text for name, text in (defaults or {}).items()} | given
    values = {setting.name: _parse(setting, given) for setting in SETTINGS}
    _add_secrets(values)
    _add_derived(values)
    settings = msgspec.convert(values, Settings)
    _check_together(settings)
    return settings


def explain_settings(env: Mapping[str, str] | None = None) -> list[ExplainedSetting]:
    """Every setting with its value (secrets masked), source and help. Raises SettingsError on a wrong value."""
    given, sources = _read_given(os.environ if env is None else env)
    lines = []
    for setting in SETTINGS:
        _parse(setting, given)
        text = given.get(setting.variable)
        if text is None:
            shown = setting.default if setting.default is not None else f"({setting.otherwise})"
        else:
            shown = _MASK if setting.secret else text
        lines.append(
            ExplainedSetting(
                variable=setting.variable,
                value=shown,
                source=sources.get(setting.variable, "default"),
                help=setting.help,
            )
        )
    return lines


def _read_given(env: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The texts that were given, by variable, and where each came from."""
    from_env = {
        name: value
        for name, value in env.items()
        if name.startswith(PREFIX) and not name.startswith(_FOREIGN_PREFIX) and name != CONFIG_FILE
    }
    home = Path(from_env.get("MERX_HOME") or ".merx").expanduser()
    named = env.get(CONFIG_FILE)
    path = Path(named).expanduser() if named else home / "merx.env"
    from_file = _read_file(path) if named or path.is_file() else {}
    for name in (*from_env, *from_file):
        _refuse_unknown(name)
    sources = dict.fromkeys(from_file, f"file {path}") | dict.fromkeys(from_env, "environment")
    return {**from_file, **from_env}, sources


def _read_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = (
            f"{CONFIG_FILE}: {path} cannot be read ({error}). Write a readable UTF-8 file of KEY=VALUE lines."
        )
        raise SettingsError(msg) from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, separator, value = stripped.partition("=")
        name = name.strip()
        if not separator or not name.startswith(PREFIX) or name in found:
            # The line may hold a secret: name only its number.
            msg = f"{path}, line {number}: expected MERX_NAME=value, each name once."
            raise SettingsError(msg)
        found[name] = value.strip()
    return found


def _refuse_unknown(name: str) -> None:
    if name in _BY_VARIABLE:
        return
    near = difflib.get_close_matches(name, _BY_VARIABLE, n=1)
    hint = f"Did you mean {near[0]}?" if near else "`merx config` lists every setting."
    msg = f"{name} is not a setting of Merx. {hint}"
    raise SettingsError(msg)


def _parse(setting: Setting, given: Mapping[str, str]) -> object:
    text = given.get(setting.variable, setting.default)
    if text is None or (text == "" and setting.default is None):
        return None
    try:
        return setting.parse(text)
    except ValueError as error:
        shown = _MASK if setting.secret else repr(text)
        msg = f"{setting.variable}: {shown} was given. Write {error}."
        raise SettingsError(msg) from None


def _add_secrets(values: dict[str, object]) -> None:
    """Fill the key ring and the index key from MERX_HOME/secrets; the embedded mode makes them when missing."""
    folder = Path(str(values["home"])) / "secrets"
    makers = {
        "master_keys": lambda: "k1:" + _new_key(),
        "blind_index_key": _new_key,
    }
    for name, make in makers.items():
        if values[name] is not None:
            continue
        setting = _BY_VARIABLE[PREFIX + name.upper()]
        path = folder / name
        if not path.exists():
            if values["database_url"] is not None:
                # A second node must not invent keys of its own: data of the first would be unreadable to it.
                msg = (
                    f"{setting.variable}: nothing was given and {path} does not exist. With MERX_DATABASE_URL write "
                    "the same keys for every node."
                )
                raise SettingsError(msg)
            _keep_secret(path, make())
        try:
            values[name] = setting.parse(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            msg = f"{setting.variable}: the content of {path} is wrong. Write {error}."
            raise SettingsError(msg) from None


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _keep_secret(path: Path, text: str) -> None:
    """Write a new secret so that no crash and no second process can leave half of one or replace one."""
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first; its secret is the one
            os.link(draft, path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    finally:
        draft.unlink()


def _add_derived(values: dict[str, object]) -> None:
    """Complete what depends on other settings."""
    home = Path(str(values["home"]))

    def default(name: str, value: object) -> None:
        if values[name] is None:
            values[name] = value

    default("public_url", f"http://localhost:{values['port']}")
    public = urlsplit(str(values["public_url"]))
    default("trusted_hosts", tuple(dict.fromkeys((public.hostname or "localhost", "localhost", "127.0.0.1"))))
    default("cookie_secure", public.scheme == "https")
    default("web_workers", cores())
    default("media_dir", home / "media")
    currencies = values["currencies"]
    if isinstance(currencies, tuple):
        default("default_currency", currencies[0])
        default("bank_transfer_currencies", currencies)
        default("cash_on_delivery_currencies", currencies)
    if values["simulators"]:
        for name, value in simulated_payments(values, home / "simulators" / "keys").items():
            default(name, value)
        default("smtp_url", f"smtp://127.0.0.1:{values['simulator_mail_smtp_port']}")
    default("alipay_qr", values["simulators"])
    default("wechat_base_url", "https://api.mch.weixin.qq.com")
    default("card_base_url", "https://api.stripe.com")


def _check_together(settings: Settings) -> None:
    """Refuse values that are each right but contradict one another."""
    if settings.default_currency not in settings.currencies:
        msg = (
            f"MERX_DEFAULT_CURRENCY: {settings.default_currency!r} was given. Write one of MERX_CURRENCIES "
            f"({','.join(settings.currencies)})."
        )
        raise SettingsError(msg)
    contradiction = payment_contradiction(msgspec.structs.asdict(settings))
    if contradiction is not None:
        raise SettingsError(contradiction)
    ports = {"MERX_PORT": settings.port}
    if settings.simulators:
        ports |= {
            "MERX_SIMULATOR_ALIPAY_PORT": settings.simulator_alipay_port,
            "MERX_SIMULATOR_CARD_PORT": settings.simulator_card_port,
            "MERX_SIMULATOR_WECHAT_PORT": settings.simulator_wechat_port,
            "MERX_SIMULATOR_MAIL_SMTP_PORT": settings.simulator_mail_smtp_port,
            "MERX_SIMULATOR_MAIL_HTTP_PORT": settings.simulator_mail_http_port,
        }
    seen: dict[int, str] = {}
    for name, port in ports.items():
        if port in seen:
            msg = f"{name}: {port} was given, and so it was for {seen[port]}. Write a port of its own."
            raise SettingsError(msg)
        seen[port] = name
