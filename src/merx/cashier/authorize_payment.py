"""Authorize a payment: its money is sure, not there. The purchase is placed on the authorization and may be shipped.

The sale was booked when the purchase was made and the buyer still owes it; the ledger moves when the money is taken.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from merx.cashier.order_events import order_authorized
from merx.cashier.pay_authorized import is_served
from merx.cashier.secure_stock import book_again, give_up, secure_stock
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory import consume_holds
from merx.orders import OrderState, lock_purchase, place_authorized
from merx.payments import Fact, lock_payment, record_authorized, want_void

ALREADY: Final = "already_authorized"
PLACED: Final = "placed"
VOID_WANTED: Final = "void_wanted"


async def authorize_payment(tx: Tx, *, purchase_id: UUID, payment_id: UUID, fact: Fact, now: datetime) -> str:
    """Record authorized money and place the purchase on it. Applying it again changes nothing.

    Returns "placed", "already_authorized", or "void_wanted" when the purchase cannot use the authorization: another
    payment came first, or the stock is gone. A job then gives it back. Raises AmountMismatch.
    """
    purchase = await lock_purchase(tx, purchase_id=purchase_id)
    payment = await lock_payment(tx, payment_id)
    if not await record_authorized(tx, payment=payment, fact=fact, now=now):
        return ALREADY
    if is_served(purchase):
        await want_void(tx, payment_id=payment_id, now=now)
        return VOID_WANTED
    if not await secure_stock(tx, purchase, now=now):
        await give_up(tx, purchase, now=now)
        await want_void(tx, payment_id=payment_id, now=now)
        return VOID_WANTED
    await consume_holds(tx, purchase_ids=[purchase_id], now=now)
    orders = await place_authorized(tx, purchase_id=purchase_id, now=now)
    if purchase.state == OrderState.CANCELLED:
        await book_again(tx, orders, now=now)
    events = [order_authorized(purchase, order, provider=payment.provider) for order in orders]
    await publish(tx, events, now=now)
    return PLACED
