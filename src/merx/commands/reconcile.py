"""`merx reconcile`: a provider's bill of one day against the books, by hand."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from merx.infra.db import Database
from merx.infra.settings import Settings
from merx.kit.money import Money
from merx.payments.providers import BillingProvider, ProviderRegistry, payment_providers
from merx.reconciliation import Bill, BillBusy, BillUnreadable, DayNotOver, NoSuchBill, reconcile_day

OPEN: Final = 1
UNREAD: Final = 2


async def run_reconcile(settings: Settings, dsn: str, *, provider: str, day: date | None) -> int:
    """Read the bill and show what became of it: 0 when nothing is open, 1 when something is, 2 when there is no bill."""
    providers = payment_providers(settings)
    db = await Database(dsn, pool_size=2).open()
    try:
        return await reconcile_and_show(db, providers, provider=provider, day=day, now=datetime.now(UTC))
    finally:
        await db.close()
        await providers.aclose()


async def reconcile_and_show(
    db: Database,
    providers: ProviderRegistry,
    *,
    provider: str,
    day: date | None,
    now: datetime,
    console: Console | None = None,
) -> int:
    """As `run_reconcile`; `day` None is the provider's last whole day."""
    console = console or Console(highlight=False)
    errors = Console(stderr=True)
    bars = Progress(
        TextColumn("matching rows"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    try:
        with bars:
            bill = await reconcile_day(
                db,
                providers,
                provider=provider,
                day=day or _last_day(providers, provider, now=now),
                now=now,
                progress=_shown_on(bars),
            )
    except (NoSuchBill, DayNotOver, BillUnreadable, BillBusy) as error:
        errors.print(_what_to_do(error, providers), highlight=False, markup=False, soft_wrap=True)
        return UNREAD
    _show(bill, console)
    return OPEN if bill.open else 0


def _shown_on(bars: Progress) -> Callable[[int, int], None]:
    task = bars.add_task("matching", total=None)
    return lambda done, total: bars.update(task, completed=done, total=total)


def _last_day(providers: ProviderRegistry, code: str, *, now: datetime) -> date:
    for each in providers.who_can(BillingProvider):
        if code in (each.code, each.bill_code):
            return now.astimezone(each.bill_zone).date() - timedelta(days=1)
    raise NoSuchBill(provider=code[:40])


def _what_to_do(error: Exception, providers: ProviderRegistry) -> str:
    if isinstance(error, NoSuchBill):
        known = ", ".join(sorted({each.bill_code for each in providers.who_can(BillingProvider)}))
        known = known or "none is configured; the demo shop's are with MERX_SIMULATORS=true"
        return f"{error} Those that do: {known}."
    if isinstance(error, BillUnreadable):
        return f"{error} The job worker tries by itself; see the keys and permissions of the provider if it goes on."
    return str(error)


def _show(bill: Bill, console: Console) -> None:
    console.print(f"[bold]{bill.provider}[/] {bill.day}: {bill.rows_read} rows, {bill.matched} matched")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("currency")
    for name in ("payments", "paid", "refunds", "refunded", "fees"):
        table.add_column(name, justify="right")
    for each in bill.totals:
        paid, refunded, fees = (
            Money(amount, each.currency).decimal() for amount in (each.paid, each.refunded, each.fees)
        )
        table.add_row(each.currency, str(each.payments), paid, str(each.refunds), refunded, fees)
    if bill.totals:
        console.print(table)
    if bill.open:
        console.print(
            f"[bold red]{bill.open} differences are open[/], of {bill.differences}: see /staff/reconciliation"
        )
    else:
        console.print(f"[green]nothing is open[/], of {bill.differences} differences")
