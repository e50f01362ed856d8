"""Sold units come back to where they were sold from: never shipped, or returned and as good as new."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory.events import StockReturned
from merx.inventory.model import PutBack
from merx.inventory.store import stock as store
from merx.kit.ids import new_id


async def take_back(
    tx: Tx,
    *,
    purchase_id: UUID,
    return_id: UUID,
    units: Mapping[UUID, int],
    now: datetime,
    variants: Mapping[UUID, UUID] | None = None,
) -> None:
    """Put `units` by order line on the shelf again. Publishes StockReturned.

    `variants` says what the units of a line are, where exchanges may have sold several for it. The caller holds the
    lock of the purchase and has checked that so many were sold and are not back yet.
    """
    wanted = {line_id: quantity for line_id, quantity in units.items() if quantity}
    if not wanted:
        return
    await store.lock_by_purchase(tx, [purchase_id])
    named = variants or {}
    parts: list[PutBack] = []
    moved: set[UUID] = set()
    for hold in await store.sold_by_holds(tx, purchase_id, list(wanted)):
        line_id = hold.order_line_id
        ours = named.get(line_id, hold.variant_id) == hold.variant_id
        part = min(hold.sold, wanted[line_id]) if ours else 0
        if part:
            wanted[line_id] -= part
            parts.append(PutBack(new_id(), hold.hold_id, part))
            moved.add(hold.variant_id)
    assert not any(wanted.values()), "more units come back than were sold"
    await store.put_back(tx, parts, return_id=return_id, now=now)
    await publish(tx, [StockReturned(purchase_id, return_id, tuple(sorted(moved)))], now=now)
