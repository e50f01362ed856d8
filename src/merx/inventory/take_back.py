"""Sold units come back to where they were sold from: never shipped, or returned and as good as new."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.infra.outbox import Event, publish
from merx.inventory import store
from merx.kit.ids import new_id


async def take_back(
    tx: Tx, *, purchase_id: UUID, return_id: UUID, units: Mapping[tuple[UUID, UUID], int], now: datetime
) -> None:
    """Put `units` by order line and variant on the shelf again. Publishes StockReturned.

    The caller holds the lock of the purchase and has checked that so many were sold and are not back yet.
    """
    wanted = {key: quantity for key, quantity in units.items() if quantity}
    if not wanted:
        return
    await store.lock_by_purchase(tx, [purchase_id])
    parts: list[tuple[UUID, int]] = []
    variants: set[str] = set()
    for line_id, hold_id, _allotment, variant_id, sold in await store.sold_by_holds(
        tx, purchase_id, [line_id for line_id, _ in wanted]
    ):
        key = (line_id, variant_id)
        part = min(sold, wanted.get(key, 0))
        if part:
            wanted[key] -= part
            parts.append((hold_id, part))
            variants.add(str(variant_id))
    assert not any(wanted.values()), "more units come back than were sold"
    await store.put_back(tx, ids=[new_id() for _ in parts], parts=parts, return_id=return_id, now=now)
    data = {"return_id": str(return_id), "availability_of": sorted(variants)}
    await publish(tx, [Event("StockReturned", purchase_id, data)], now=now)
