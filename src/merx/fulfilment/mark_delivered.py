"""A seller records that a parcel reached the buyer."""

from datetime import datetime
from uuid import UUID

from merx.fulfilment import store
from merx.fulfilment.advance import advance, find_parcel, lock_parcel
from merx.fulfilment.errors import UnknownParcel
from merx.fulfilment.events import ParcelDelivered
from merx.fulfilment.model import Fulfilment
from merx.fulfilment.rules import is_delivered
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.actors import Actor, SellerMember
from merx.orders import record_delivered


async def mark_delivered(tx: Tx, *, fulfilment_id: UUID, actor: SellerMember, now: datetime) -> Fulfilment:
    """Mark a shipped parcel as delivered; one that is delivered or received already is returned as it is.

    The order becomes delivered with its last parcel. Raises UnknownParcel (also for another seller's),
    ParcelMoved.
    """
    parcel = await find_parcel(tx, fulfilment_id=fulfilment_id)
    if not actor.works_for(parcel.seller_id):
        raise UnknownParcel
    parcel = await lock_parcel(tx, parcel)
    if is_delivered(parcel):
        return parcel
    return await deliver(tx, parcel, actor=actor, now=now)


async def deliver(tx: Tx, parcel: Fulfilment, *, actor: Actor, now: datetime) -> Fulfilment:
    """Move a locked parcel to "delivered"; tell its order when nothing else is on the way."""
    delivered = await advance(tx, fulfilment_id=parcel.id, to="delivered", now=now)
    if not await store.is_in_transit(tx, order_id=parcel.order_id):
        await record_delivered(tx, order_id=parcel.order_id, now=now)
    await publish(tx, [ParcelDelivered.of(delivered, actor=actor)], now=now)
    return delivered
