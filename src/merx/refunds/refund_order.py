"""Refund units of an order: the one way in which money of a sale goes back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.kit.actors import Actor
from merx.kit.money import Money
from merx.orders import LineRefund, OrderView, record_refund_approved
from merx.payments import (
    NewRefund,
    Payment,
    RefundLine,
    RefundTooLarge,
    lock_payment,
    payments_of,
    request_refund,
)
from merx.refunds.refund_rules import UnitsBack, delivery_share, reduced, share_of, worth_of


async def refund_order(
    tx: Tx,
    *,
    view: OrderView,
    units: Sequence[UnitsBack],
    amount: int | None,
    delivered: bool,
    actor: Actor,
    now: datetime,
) -> tuple[UUID, int]:
    """Approve the refund of units of a locked order; `amount`, if given, is less than they are worth.

    Returns the refund's id and its amount in minor units. `delivered` says whether every parcel of the order that left
    has been delivered. Raises RefundTooLarge when the money went back already.
    """
    worth = worth_of(view, units)
    if amount is not None and amount < worth.total:
        worth = reduced(worth, amount)
    order, lines = view.order, {line.id: line for line in view.lines}
    taken: list[LineRefund] = []
    parts: list[RefundLine] = []
    for each in units:
        line, part = lines[each.order_line_id], worth.lines[each.order_line_id]
        tax = share_of(line.tax, paid=line.paid, before=line.refunded_amount, amount=part)
        funded = share_of(line.funded, paid=line.paid, before=line.refunded_amount, amount=part)
        taken.append(LineRefund(line.id, each.quantity, each.unshipped, part, tax))
        if part:
            parts.append(RefundLine(line.id, part, tax, funded))
    refund = NewRefund(
        reason="after_sales",
        amount=worth.total,
        order_id=order.id,
        lines=parts,
        shipping=worth.shipping,
        shipping_tax=delivery_share(order.shipping_tax, order=order, worth=worth),
        shipping_funded=delivery_share(order.shipping_funded, order=order, worth=worth),
    )
    payment = await _paid_by(tx, order.purchase_id, refund.amount, order.currency)
    refund_id = await request_refund(tx, payment=payment, refund=refund, actor=actor, now=now)
    await record_refund_approved(
        tx, order_id=order.id, lines=taken, shipping=worth.shipping, delivered=delivered, now=now
    )
    return refund_id, refund.amount


async def _paid_by(tx: Tx, purchase_id: UUID, amount: int, currency: str) -> Payment:
    """Lock the payment that still has the money: a second one of the purchase was given back whole."""
    found = [each for each in await payments_of(tx, [purchase_id]) if each.refundable >= amount > 0]
    if not found:
        raise RefundTooLarge(refundable=f"{Money(0, currency).decimal()} {currency}")
    return await lock_payment(tx, found[0].id)
