"""A buyer refused the parcel at the door, and the cash with it: the goods come back and the sale never was."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.cashier import cancel_undelivered, cash_payment
from merx.fulfilment import bring_back
from merx.infra.db import Tx
from merx.kit.actors import SellerMember, Staff
from merx.orders import get_order, lock_order, lock_purchase
from merx.payments import PaymentMoved
from merx.payments.providers import ProviderRegistry
from merx.returns.errors import BadReturn
from merx.returns.model import Wanted


async def record_undelivered(
    tx: Tx,
    providers: ProviderRegistry,
    *,
    order_id: UUID,
    actor: SellerMember | Staff,
    restocked: Sequence[Wanted],
    now: datetime,
) -> list[UUID]:
    """Cancel an order that was to be paid at the door; `restocked` units of its parcels are sold again, others not.

    What was never shipped is sold again, too. Returns the payments that the caller has to void once this is committed. Raises UnknownOrder,
    UnknownPayment when it is not paid at the door, PaymentMoved when the cash is here, BadReturn, BadParcel,
    NothingUndelivered, ParcelMoved.
    """
    await get_order(tx, order_id=order_id, actor=actor)
    view = await lock_order(tx, order_id=order_id)
    payment = await cash_payment(tx, providers, purchase_id=view.order.purchase_id)
    known = {line.id for line in view.lines}
    back = {each.order_line_id: each.quantity for each in restocked}
    if len(back) < len(restocked) or not back.keys() <= known or any(units < 0 for units in back.values()):
        raise BadReturn
    purchase = await lock_purchase(tx, purchase_id=view.order.purchase_id)
    if view.order.payment_status != "authorized":
        raise PaymentMoved(state=payment.state.value)
    await bring_back(tx, order_id=order_id, restocked=back, actor=actor, now=now)
    units = {line.id: back.get(line.id, 0) + line.to_ship for line in view.lines}
    unwanted = await cancel_undelivered(tx, purchase, back=units, actor=actor, now=now)
    if unwanted is None:
        raise PaymentMoved(state=payment.state.value)
    return unwanted
