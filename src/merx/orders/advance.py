"""The only writer of purchase and order states."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Tx
from merx.infra.outbox import publish
from merx.orders.events import OrderClosed
from merx.orders.model import OrderState, SoldOrder
from merx.orders.states import ORDER_STATES
from merx.orders.store import orders as orders_store
from merx.orders.store import purchases as purchases_store


async def advance_purchases(
    tx: Tx,
    *,
    purchase_ids: Sequence[UUID],
    to: OrderState,
    now: datetime,
    sources: Sequence[str] | None = None,
    cancel_reason: str | None = None,
) -> list[SoldOrder]:
    """Move purchases and their orders to `to` where the state table (or the narrower `sources`) allows it.

    Returns the orders that moved, with their amounts; those in another state are left alone and not returned.
    """
    allowed = ORDER_STATES.sources(to.value)
    assert sources is None or set(sources) <= set(allowed), "a move outside the state table"
    return await purchases_store.advance(
        tx, purchase_ids, to=to.value, sources=sources or allowed, cancel_reason=cancel_reason, now=now
    )


async def record_refunded(tx: Tx, *, purchase_id: UUID) -> None:
    """Note that a cancelled purchase's money went back."""
    await orders_store.set_late_refunded(tx, purchase_id, refunded=True)


async def record_not_refunded(tx: Tx, *, purchase_id: UUID) -> None:
    """The refund of money that came too late has failed after it had succeeded."""
    await orders_store.set_late_refunded(tx, purchase_id, refunded=False)


async def purchase_shares(tx: ReadTx, *, purchase_id: UUID) -> dict[UUID, int]:
    """What each seller of a purchase has earned with it, in minor units: what bears a loss of it.

    Of what was not given back; of the totals where all of it was.
    """
    found = await orders_store.shares(tx, purchase_id)
    kept = {seller_id: total - refunded for seller_id, total, refunded in found}
    return kept if any(kept.values()) else {seller_id: total for seller_id, total, _ in found}


async def close_received(tx: Tx, *, received_before: datetime, limit: int, now: datetime) -> int:
    """Close orders whose goods arrived before `received_before`, or longer ago than their seller's own window.

    An order with an open return stays open. Returns how many were closed.
    """
    closed = await purchases_store.close_due(tx, received_before=received_before, limit=limit, now=now)
    events = [OrderClosed(each.purchase_id, each.id, each.number) for each in closed]
    await publish(tx, events, now=now)
    return len(closed)
