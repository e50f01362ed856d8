"""Get a provider's bill of a day and deal with it."""

import logging
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Final

from merx.infra.db import Database
from merx.kit.ids import new_id
from merx.payments.providers import (
    BalanceMovement,
    BillingProvider,
    BillNotReady,
    BillRow,
    GuardedProvider,
    ProviderRefused,
    ProviderRegistry,
    ProviderUnavailable,
    StatementProvider,
)
from merx.reconciliation.compare_balance import compare_balance
from merx.reconciliation.errors import BillUnreadable, DayNotOver, NoSuchBill
from merx.reconciliation.match_bill import Progress, match_bill
from merx.reconciliation.model import Bill
from merx.reconciliation.rules import GO_ON_AFTER, day_bounds
from merx.reconciliation.store import bills, books

_LOG: Final = logging.getLogger(__name__)
_NOT_READY: Final = "the provider has not made it yet"


def bill_sources(providers: ProviderRegistry) -> dict[str, list[GuardedProvider]]:
    """The providers that make bills, by whose bill it is."""
    sources: dict[str, list[GuardedProvider]] = {}
    for provider in providers.who_can(BillingProvider):
        sources.setdefault(provider.bill_code, []).append(provider)
    return sources


async def reconcile_day(
    db: Database,
    providers: ProviderRegistry,
    *,
    provider: str,
    day: date,
    now: datetime,
    progress: Progress = lambda _done, _total: None,
) -> Bill:
    """Read a provider's bill of one of its days now, also again, and match every row; returns what became of it.

    `provider` is the code of any provider that shares the bill. Raises NoSuchBill, DayNotOver, BillUnreadable, BillBusy.
    """
    sources = bill_sources(providers)
    sharing = next(
        (all_of for code, all_of in sources.items() if provider in (code, *(each.code for each in all_of))),
        None,
    )
    if sharing is None:
        raise NoSuchBill(provider=provider[:40])
    start, end = day_bounds(day, sharing[0].bill_zone)
    if end > now:
        raise DayNotOver(day=day.isoformat())
    code = sharing[0].bill_code
    codes = [each.code for each in sharing]
    await db.write(
        lambda tx: bills.insert_bills(
            tx, provider=code, codes=codes, days=[(new_id(), day, start, end)], now=now
        )
    )
    async with db.read() as read:
        bill = await bills.find_bill(read, provider=code, day=day)
    assert bill is not None
    return await read_bill(db, sharing[0], bill, now=now, progress=progress)


async def read_bill(
    db: Database,
    provider: GuardedProvider,
    bill: Bill,
    *,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Bill:
    """Download a bill, outside every transaction, and match its rows. Raises BillUnreadable, BillBusy."""
    try:
        rows = await _download(db, provider, bill, now=now)
        moved = await _movements(provider, bill)
    except ProviderUnavailable as error:
        reason = str(error.params.get("reason") or error)
        await db.write(lambda tx: bills.bill_failed(tx, bill.id, failure=reason, now=now))
        raise BillUnreadable(provider=bill.provider, day=bill.day.isoformat(), reason=reason) from error
    await match_bill(db, bill, rows, now=now, progress=progress)
    if moved is not None:
        await db.write(partial(compare_balance, bill=bill, rows=rows, moved=moved, now=now))
    async with db.read() as read:
        return await bills.get_bill(read, bill.id)


async def _movements(provider: GuardedProvider, bill: Bill) -> list[BalanceMovement] | None:
    """The provider's account of its balance, if it gives us one."""
    if not provider.can(StatementProvider):
        return None
    try:
        return await provider.movements(bill.day)
    except BillNotReady as error:
        raise ProviderUnavailable(provider=bill.provider, reason=_NOT_READY) from error
    except ProviderRefused as error:
        _LOG.warning("reconciliation: no account of the balance: %s", error.params.get("reason"))
        return None


async def _download(db: Database, provider: GuardedProvider, bill: Bill, *, now: datetime) -> list[BillRow]:
    try:
        return await provider.bill(bill.day)
    except BillNotReady as error:
        # Some providers make no bill of a day without trades. When days have passed and nothing of ours moved, so be it.
        if now >= bill.ends_at + GO_ON_AFTER:
            async with db.read() as read:
                moved = await books.moved_between(
                    read, codes=bill.codes, start=bill.starts_at, end=bill.ends_at
                )
            if not moved:
                return []
        raise ProviderUnavailable(provider=bill.provider, reason=_NOT_READY) from error
