"""What every process is set by: this machine, the web server, and what the whole shop speaks and counts in."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from merx.infra.machine import cores
from merx.infra.settings.parsers import (
    parse_boolean,
    parse_choice,
    parse_currencies,
    parse_currency,
    parse_hosts,
    parse_integer,
    parse_path,
    parse_port,
    parse_text,
    parse_url,
)
from merx.infra.settings.section import Section, Setting, Values
from merx.kit.i18n import LOCALES


class SystemSettings(Section, frozen=True, kw_only=True):
    """Folder, database and log of a process."""

    # fmt: off
    home: Annotated[Path, Setting(
        "Folder for everything Merx keeps on this machine: database, pictures, secrets, logs.", parse_path, ".merx",
    )]
    database_url: Annotated[str | None, Setting(
        "PostgreSQL 16 or newer to use, as postgresql://user:password@host:port/database.",
        parse_url("postgresql", "postgres"), otherwise="the embedded PostgreSQL is started", secret=True,
    )]
    postgres_bin_dir: Annotated[Path | None, Setting(
        "Folder with initdb and postgres (16 or newer) for the embedded PostgreSQL.", parse_path,
        otherwise="the PostgreSQL that was installed with Merx",
    )]
    db_pool_size: Annotated[int, Setting("Database connections of each process.", parse_integer(2, 200), "8")]
    log_level: Annotated[str, Setting(
        "Least severity that is logged.", parse_choice("debug", "info", "warning", "error"), "info",
    )]
    simulators: Annotated[bool, Setting(
        "Start simulated payment providers and a mail server beside the shop and use them (development, demo, tests).",
        parse_boolean, "false",
    )]
    # fmt: on


class WebSettings(Section, frozen=True, kw_only=True):
    """Addresses of the shop and its web server."""

    # fmt: off
    host: Annotated[str, Setting(
        "Address to listen on; 0.0.0.0 for every network interface.", parse_text, "127.0.0.1",
    )]
    port: Annotated[int, Setting("Port of the shop.", parse_port, "8000")]
    public_url: Annotated[str, Setting(
        "Address under which customers and payment providers reach the shop.", parse_url("http", "https"),
        otherwise="http://localhost:MERX_PORT",
    )]
    trusted_hosts: Annotated[tuple[str, ...], Setting(
        "Host names the shop answers to; a request for another host is refused.", parse_hosts,
        otherwise="the host of MERX_PUBLIC_URL, localhost and 127.0.0.1",
    )]
    web_workers: Annotated[int, Setting(
        "Number of web worker processes.", parse_integer(1, 256), otherwise="one per core",
    )]
    cookie_secure: Annotated[bool, Setting(
        "Send cookies over HTTPS only.", parse_boolean, otherwise="true when MERX_PUBLIC_URL is https",
    )]
    max_body_bytes: Annotated[int, Setting(
        "Largest request body that is read, in bytes.", parse_integer(65_536, 1_073_741_824), "12582912",
    )]
    # fmt: on

    @classmethod
    def derived(cls, given: Values, _earlier: object) -> Values:
        """Everything follows from the public address, and that from the port."""
        public_url = given["public_url"] or f"http://localhost:{given['port']}"
        public = urlsplit(public_url)
        return {
            "public_url": public_url,
            "trusted_hosts": tuple(dict.fromkeys((public.hostname or "localhost", "localhost", "127.0.0.1"))),
            "web_workers": cores(),
            "cookie_secure": public.scheme == "https",
        }


class ShopSettings(Section, frozen=True, kw_only=True):
    """What the whole shop speaks and counts in."""

    # fmt: off
    default_locale: Annotated[str, Setting(
        "Language for a visitor whose browser asks for neither Chinese nor English.", parse_choice(*LOCALES), "zh-CN",
    )]
    currencies: Annotated[tuple[str, ...], Setting(
        "Currencies in which the shop sells (ISO 4217).", parse_currencies, "CNY,USD",
    )]
    default_currency: Annotated[str, Setting(
        "Currency for a visitor who has not chosen one.", parse_currency, otherwise="the first of MERX_CURRENCIES",
    )]
    # fmt: on

    @classmethod
    def derived(cls, given: Values, _earlier: object) -> Values:
        """Whoever has not chosen a currency sees the first."""
        return {"default_currency": given["currencies"][0]}

    def contradiction(self) -> str | None:
        """The default is one of them."""
        if self.default_currency in self.currencies:
            return None
        return (
            f"MERX_DEFAULT_CURRENCY: {self.default_currency!r} was given. Write one of MERX_CURRENCIES "
            f"({','.join(self.currencies)})."
        )
