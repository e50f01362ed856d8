"""The buyer has the goods: said by the buyer, or by the timer that started with the shipping."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from merx.fulfilment import store
from merx.fulfilment.advance import advance, find_parcel, lock_parcel
from merx.fulfilment.errors import UnknownParcel
from merx.fulfilment.events import PARCEL_RECEIVED, parcel_event
from merx.fulfilment.mark_delivered import deliver
from merx.fulfilment.model import Fulfilment
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.orders import UnknownOrder, buyer_order, record_received


async def receive(
    tx: Tx, *, fulfilment_id: UUID, account_id: UUID | None, access_hash: bytes | None, now: datetime
) -> Fulfilment:
    """The buyer confirms a parcel: shipped → delivered → received. One received already is returned as it is.

    The buyer is the account that placed the purchase or whoever shows the hash of its token; anybody else
    gets UnknownParcel. Raises ParcelMoved when the parcel has not been shipped.
    """
    parcel = await find_parcel(tx, fulfilment_id=fulfilment_id)
    try:
        await buyer_order(tx, order_id=parcel.order_id, account_id=account_id, access_hash=access_hash)
    except UnknownOrder as error:
        raise UnknownParcel from error  # whether it exists is not for strangers to know
    parcel, _ = await complete_parcel(tx, parcel, by="buyer", now=now, actor_id=account_id)
    return parcel


async def complete_parcel(
    tx: Tx, parcel: Fulfilment, *, by: Literal["buyer", "timer"], now: datetime, actor_id: UUID | None
) -> tuple[Fulfilment, bool]:
    """Take a parcel to "received" and its units with it; also whether this call did it."""
    parcel = await lock_parcel(tx, parcel)
    if parcel.state == "received":
        return parcel, False
    if parcel.state != "delivered":
        parcel = await deliver(tx, parcel, now=now, actor_id=actor_id)
    received = await advance(tx, fulfilment_id=parcel.id, to="received", now=now)
    lines = [(line.order_line_id, line.quantity) for line in received.lines]
    delivered = not await store.is_in_transit(tx, order_id=received.order_id)
    await record_received(tx, order_id=received.order_id, lines=lines, delivered=delivered, now=now)
    await publish(tx, [parcel_event(PARCEL_RECEIVED, received, actor_id=actor_id, by=by)], now=now)
    return received, True
