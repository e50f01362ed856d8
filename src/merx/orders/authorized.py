"""Orders whose money is authorized: placed before it is there, paid when it is captured, or cancelled.

The caller holds the lock of the purchase and books the sale; this module is the only writer of these moves.
"""

from datetime import datetime
from uuid import UUID

from merx.infra.db import Record, Tx
from merx.orders.model import OrderState
from merx.orders.states import ORDER_STATES
from merx.orders.store import authorizations as store


async def place_authorized(tx: Tx, *, purchase_id: UUID, now: datetime) -> list[Record]:
    """Place a purchase and its orders on an authorization: they may be shipped. Returns the orders with their amounts."""
    sources = ORDER_STATES.sources(OrderState.PLACED.value)
    return await store.place_authorized(tx, purchase_id, sources=sources, now=now)


async def record_authorized_paid(tx: Tx, *, purchase_id: UUID, now: datetime) -> list[Record]:
    """The authorized money was captured: the orders are paid. Returns them; none when they were paid before."""
    states = [OrderState.PLACED.value, OrderState.CLOSED.value]
    return await store.mark_paid(tx, purchase_id, states=states, now=now)


async def cancel_authorized_orders(tx: Tx, *, purchase_id: UUID, reason: str) -> list[Record]:
    """Cancel a purchase whose authorized money was not captured. Returns its orders; none when it is not so."""
    sources = [OrderState.PLACED.value]
    assert set(sources) <= set(ORDER_STATES.sources(OrderState.CANCELLED.value)), (
        "a move outside the state table"
    )
    return await store.cancel(tx, purchase_id, reason=reason, sources=sources)


async def has_shipped(tx: Tx, *, purchase_id: UUID) -> bool:
    """Whether anything of a locked purchase has left its seller."""
    return await store.is_shipped(tx, purchase_id)
