"""The buyer has the goods: said by the buyer, or by the timer that started with the shipping."""

from datetime import datetime
from uuid import UUID

from merx.fulfilment import store
from merx.fulfilment.advance import advance, find_parcel, lock_parcel
from merx.fulfilment.errors import ParcelMoved, UnknownParcel
from merx.fulfilment.events import ParcelReceived
from merx.fulfilment.mark_delivered import deliver
from merx.fulfilment.model import Fulfilment
from merx.fulfilment.rules import can_receive, is_delivered
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.actors import Buyer, System
from merx.orders import UnknownOrder, get_order, record_received


async def receive(tx: Tx, *, fulfilment_id: UUID, actor: Buyer, now: datetime) -> Fulfilment:
    """The buyer confirms a parcel: shipped → delivered → received. One received already is returned as it is.

    Raises UnknownParcel for anybody but its buyer, ParcelMoved when the parcel has not been shipped.
    """
    parcel = await find_parcel(tx, fulfilment_id=fulfilment_id)
    try:
        await get_order(tx, order_id=parcel.order_id, actor=actor)
    except UnknownOrder as error:
        raise UnknownParcel from error  # whether it exists is not for strangers to know
    parcel, _ = await complete_parcel(tx, parcel, actor=actor, now=now)
    return parcel


async def complete_parcel(
    tx: Tx, parcel: Fulfilment, *, actor: Buyer | System, now: datetime
) -> tuple[Fulfilment, bool]:
    """Take a parcel to "received" and its units with it; also whether this call did it."""
    parcel = await lock_parcel(tx, parcel)
    if parcel.state == "received":
        return parcel, False
    if not can_receive(parcel):
        raise ParcelMoved(state=parcel.state, wanted="received")
    if not is_delivered(parcel):
        parcel = await deliver(tx, parcel, actor=actor, now=now)
    received = await advance(tx, fulfilment_id=parcel.id, to="received", now=now)
    lines = [(line.order_line_id, line.quantity) for line in received.lines]
    delivered = not await store.is_in_transit(tx, order_id=received.order_id)
    await record_received(tx, order_id=received.order_id, lines=lines, delivered=delivered, now=now)
    by = "timer" if isinstance(actor, System) else "buyer"
    await publish(tx, [ParcelReceived.of(received, actor=actor, by=by)], now=now)
    return received, True
