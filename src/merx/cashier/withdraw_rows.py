"""What cancelling a purchase that was served on a promise writes: the opposite of its sale, in stock and in the books."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from merx.cashier.cancel_rows import booked_sale
from merx.cashier.errors import AlreadyShipped
from merx.infra.db import Tx
from merx.infra.outbox import Event, publish
from merx.inventory import return_sold, take_back
from merx.ledger import post, reversed_transfer
from merx.orders import OrderState, Purchase, cancel_authorized_orders, has_shipped
from merx.payments import PaymentState, expire_payments, lock_payment, payments_of, want_release


async def withdraw_rows(
    tx: Tx, purchase: Purchase, *, reason: str, actor_id: UUID | None, now: datetime
) -> list[UUID] | None:
    """Cancel a locked purchase whose money is promised and of which nothing was shipped.

    All its units are on the shelf again. Returns the payments whose promise is to be given back, None when the purchase
    is not served on a promise. Raises AlreadyShipped.
    """
    if not _on_a_promise(purchase):
        return None
    if await has_shipped(tx, purchase_id=purchase.id):
        raise AlreadyShipped
    released = await _release(tx, purchase, now=now)
    variants = await return_sold(tx, purchase_id=purchase.id, now=now)
    await _cancel(tx, purchase, reason=reason, variants=variants, actor_id=actor_id, now=now)
    return released


async def undeliver_rows(
    tx: Tx, purchase: Purchase, *, back: Mapping[UUID, int], actor_id: UUID | None, now: datetime
) -> list[UUID] | None:
    """Cancel a locked purchase that was refused at the door.

    `back` says by line how many units are sold again; the other units are written off: they stay sold.
    Returns the payments whose promise is to be given back, None when the purchase is not served on a promise.
    """
    if not _on_a_promise(purchase):
        return None
    released = await _release(tx, purchase, now=now)
    await take_back(tx, purchase_id=purchase.id, return_id=purchase.id, units=back, now=now)
    await _cancel(tx, purchase, reason="undelivered", variants=(), actor_id=actor_id, now=now)
    return released


def _on_a_promise(purchase: Purchase) -> bool:
    return (
        purchase.state is OrderState.PLACED
        and purchase.authorized_at is not None
        and purchase.paid_at is None
    )


async def _release(tx: Tx, purchase: Purchase, *, now: datetime) -> list[UUID]:
    """Give up the purchase's payments: promises go back to the payer, unstarted attempts will never start."""
    released = []
    for payment in await payments_of(tx, [purchase.id]):
        locked = await lock_payment(tx, payment.id)
        if locked.state is PaymentState.AUTHORIZED:
            await want_release(tx, payment_id=payment.id, now=now)
            released.append(payment.id)
    await expire_payments(tx, purchase_ids=[purchase.id], closed=[])
    return released


async def _cancel(
    tx: Tx, purchase: Purchase, *, reason: str, variants: Collection[UUID], actor_id: UUID | None, now: datetime
) -> None:  # fmt: skip
    orders = await cancel_authorized_orders(tx, purchase_id=purchase.id, reason=reason)
    booked = [transfer for order in orders for transfer in booked_sale(order, leg="sale")]
    legs = [reversed_transfer(each, leg=each.leg.replace("sale:", "void:")) for each in booked]
    await post(tx, legs, now=now)
    events = [
        Event(
            "OrderCancelled",
            purchase.id,
            {
                "order_id": str(order["id"]),
                "order_number": order["number"],
                "seller_id": str(order["seller_id"]),
                "reason": reason,
            },
            actor_id,
        )
        for order in orders
    ]
    data = {
        "number": purchase.number,
        "reason": reason,
        "availability_of": sorted(str(variant_id) for variant_id in variants),
    }
    await publish(tx, [*events, Event("PurchaseCancelled", purchase.id, data, actor_id)], now=now)
