"""Cancel purchases whose payment deadline has passed."""

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from merx.cashier.cancel_purchase import close_at_providers
from merx.cashier.cancel_unpaid import cancel_unpaid
from merx.infra.db import Database, Tx
from merx.kit.actors import System
from merx.orders import Overdue, lock_purchase, unpaid_past_deadline
from merx.payments import expire_payments, payments_of
from merx.payments.providers import ProviderRegistry, ProviderUnavailable, in_lanes

BATCH: Final = 1000
_DEADLINE: Final = System("expire_unpaid")


async def expire_unpaid(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Close overdue payments at their providers and cancel their purchases; returns how many were cancelled.

    A purchase whose provider does not answer keeps waiting: unknown is not unpaid. It holds up no other, and its stock
    does not wait: holds past their expiry are open to others.
    """
    due = await _all_due(db, now=now)
    return await in_lanes(
        due,
        lane=lambda each: each.provider,
        work=lambda each: _close_and_expire(db, providers, purchase_id=each.id, now=now),
    )


async def _all_due(db: Database, *, now: datetime) -> list[Overdue]:
    due: list[Overdue] = []
    while True:
        async with db.read() as read:
            page = await unpaid_past_deadline(read, now=now, limit=BATCH, after=due[-1] if due else None)
        due += page
        if len(page) < BATCH:
            return due


async def _close_and_expire(
    db: Database, providers: ProviderRegistry, *, purchase_id: UUID, now: datetime
) -> bool:
    async with db.read() as read:
        payments = await payments_of(read, [purchase_id])
    try:
        closed = await close_at_providers(db, providers, payments, now=now, strict=True)
    except ProviderUnavailable:
        return False
    if closed is None:
        return False
    return await db.write(partial(_expire, purchase_id=purchase_id, closed=closed, now=now))


async def _expire(tx: Tx, *, purchase_id: UUID, closed: list[UUID], now: datetime) -> bool:
    purchase = await lock_purchase(tx, purchase_id=purchase_id)
    if purchase.expires_at > now:
        return False  # another way to pay was chosen meanwhile, with more time
    if not await cancel_unpaid(tx, purchase, reason="expired", actor=_DEADLINE, now=now):
        return False
    await expire_payments(tx, purchase_ids=[purchase_id], closed=closed)
    return True
