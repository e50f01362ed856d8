"""Record what happened to an order's parcels. Called by fulfilment, which sits above."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from merx.infra.db import Tx
from merx.orders.errors import OverShipped, UnknownOrder
from merx.orders.model import OrderView, Packed
from merx.orders.rules import fulfilment_status, pick_replacements
from merx.orders.store import lines as lines_store
from merx.orders.store import orders as orders_store
from merx.orders.store import replacements
from merx.orders.view import order_view


async def lock_order(tx: Tx, *, order_id: UUID) -> OrderView:
    """Lock a purchase and one of its orders and return it whole. Raises UnknownOrder."""
    found = await orders_store.lock_order(tx, order_id)
    if found is None:
        raise UnknownOrder
    return await order_view(tx, found)


async def record_shipped(
    tx: Tx, *, view: OrderView, lines: Sequence[tuple[UUID, int]], now: datetime
) -> dict[UUID, list[Packed]]:
    """Add shipped units to the lines of a locked order; returns which of them are replacements, by line.

    Raises OverShipped when a line has fewer left, or is not the order's.
    """
    order_id = view.order.id
    try:
        touched = await lines_store.add_units(tx, lines_store.ADD_SHIPPED, order_id, lines)
    except asyncpg.CheckViolationError as error:
        raise OverShipped from error
    if touched != len(lines):
        raise OverShipped
    owed = pick_replacements(view.lines, lines)
    if owed:
        await replacements.add_shipped(tx, owed)
    await derive_fulfilment(tx, order_id, delivered=False, now=now)
    packed: dict[UUID, list[Packed]] = {}
    for line_id, each, units in owed:
        packed.setdefault(line_id, []).append(Packed(each.variant_id, each.sku, each.label, units))
    return packed


async def record_delivered(tx: Tx, *, order_id: UUID, now: datetime) -> None:
    """Every parcel that left has been delivered."""
    await derive_fulfilment(tx, order_id, delivered=True, now=now)


async def record_received(
    tx: Tx, *, order_id: UUID, lines: Sequence[tuple[UUID, int]], delivered: bool, now: datetime
) -> None:
    """Add received units to the lines; `delivered` says whether every parcel that left has been delivered."""
    await lines_store.add_units(tx, lines_store.ADD_RECEIVED, order_id, lines)
    await derive_fulfilment(tx, order_id, delivered=delivered, now=now)


async def derive_fulfilment(tx: Tx, order_id: UUID, *, delivered: bool, now: datetime) -> None:
    """Store what the order's lines say of its delivery; units that were cancelled count as never ordered."""
    lines = (await lines_store.lines_of(tx, [order_id]))[order_id]
    status = fulfilment_status(
        [(line.quantity + line.exchanged - line.cancelled, line.shipped, line.received) for line in lines],
        delivered=delivered,
    )
    await orders_store.set_fulfilment(tx, order_id, status, now=now)
