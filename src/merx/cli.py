"""The `merx` command: starts the shop and its parts, and looks after its data."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console
from rich.table import Table

from merx import __version__
from merx.infra.logging import configure_logging
from merx.infra.migrate import MigrationError, migrate
from merx.infra.postgres import PostgresError, database_url
from merx.infra.settings import Settings, SettingsError
from merx.kit.errors import DomainError
from merx.kit.i18n import LOCALES

# Function-level imports: this module is the one place where they are allowed. A command loads only what it needs, so
# `merx psql` does not wait for the web framework. The settings bring the domain with them: its packages declare them.

T = TypeVar("T")

_DEMO_DEFAULTS = {"simulators": "true"}


class _Commands(click.Group):
    """A mistyped command is answered with the nearest ones."""

    def resolve_command(
        self,
        ctx: click.Context,
        args: list[str],
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            known = ", ".join(sorted(self.commands))
            raise click.UsageError(f"{error.format_message()} Commands: {known}.", ctx) from None


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="merx")
def main() -> None:
    """Merx, an e-commerce trading system."""


def _fail(error: Exception) -> NoReturn:
    raise click.ClickException(str(error)) from error


def _settings(process: str | None = None, *, defaults: dict[str, str] | None = None) -> Settings:
    from merx.configuration import load_settings

    try:
        settings = load_settings(defaults=defaults)
    except SettingsError as error:
        _fail(error)
    configure_logging(level=settings.system.log_level, process=process)
    return settings


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; an expected refusal is shown as one line."""
    try:
        return asyncio.run(work)
    except (SettingsError, PostgresError, MigrationError, DomainError) as error:
        _fail(error)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _say(line: str) -> None:
    click.echo(f"  {line}", err=True)


# --- running ----------------------------------------------------------------------------------------------------


@main.command()
@click.option(
    "--demo",
    is_flag=True,
    help="Load the demo shop if it is empty and use the simulated payment providers and mail.",
)
def serve(*, demo: bool) -> None:
    """Run the shop: database, job worker and web server, until Ctrl-C."""
    from merx.supervise import ServeError
    from merx.supervise import serve as serve_shop

    settings = _settings("serve", defaults=_DEMO_DEFAULTS if demo else None)

    def ready() -> None:
        _print_addresses(settings, demo=demo)

    try:
        _run(serve_shop(settings, demo=demo, say=_say, ready=ready))
    except ServeError as error:
        _fail(error)


def _print_addresses(settings: Settings, *, demo: bool) -> None:
    console = Console(highlight=False)
    console.print(f"\n[bold green]Merx is ready[/]  {settings.web.public_url}")
    if settings.system.simulators:
        from merx.notifications import MailSettings
        from merx.payments.providers.alipay import AlipaySettings
        from merx.payments.providers.card import CardSettings
        from merx.payments.providers.wechat import WechatSettings

        for what, port, path in (
            ("simulated Alipay", settings.of(AlipaySettings).simulator_alipay_port, ""),
            ("simulated WeChat Pay", settings.of(WechatSettings).simulator_wechat_port, "/cashier"),
            ("simulated card API", settings.of(CardSettings).simulator_card_port, ""),
            ("mail that was sent", settings.of(MailSettings).simulator_mail_http_port, ""),
        ):
            console.print(f"  {what}  http://localhost:{port}{path}")
    if demo:
        from merx.demo import DEMO_LOGINS

        console.print("  demo logins:")
        for login in DEMO_LOGINS:
            console.print(f"    {login.email}  {login.password}  [dim]{login.what}[/]")
    console.print("Ctrl-C stops it.\n")


@main.command()
def web() -> None:
    """Run only the web server (for several machines with one MERX_DATABASE_URL)."""
    from merx.commands.web import run_web

    run_web(_need_database("web"))


@main.command()
def worker() -> None:
    """Run only the job worker (for several machines with one MERX_DATABASE_URL)."""
    from merx.worker import run_worker

    settings = _need_database("worker")

    async def work() -> None:
        await run_worker(settings, _stop_event())

    _run(work())


def _need_database(process: str) -> Settings:
    settings = _settings(process)
    if settings.system.database_url is None:
        msg = f"MERX_DATABASE_URL: nothing was given. `merx {process}` needs a database; `merx serve` brings its own."
        raise click.ClickException(msg)
    return settings


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    for how in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(how, stop.set)
    return stop


@main.command()
def simulators() -> None:
    """Run only the simulated payment providers and mail server."""
    from merx.notifications import MailSettings
    from merx.payments.providers.alipay import AlipaySettings
    from merx.payments.providers.card import CardSettings
    from merx.payments.providers.wechat import WechatSettings
    from merx.simulators import serve_simulators

    settings = _settings("simulators", defaults=_DEMO_DEFAULTS)
    mail = settings.of(MailSettings)

    async def work() -> None:
        serving = asyncio.create_task(
            serve_simulators(
                host="127.0.0.1",
                alipay_port=settings.of(AlipaySettings).simulator_alipay_port,
                wechat_port=settings.of(WechatSettings).simulator_wechat_port,
                card_port=settings.of(CardSettings).simulator_card_port,
                card_webhook_url=f"{settings.web.public_url}/payments/card/notify",
                mail_smtp_port=mail.simulator_mail_smtp_port,
                mail_http_port=mail.simulator_mail_http_port,
                state_dir=settings.system.home / "simulators",
            )
        )
        stopped = asyncio.create_task(_stop_event().wait())
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        for task in (serving, stopped):
            task.cancel()
        await asyncio.gather(serving, stopped, return_exceptions=True)

    _run(work())


# --- data -------------------------------------------------------------------------------------------------------


@main.command(name="migrate")
def migrate_command() -> None:
    """Bring the database schema to this version."""
    settings = _settings()

    async def work() -> list[str]:
        async with database_url(settings) as dsn:
            return await migrate(dsn, progress=_say)

    applied = _run(work())
    click.echo(f"{len(applied)} migrations applied." if applied else "The database is up to date.")


@main.command()
def demo() -> None:
    """Load the demo shop (again: changes nothing)."""
    from merx.demo import load_demo
    from merx.infra.db import Database

    settings = _settings(defaults=_DEMO_DEFAULTS)

    async def work() -> None:
        async with database_url(settings) as dsn:
            await migrate(dsn, progress=_say)
            database = await Database(dsn, pool_size=settings.system.db_pool_size).open()
            try:
                await load_demo(database, settings, progress=_say)
            finally:
                await database.close()

    _run(work())


@main.group()
def catalog() -> None:
    """The catalogue: products, variants, prices."""


@catalog.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--seller", required=True, help="Code of the seller whose products these are.")
@click.option("--currency", help="Currency of the column `price` (default: MERX_DEFAULT_CURRENCY).")
@click.option(
    "--locale", type=click.Choice(LOCALES), help="Language of plain texts (default: MERX_DEFAULT_LOCALE)."
)
@click.option(
    "--pictures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the pictures that the file names.",
)
@click.option("--create-categories", is_flag=True, help="Make categories that the shop does not have yet.")
@click.option("--all-or-nothing", is_flag=True, help="Import nothing when any row is wrong.")
def import_command(
    *,
    file: Path,
    seller: str,
    currency: str | None,
    locale: str | None,
    pictures: Path | None,
    create_categories: bool,
    all_or_nothing: bool,
) -> None:
    """Import products from a CSV file; a row that was imported before changes nothing."""
    from merx.commands.import_catalog import import_catalog
    from merx.importing import REASONS
    from merx.sellers import UnknownSeller

    settings = _settings()
    work = import_catalog(
        settings,
        file=file,
        seller_code=seller,
        currency=currency or settings.shop.default_currency,
        locale=locale or settings.shop.default_locale,
        pictures=pictures,
        create_categories=create_categories,
        all_or_nothing=all_or_nothing,
        progress=_say,
    )
    try:
        report = _run(work)
    except click.ClickException as error:
        if isinstance(error.__cause__, UnknownSeller):
            raise click.BadParameter(
                f"there is no seller with the code {seller!r}", param_hint="--seller"
            ) from None
        raise
    for bad in report.bad_rows:
        click.echo(f"row {bad.number}, {bad.field}: {REASONS[bad.reason]} {bad.value!r}", err=True)
    click.echo(
        f"{report.rows} rows: {report.imported_products} products and {report.imported_variants} variants imported, "
        f"{report.unchanged} unchanged, {report.bad_total} rows refused."
    )
    if report.bad_total:
        sys.exit(1)


@main.group()
def staff() -> None:
    """The platform's staff: they decide cases and confirm payments."""


@staff.command(name="add")
@click.argument("email")
def staff_add(*, email: str) -> None:
    """Make an account one of the platform's staff (again: changes nothing)."""
    from merx.commands.staff import add_staff

    name = _run(add_staff(_settings(), email=email))
    click.echo(f"{name} is of the platform's staff.")


@staff.command(name="remove")
@click.argument("email")
def staff_remove(*, email: str) -> None:
    """Make a member of the platform's staff an ordinary account again."""
    from merx.commands.staff import remove_staff

    name = _run(remove_staff(_settings(), email=email))
    click.echo(f"{name} is not of the platform's staff.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--full", is_flag=True, help="Read every picture file instead of a sample.")
def verify(*, as_json: bool, full: bool) -> None:
    """Prove every invariant over the whole database; exit code 1 names the rows that break one."""
    from merx.catalog import MediaSettings
    from merx.reconciliation import ReconciliationSettings
    from merx.verify import run_verify

    settings = _settings()

    async def work() -> int:
        async with database_url(settings) as dsn:
            return await run_verify(
                dsn,
                as_json=as_json,
                key_ids=[key.id for key in settings.keys.master_keys],
                media_dir=settings.of(MediaSettings).media_dir,
                full=full,
                clearing_days=settings.of(ReconciliationSettings).clearing_days,
            )

    sys.exit(_run(work()))


@main.command()
@click.option("--provider", required=True, help="Code of the payment provider, such as alipay.")
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The provider's day (default: its last whole one).",
)
def reconcile(*, provider: str, day: datetime | None) -> None:
    """Match a provider's bill of one day with the books; exit code 1 when differences are open, 2 without a bill."""
    from merx.commands.reconcile import run_reconcile

    settings = _settings()

    async def work() -> int:
        async with database_url(settings) as dsn:
            return await run_reconcile(settings, dsn, provider=provider, day=day.date() if day else None)

    sys.exit(_run(work()))


@main.command()
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def bench(*, names: tuple[str, ...], as_json: bool) -> None:
    """Measure the named benchmarks (default: all)."""
    from merx.bench import run_bench

    settings = _settings()

    async def work() -> int:
        async with database_url(settings) as dsn:
            return await run_bench(settings, dsn, names=list(names), as_json=as_json)

    sys.exit(_run(work()))


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(*, arguments: tuple[str, ...]) -> None:
    """Open PostgreSQL's terminal on the shop's database; arguments go to psql."""
    from merx.commands.psql import run_psql

    sys.exit(_run(run_psql(_settings(), arguments)))


@main.command()
def config() -> None:
    """Show every setting: value (secrets masked), where it comes from, what it is for."""
    from merx.configuration import explain_settings

    try:
        lines = explain_settings()
    except SettingsError as error:
        _fail(error)
    if not sys.stdout.isatty():
        for line in lines:
            click.echo(f"{line.variable}\t{line.value}\t{line.source}\t{line.help}")
        return
    table = Table("setting", "value", "source", "what for", box=None, pad_edge=False)
    for line in lines:
        table.add_row(line.variable, line.value, line.source, line.help)
    Console(width=int(os.environ.get("COLUMNS", "0")) or None).print(table)


if __name__ == "__main__":
    main()
