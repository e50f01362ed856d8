"""Parcels that nobody took come back to their seller, who says what of them can be sold again."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from merx.fulfilment import store
from merx.fulfilment.advance import advance
from merx.fulfilment.errors import BadParcel, NothingUndelivered
from merx.fulfilment.events import ParcelReturned
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.actors import Actor


async def bring_back(
    tx: Tx, *, order_id: UUID, restocked: Mapping[UUID, int], actor: Actor, now: datetime
) -> None:
    """Take every parcel of a locked order to "returned"; `restocked` units by line are fit for sale, the rest is not.

    The caller puts them on the shelf. Raises NothingUndelivered when no parcel is on its way, ParcelMoved when the
    buyer has one, BadParcel for units that are in none of them.
    """
    parcels = [
        each for each in await store.fulfilments_of(tx, order_ids=[order_id]) if each.state != "cancelled"
    ]
    if not parcels:
        raise NothingUndelivered
    left = {line_id: units for line_id, units in restocked.items() if units}
    parts: list[tuple[UUID, UUID, int]] = []
    for parcel in parcels:
        for line in parcel.lines:
            part = min(line.quantity, left.get(line.order_line_id, 0))
            if part > 0:
                left[line.order_line_id] -= part
                parts.append((parcel.id, line.order_line_id, part))
    if any(left.values()):
        raise BadParcel
    for parcel in parcels:
        returned = await advance(tx, fulfilment_id=parcel.id, to="returned", now=now)
        await publish(tx, [ParcelReturned.of(returned, actor=actor)], now=now)
    await store.restock(tx, parts=parts)
