"""Sold units come back to where they were sold from: never shipped, or returned and as good as new."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory import store
from merx.inventory.events import StockReturned
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
    parts: list[tuple[UUID, int]] = []
    moved: set[UUID] = set()
    for line_id, hold_id, _allotment, variant_id, sold in await store.sold_by_holds(
        tx, purchase_id, list(wanted)
    ):
        part = min(sold, wanted[line_id]) if named.get(line_id, variant_id) == variant_id else 0
        if part:
            wanted[line_id] -= part
            parts.append((hold_id, part))
            moved.add(variant_id)
    assert not any(wanted.values()), "more units come back than were sold"
    await store.put_back(tx, ids=[new_id() for _ in parts], parts=parts, return_id=return_id, now=now)
    await publish(tx, [StockReturned(purchase_id, return_id, tuple(sorted(moved)))], now=now)
