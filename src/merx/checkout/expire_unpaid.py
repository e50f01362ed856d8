"""Cancel purchases whose payment deadline has passed."""

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from merx.checkout.cancel_purchase import close_at_providers
from merx.checkout.cancel_rows import cancel_rows
from merx.infra.db import Database, Tx
from merx.orders import lock_purchase, unpaid_past_deadline
from merx.payments import expire_payments, payments_of
from merx.payments.providers import ProviderRegistry, ProviderUnavailable

BATCH: Final = 100


async def expire_unpaid(db: Database, providers: ProviderRegistry, *, now: datetime) -> int:
    """Close overdue payments at their providers and cancel their purchases; returns how many were cancelled.

    A purchase whose provider does not answer keeps waiting: unknown is not unpaid. Its stock does not wait: holds past
    their expiry are open to others.
    """
    async with db.read() as read:
        due = await unpaid_past_deadline(read, now=now, limit=BATCH)
        payments = await payments_of(read, due)
    cancelled = 0
    for purchase_id in due:
        mine = [payment for payment in payments if payment.purchase_id == purchase_id]
        try:
            closed = await close_at_providers(db, providers, mine, now=now, strict=True)
        except ProviderUnavailable:
            continue
        if closed is not None:
            cancelled += await db.write(partial(_expire, purchase_id=purchase_id, closed=closed, now=now))
    return cancelled


async def _expire(tx: Tx, *, purchase_id: UUID, closed: list[UUID], now: datetime) -> bool:
    purchase = await lock_purchase(tx, purchase_id=purchase_id)
    if not await cancel_rows(tx, purchase, reason="expired", now=now):
        return False
    await expire_payments(tx, purchase_ids=[purchase_id], closed=closed)
    return True
