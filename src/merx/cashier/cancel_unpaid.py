"""What cancelling an unpaid purchase writes."""

from datetime import datetime

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory import release_holds
from merx.kit.actors import Buyer, System, account_of
from merx.ledger import Transfer, post, reversed_transfer, sale_transfers
from merx.orders import OrderState, Purchase, PurchaseCancelled, SoldOrder, advance_purchases


async def cancel_unpaid(
    tx: Tx, purchase: Purchase, *, reason: str, actor: Buyer | System, now: datetime
) -> bool:
    """Cancel a purchase that waits for payment: holds released, orders cancelled, the sale booked back.

    False when it is no longer waiting. The purchase must be locked.
    """
    orders = await advance_purchases(
        tx, purchase_ids=[purchase.id], to=OrderState.CANCELLED, now=now,
        sources=[OrderState.PENDING_PAYMENT.value], cancel_reason=reason,
    )  # fmt: skip
    if not orders:
        return False
    released = await release_holds(tx, purchase_ids=[purchase.id], now=now)
    booked = [transfer for order in orders for transfer in booked_sale(order, leg="sale")]
    await post(
        tx, [reversed_transfer(each, leg=each.leg.replace("sale:", "cancel:")) for each in booked], now=now
    )
    variants = tuple(sorted({hold.variant_id for hold in released}))
    event = PurchaseCancelled(purchase.id, purchase.number, reason, variants, actor_id=account_of(actor))
    await publish(tx, [event], now=now)
    return True


def booked_sale(order: SoldOrder, *, leg: str) -> list[Transfer]:
    """The transfers an order's sale makes."""
    return sale_transfers(
        order_id=order.id, purchase_id=order.purchase_id, seller_id=order.seller_id, currency=order.currency,
        goods=order.seller_goods, shipping=order.seller_shipping, tax=order.tax, shipping_tax=order.shipping_tax,
        funded=order.funded, leg=leg,
    )  # fmt: skip
