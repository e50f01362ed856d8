"""The daily work: every finished day of every provider has its bill read once."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from merx.infra.db import Database
from merx.kit.ids import new_id
from merx.payments.providers import GuardedProvider, ProviderRegistry
from merx.reconciliation.errors import BillBusy, BillUnreadable
from merx.reconciliation.fetch_bill import bill_sources, read_bill
from merx.reconciliation.resolve_difference import follow_dispute, follow_refund
from merx.reconciliation.rules import KEPT_DAYS, day_bounds, next_due, pause_after
from merx.reconciliation.states import DIFFERENCE_STATES
from merx.reconciliation.store import bills, books, differences

AHEAD: Final = 10
"""How many waiting days are looked at: one that failed for long does not hold up the rest."""
FOLLOWED: Final = 200
_LOG = logging.getLogger(__name__)


async def reconcile(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Read the bills that are due, one per provider, and follow what earlier ones left under way; returns how many.

    A bill that cannot be had is tried again, later each time.
    """
    done = 0
    for code, sharing in bill_sources(providers).items():
        await _plan(db, code, sharing, now=now)
        done += await _read_next(db, code, sharing[0], now=now)
    return done + await _follow(db, now=now)


async def _plan(db: Database, code: str, sharing: list[GuardedProvider], *, now: datetime) -> None:
    """Write down the days that are over, from the first on which money was taken."""
    codes = [provider.code for provider in sharing]
    zone = sharing[0].bill_zone
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    async with db.read() as read:
        last = await bills.last_day(read, code)
        first = None if last is not None else await books.first_capture(read, codes)
    if last is not None:
        day = last + timedelta(days=1)
    elif first is not None:
        day = first.astimezone(zone).date()
    else:
        return
    day = max(day, yesterday - timedelta(days=KEPT_DAYS))
    days = [day + timedelta(days=more) for more in range((yesterday - day).days + 1)]
    if days:
        rows = [(new_id(), each, *day_bounds(each, zone)) for each in days]
        await db.write(lambda tx: bills.insert_bills(tx, provider=code, codes=codes, days=rows, now=now))


async def _read_next(db: Database, code: str, provider: GuardedProvider, *, now: datetime) -> bool:
    async with db.read() as read:
        bill = next_due(await bills.waiting_bills(read, code, limit=AHEAD), now=now)
    if bill is None:
        return False
    again_at = now + pause_after(bill.attempts + 1)
    if not await db.write(partial(bills.claim_bill, bill=bill, again_at=again_at)):
        return False
    try:
        await read_bill(db, provider, bill, now=now)
    except (BillUnreadable, BillBusy) as error:
        _LOG.warning("reconciliation: %s", error)
        return False
    return True


async def _follow(db: Database, *, now: datetime) -> int:
    """Refunds that were under way when their bill was made, and disputes we had not heard of then."""
    states = DIFFERENCE_STATES.sources("resolved")
    async with db.read() as read:
        refunds = await differences.refunds_decided(
            read, states=states, refund_states=["succeeded", "failed"], limit=FOLLOWED
        )
        disputes = await differences.disputes_unknown(read, states=states, limit=FOLLOWED)
    done = [await db.write(partial(follow_refund, difference_id=each.id, now=now)) for each in refunds]
    done += [await db.write(partial(follow_dispute, difference_id=each.id, now=now)) for each in disputes]
    return sum(done)
