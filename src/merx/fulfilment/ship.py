"""A seller hands a parcel to a carrier."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from merx.fulfilment import store
from merx.fulfilment.advance import advance
from merx.fulfilment.carriers import clean_tracking_number, find_carrier
from merx.fulfilment.errors import NotPaid
from merx.fulfilment.events import ParcelShipped
from merx.fulfilment.model import Fulfilment, FulfilmentLine
from merx.fulfilment.rules import Pick, choose_lines, takes_parcels
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.actors import SellerMember
from merx.kit.ids import new_id
from merx.orders import get_order, lock_order, record_shipped


async def ship(
    tx: Tx, *, order_id: UUID, actor: SellerMember, carrier: str, tracking_number: str, lines: Sequence[Pick] | None,
    now: datetime, auto_receive_after: timedelta,
) -> Fulfilment:  # fmt: skip
    """Ship units of an order that is paid, or whose money is authorized, in one parcel: `lines` are (order line, units), None takes all that is left.

    Received by itself `auto_receive_after` later. Refuses, having written nothing once the caller rolls back:
    an order of another seller (NotFound), NotPaid, UnknownCarrier, BadTrackingNumber, BadParcel,
    NothingToShip, and more units than are left or lines of another order (`over_shipped`).
    """
    by = find_carrier(carrier)
    number = clean_tracking_number(by, tracking_number)
    await get_order(tx, order_id=order_id, actor=actor)
    view = await lock_order(tx, order_id=order_id)
    order = view.order
    if not takes_parcels(order):
        raise NotPaid
    picks = choose_lines(view.lines, lines)
    # The order's own guard comes first, so that a parcel is only ever written for units that exist.
    packed = await record_shipped(tx, view=view, lines=picks, now=now)
    units = [FulfilmentLine(line_id, quantity, tuple(packed.get(line_id, ()))) for line_id, quantity in picks]
    fulfilment_id = new_id()
    await store.plan_parcel(
        tx, fulfilment_id=fulfilment_id, purchase_id=order.purchase_id, order_id=order_id, seller_id=order.seller_id,
        carrier=by.code, tracking_number=number, lines=units, now=now,
    )  # fmt: skip
    await advance(tx, fulfilment_id=fulfilment_id, to="picked", now=now)
    parcel = await advance(
        tx, fulfilment_id=fulfilment_id, to="shipped", now=now, auto_receive_after=auto_receive_after
    )
    event = ParcelShipped.of(parcel, actor=actor, order_number=order.number)
    await publish(tx, [event], now=now)
    return parcel
