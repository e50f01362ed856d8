"""Confirm a payment: the one transition money goes through, whether a notice, our query or a job reports it.

Locks the purchase, then the payment, then stock. In the same transaction: the payment is captured and booked, the holds
become sales, the orders are placed, and the events say so.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from merx.checkout.cancel_rows import booked_sale, cancel_rows
from merx.infra.db import Record, Tx
from merx.infra.outbox import Event, publish
from merx.inventory import Claim, consume_holds, expire_holds, hold_stock, lock_stock, lock_stock_of
from merx.kit.ids import new_id
from merx.ledger import post
from merx.orders import OrderState, Purchase, advance_purchases, lock_purchase, units_without_hold
from merx.payments import Fact, NewRefund, Payment, lock_payment, record_captured, request_refund

ALREADY: Final = "already_captured"
PLACED: Final = "placed"
REFUNDED: Final = "refund_approved"


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
    if purchase.state in (OrderState.PLACED, OrderState.CLOSED) or purchase.cancel_reason == "refunded":
        await _refund(tx, payment, reason="duplicate_payment", now=now)
        return REFUNDED
    if not await _secure_stock(tx, purchase, now=now):
        await _give_up(tx, purchase, now=now)
        await _refund(tx, payment, reason="late_payment", now=now)
        return REFUNDED
    orders = await place_paid(tx, purchases=[purchase], now=now)
    if purchase.state == OrderState.CANCELLED:
        await _book_again(tx, orders, now=now)
    return PLACED


async def place_paid(tx: Tx, *, purchases: Sequence[Purchase], now: datetime) -> list[Record]:
    """What captured money does, for any number of locked purchases: holds become sales, orders are placed, events say so.

    Returns the orders. Raises StockNotHeld when a purchase does not hold every unit of its orders.
    """
    purchase_ids = [purchase.id for purchase in purchases]
    sold = Counter[UUID]()
    for hold in await consume_holds(tx, purchase_ids=purchase_ids, now=now):
        sold[hold.purchase_id] += hold.quantity
    orders = await advance_purchases(tx, purchase_ids=purchase_ids, to=OrderState.PLACED, now=now)
    for order in orders:
        sold[order["purchase_id"]] -= order["units"]
    short = {purchase_id for purchase_id in purchase_ids if sold[purchase_id] != 0}
    if short:
        raise StockNotHeld(short)
    by_id = {purchase.id: purchase for purchase in purchases}
    await publish(tx, [_paid(by_id[order["purchase_id"]], order) for order in orders], now=now)
    return orders


async def _refund(tx: Tx, payment: Payment, *, reason: str, now: datetime) -> None:
    """Money the purchase cannot use goes back whole."""
    captured = await lock_payment(tx, payment.id)
    refund = NewRefund(reason=reason, amount=captured.captured)
    await request_refund(tx, payment=captured, refund=refund, actor_id=None, now=now)


async def _secure_stock(tx: Tx, purchase: Purchase, *, now: datetime) -> bool:
    """Hold again whatever the purchase no longer holds: its holds were released or ran out and went to others."""
    await lock_stock_of(tx, purchase_ids=[purchase.id])
    missing = await units_without_hold(tx, purchase_id=purchase.id)
    if not missing:
        return True
    demand = Counter[UUID]()
    for _, variant_id, quantity in missing:
        demand[variant_id] += quantity
    sheet = await lock_stock(tx, variant_ids=demand)
    await expire_holds(tx, sheet=sheet, variant_ids=sheet.short(demand), now=now)
    lines = [(variant_id, quantity) for _, variant_id, quantity in missing]
    if sheet.shortages(lines):
        return False
    claims = [
        Claim(new_id(), allotment_id, variant_id, purchase.id, line_id, part)
        for (line_id, variant_id, _), parts in zip(missing, sheet.take(lines), strict=True)
        for allotment_id, part in parts
    ]
    await hold_stock(tx, claims=claims, expires_at=now, now=now)
    return True


async def _give_up(tx: Tx, purchase: Purchase, *, now: datetime) -> None:
    """The purchase waited for this money, but its stock went to others meanwhile: cancel what is left of it."""
    if purchase.state == OrderState.PENDING_PAYMENT:
        await cancel_rows(tx, purchase, reason="expired", now=now)


async def _book_again(tx: Tx, orders: list[Record], *, now: datetime) -> None:
    """A cancelled purchase lives again: its sale was booked back, so it is booked once more."""
    await post(tx, [transfer for order in orders for transfer in booked_sale(order, leg="revived")], now=now)


def _paid(purchase: Purchase, order: Record) -> Event:
    data = {
        "order_id": str(order["id"]), "order_number": order["number"], "seller_id": str(order["seller_id"]),
        "total": order["total"], "currency": order["currency"],
    }  # fmt: skip
    return Event("OrderPaid", purchase.id, data, purchase.account_id)
