"""Where an order is, and its steps: done, and still to come. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from merx.orders import Order, OrderState
from merx.queries.parcels import SeenParcel

_ON_ITS_WAY: Final = {"shipped": "shipped", "delivered": "delivered", "received": "closed"}


class OrderStep(msgspec.Struct, frozen=True):
    """One step of an order; `at` may be unknown although it is done."""

    code: Literal["ordered", "paid", "shipped", "delivered", "received", "cancelled"]
    at: datetime | None
    done: bool


def progress_of(order: Order) -> str:
    """One word for where an order is, from its state, its money and its parcels."""
    if order.state != OrderState.PLACED:
        return str(order.state)
    unpaid = "authorized" if order.payment_status == "authorized" else "placed"
    return _ON_ITS_WAY.get(order.fulfilment_status, unpaid)


def order_steps(
    order: Order, parcels: Sequence[SeenParcel], *, paid_at: datetime | None, at_the_door: bool
) -> tuple[OrderStep, ...]:
    """What happened to an order and what is still to come, the payment where it belongs: before the goods or after."""
    paid = order.payment_status not in ("unpaid", "authorized")
    ordered, payment = OrderStep("ordered", order.placed_at, done=True), OrderStep("paid", paid_at, done=paid)
    if order.state == OrderState.CANCELLED:
        cancelled = OrderStep("cancelled", None, done=True)
        return (ordered, payment, cancelled) if paid else (ordered, cancelled)
    shipped = [parcel.shipped_at for parcel in parcels if parcel.shipped_at]
    delivered = [parcel.delivered_at for parcel in parcels if parcel.delivered_at]
    there = order.fulfilment_status in {"delivered", "received"}
    steps = [
        ordered,
        OrderStep("shipped", min(shipped, default=None), done=bool(shipped)),
        OrderStep("delivered", max(delivered, default=None) if there else None, done=there),
        OrderStep("received", order.received_at, done=order.fulfilment_status == "received"),
    ]
    if order.payment_status == "authorized":
        later = 2 if at_the_door else 1
    else:
        later = sum(1 for at in (steps[1].at, steps[2].at) if at and paid_at and at <= paid_at)
    steps.insert(1 + later, payment)
    return tuple(steps)
