"""Confirm a payment: the one transition money goes through, whether a notice, our query or a job reports it.

Locks the purchase, then the payment, then stock. In the same transaction: the payment is captured and booked, the holds
become sales, the orders are placed, and the events say so.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from merx.cashier.order_events import order_paid
from merx.cashier.pay_authorized import is_served, pay_authorized
from merx.cashier.secure_stock import book_again, give_up, secure_stock
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory import consume_holds
from merx.kit.actors import System
from merx.orders import OrderState, Purchase, SoldOrder, advance_purchases, lock_purchase
from merx.payments import Fact, NewRefund, Payment, lock_payment, record_captured, request_refund

ALREADY: Final = "already_captured"
PLACED: Final = "placed"
REFUNDED: Final = "refund_approved"
_UNUSED: Final = System("confirm_payment")


class StockNotHeld(Exception):
    """Purchases whose holds do not cover their orders; the transaction must not be committed."""

    def __init__(self, purchase_ids: set[UUID]) -> None:
        self.purchase_ids = purchase_ids
        super().__init__(f"{len(purchase_ids)} purchases do not hold their stock")


async def confirm_payment(tx: Tx, *, purchase_id: UUID, payment_id: UUID, fact: Fact, now: datetime) -> str:
    """Record captured money and do what it pays for. Applying it again changes nothing.

    Returns "placed", "already_captured", or "refund_approved" when the purchase cannot use the money: another payment
    came first, or the stock is gone. Raises AmountMismatch, ReferenceTaken.
    """
    purchase = await lock_purchase(tx, purchase_id=purchase_id)
    payment = await lock_payment(tx, payment_id)
    if not await record_captured(tx, payment=payment, fact=fact, now=now):
        return ALREADY
    if await pay_authorized(tx, purchase, payment, now=now):
        return PLACED
    if is_served(purchase):
        await _refund(tx, payment, reason="duplicate_payment", now=now)
        return REFUNDED
    if not await secure_stock(tx, purchase, now=now):
        await give_up(tx, purchase, now=now)
        await _refund(tx, payment, reason="late_payment", now=now)
        return REFUNDED
    orders = await place_paid(tx, purchases=[purchase], now=now)
    if purchase.state == OrderState.CANCELLED:
        await book_again(tx, orders, now=now)
    return PLACED


async def place_paid(tx: Tx, *, purchases: Sequence[Purchase], now: datetime) -> list[SoldOrder]:
    """What captured money does, for any number of locked purchases: holds become sales, orders are placed, events say so.

    Returns the orders. Raises StockNotHeld when a purchase does not hold every unit of its orders.
    """
    purchase_ids = [purchase.id for purchase in purchases]
    sold = Counter[UUID]()
    for hold in await consume_holds(tx, purchase_ids=purchase_ids, now=now):
        sold[hold.purchase_id] += hold.quantity
    orders = await advance_purchases(tx, purchase_ids=purchase_ids, to=OrderState.PLACED, now=now)
    for order in orders:
        sold[order.purchase_id] -= order.units
    short = {purchase_id for purchase_id in purchase_ids if sold[purchase_id] != 0}
    if short:
        raise StockNotHeld(short)
    by_id = {purchase.id: purchase for purchase in purchases}
    await publish(tx, [order_paid(by_id[order.purchase_id], order) for order in orders], now=now)
    return orders


async def _refund(tx: Tx, payment: Payment, *, reason: str, now: datetime) -> None:
    """Money the purchase cannot use goes back whole."""
    captured = await lock_payment(tx, payment.id)
    refund = NewRefund(reason=reason, amount=captured.captured)
    await request_refund(tx, payment=captured, refund=refund, actor=_UNUSED, now=now)
