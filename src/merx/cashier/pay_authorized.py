"""When authorized money arrives: the purchase is served already, so its orders become paid and nothing else moves."""

from datetime import datetime

from merx.cashier.order_events import order_paid
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.orders import OrderState, Purchase, record_authorized_paid
from merx.payments import Payment, PaymentState


async def pay_authorized(tx: Tx, purchase: Purchase, payment: Payment, *, now: datetime) -> bool:
    """Mark the orders paid that this payment, as it was before its capture, had authorized.

    False when it had authorized nothing, or its authorization was to be voided: another attempt came first, or the
    purchase was cancelled.
    """
    if payment.state is not PaymentState.AUTHORIZED or payment.void_wanted_at is not None:
        return False
    orders = await record_authorized_paid(tx, purchase_id=purchase.id, now=now)
    await publish(tx, [order_paid(purchase, order, promised=True) for order in orders], now=now)
    return bool(orders)


def is_served(purchase: Purchase) -> bool:
    """Whether a purchase has had its goods, or their price back: it can use no (further) money, nor an authorization."""
    over = purchase.cancel_reason == "refunded" or purchase.authorized_at is not None
    return purchase.state in (OrderState.PLACED, OrderState.CLOSED) or over
