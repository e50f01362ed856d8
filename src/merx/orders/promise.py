"""Orders that are served on a promise of money: placed before it is there, paid when it is taken, or withdrawn.

The caller holds the lock of the purchase and books the sale; this module is the only writer of these moves.
"""

from datetime import datetime
from uuid import UUID

from merx.infra.db import Record, Tx
from merx.orders import promise_store
from merx.orders.model import OrderState
from merx.orders.states import ORDER_STATES


async def place_authorized(tx: Tx, *, purchase_id: UUID, now: datetime) -> list[Record]:
    """Place a purchase and its orders on a promise: they may be shipped. Returns the orders with their amounts."""
    sources = ORDER_STATES.sources(OrderState.PLACED.value)
    return await promise_store.place_authorized(tx, purchase_id, sources=sources, now=now)


async def record_promise_kept(tx: Tx, *, purchase_id: UUID, now: datetime) -> list[Record]:
    """The promised money was taken: the orders are paid. Returns them; none when they were paid before."""
    states = [OrderState.PLACED.value, OrderState.CLOSED.value]
    return await promise_store.mark_paid(tx, purchase_id, states=states, now=now)


async def withdraw_authorized(tx: Tx, *, purchase_id: UUID, reason: str) -> list[Record]:
    """Cancel a purchase whose promised money was not taken. Returns its orders; none when it is not so."""
    sources = [OrderState.PLACED.value]
    assert set(sources) <= set(ORDER_STATES.sources(OrderState.CANCELLED.value)), (
        "a move outside the state table"
    )
    return await promise_store.withdraw(tx, purchase_id, reason=reason, sources=sources)


async def has_shipped(tx: Tx, *, purchase_id: UUID) -> bool:
    """Whether anything of a locked purchase has left its seller."""
    return await promise_store.is_shipped(tx, purchase_id)
