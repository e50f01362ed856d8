"""Record what after-sales does to an order: units asked back, refunds approved, money that went back.

Called by the layers above, under the lock of the order.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from merx.infra.db import ReadTx, Tx
from merx.infra.outbox import publish
from merx.kit.events import Event
from merx.orders.errors import OverReturned
from merx.orders.events import OrderCancelled, PurchaseCancelled
from merx.orders.model import LineClaim, LineRefund, NewReplacement, OrderOfSeller, OrderState
from merx.orders.record import derive_fulfilment
from merx.orders.states import ORDER_STATES
from merx.orders.store import lines as lines_store
from merx.orders.store import orders as orders_store
from merx.orders.store import replacements


async def claim_units(tx: Tx, *, order_id: UUID, claims: Sequence[LineClaim]) -> None:
    """A return asks units back: those not shipped may not be shipped from now on.

    Raises OverReturned when a line has fewer units left, or is not the order's.
    """
    try:
        touched = await lines_store.claim_units(tx, order_id, claims, sign=1)
    except asyncpg.CheckViolationError as error:
        raise OverReturned from error
    if touched != len(claims):
        raise OverReturned


async def release_units(tx: Tx, *, order_id: UUID, claims: Sequence[LineClaim]) -> None:
    """The return came to nothing: its units are as they were before."""
    await lines_store.claim_units(tx, order_id, claims, sign=-1)


async def record_refund_approved(
    tx: Tx, *, order_id: UUID, lines: Sequence[LineRefund], shipping: int, delivered: bool, now: datetime
) -> None:
    """Count what a refund takes back; units of it that were never shipped are cancelled.

    `delivered` says whether every parcel that left has been delivered. The database refuses more than was sold.
    """
    await lines_store.refund_units(tx, order_id, lines, shipping=shipping)
    if any(line.cancelled for line in lines):
        await derive_fulfilment(tx, order_id, delivered=delivered, now=now)


async def record_exchanged(
    tx: Tx, *, order_id: UUID, return_id: UUID, owed: Sequence[NewReplacement], delivered: bool, now: datetime
) -> None:
    """Units of a return are back and the order owes others for them: it is not wholly shipped any more.

    `delivered` says whether every parcel that left has been delivered.
    """
    await replacements.insert_owed(tx, order_id=order_id, return_id=return_id, owed=owed, now=now)
    await derive_fulfilment(tx, order_id, delivered=delivered, now=now)


async def record_undeliverable(tx: Tx, *, return_id: UUID) -> list[tuple[UUID, int]]:
    """What a return still owes will not be shipped, so it is to be refunded; returns it as (line, units).

    `record_refund_approved` counts the units as cancelled.
    """
    return await replacements.cancel_owed(tx, return_id)


async def record_return_closed(tx: Tx, *, order_id: UUID) -> None:
    """One return of the order less is open."""
    await orders_store.close_return(tx, order_id)


async def record_given_back(tx: Tx, *, order_id: UUID, amount: int, now: datetime) -> OrderOfSeller:
    """The provider gave `amount` of the order's sale back; an order that will never be shipped is cancelled with it.

    Returns whose the order is. Publishes OrderCancelled and, with the last
    order of a purchase, PurchaseCancelled.
    """
    order = await orders_store.give_back(tx, order_id, amount=amount)
    moved = await orders_store.cancel_order(tx, order_id, sources=ORDER_STATES.sources(OrderState.CANCELLED))
    if moved is not None:
        events: list[Event] = [OrderCancelled(moved.purchase_id, order_id, moved.number, order.seller_id)]
        if moved.purchase_state == OrderState.CANCELLED:
            events.append(PurchaseCancelled(moved.purchase_id, moved.purchase_number, "refunded", ()))
        await publish(tx, events, now=now)
    return order


async def record_taken_again(tx: Tx, *, order_id: UUID, amount: int) -> OrderOfSeller:
    """A refund of `amount` came back to the provider: what it took of the order's sale is the sale's again.

    The units stay cancelled or returned: the money is still owed. Returns whose the order is.
    """
    return await orders_store.give_back(tx, order_id, amount=-amount)


async def after_sales_days(tx: ReadTx, *, order_id: UUID, default: int) -> int:
    """How many days after it was received an order's units may be asked back; `default` is the shop's."""
    days = await orders_store.after_sales_days(tx, order_id)
    return default if days is None else days
