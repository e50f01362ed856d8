"""Orders served on an authorization: placed before their money is there, paid when it is captured, or cancelled.

The caller holds the lock of the purchase and books the sale; this module is the only writer of these moves.
"""

from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.orders.model import OrderState, SoldOrder
from merx.orders.states import ORDER_STATES
from merx.orders.store import purchases as purchases_store


async def place_authorized(tx: Tx, *, purchase_id: UUID, now: datetime) -> list[SoldOrder]:
    """Place a purchase and its orders on an authorization: they may be shipped. Returns the orders with their amounts."""
    sources = ORDER_STATES.sources(OrderState.PLACED.value)
    return await purchases_store.place_authorized(tx, purchase_id, sources=sources, now=now)


async def record_authorized_paid(tx: Tx, *, purchase_id: UUID, now: datetime) -> list[SoldOrder]:
    """The authorized money was captured: the orders are paid. Returns them; none when they were paid before."""
    states = [OrderState.PLACED.value, OrderState.CLOSED.value]
    return await purchases_store.mark_paid(tx, purchase_id, states=states, now=now)


async def cancel_authorized_orders(tx: Tx, *, purchase_id: UUID, reason: str) -> list[SoldOrder]:
    """Cancel a purchase whose authorized money was not captured. Returns its orders; none when it is not so."""
    sources = [OrderState.PLACED.value]
    assert set(sources) <= set(ORDER_STATES.sources(OrderState.CANCELLED.value)), (
        "a move outside the state table"
    )
    return await purchases_store.cancel_authorized(tx, purchase_id, reason=reason, sources=sources)
