"""What cancelling a purchase that was served on an authorization writes: the opposite of its sale, in stock and in the books."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from merx.cashier.cancel_unpaid import booked_sale
from merx.cashier.errors import AlreadyShipped
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory import return_sold, take_back
from merx.kit.actors import Actor, account_of
from merx.kit.events import Event
from merx.ledger import post, reversed_transfer
from merx.orders import (
    OrderCancelled,
    OrderState,
    Purchase,
    PurchaseCancelled,
    can_cancel,
    cancel_authorized_orders,
    orders_of_purchase,
)
from merx.payments import PaymentState, expire_payments, lock_payment, payments_of, want_void


async def cancel_unshipped(
    tx: Tx, purchase: Purchase, *, reason: str, actor: Actor, now: datetime
) -> list[UUID] | None:
    """Cancel a locked purchase whose money is authorized and of which nothing was shipped.

    All its units are on the shelf again. Returns the payments that are to be voided, None when the purchase
    is not served on an authorization. Raises AlreadyShipped.
    """
    if not _is_authorized(purchase):
        return None
    if not can_cancel(purchase, await orders_of_purchase(tx, purchase_id=purchase.id)):
        raise AlreadyShipped
    unwanted = await _give_up(tx, purchase, now=now)
    variants = await return_sold(tx, purchase_id=purchase.id, now=now)
    await _cancel(tx, purchase, reason=reason, variants=variants, actor=actor, now=now)
    return unwanted


async def cancel_undelivered(
    tx: Tx, purchase: Purchase, *, back: Mapping[UUID, int], actor: Actor, now: datetime
) -> list[UUID] | None:
    """Cancel a locked purchase that was refused at the door.

    `back` says by line how many units are sold again; the other units are written off: they stay sold.
    Returns the payments that are to be voided, None when the purchase is not served on an authorization.
    """
    if not _is_authorized(purchase):
        return None
    unwanted = await _give_up(tx, purchase, now=now)
    await take_back(tx, purchase_id=purchase.id, return_id=purchase.id, units=back, now=now)
    await _cancel(tx, purchase, reason="undelivered", variants=(), actor=actor, now=now)
    return unwanted


def _is_authorized(purchase: Purchase) -> bool:
    return (
        purchase.state is OrderState.PLACED
        and purchase.authorized_at is not None
        and purchase.paid_at is None
    )


async def _give_up(tx: Tx, purchase: Purchase, *, now: datetime) -> list[UUID]:
    """Give up the purchase's payments: authorizations are to be voided, unstarted attempts will never start."""
    unwanted = []
    for payment in await payments_of(tx, [purchase.id]):
        locked = await lock_payment(tx, payment.id)
        if locked.state is PaymentState.AUTHORIZED:
            await want_void(tx, payment_id=payment.id, now=now)
            unwanted.append(payment.id)
    await expire_payments(tx, purchase_ids=[purchase.id], closed=[])
    return unwanted


async def _cancel(
    tx: Tx, purchase: Purchase, *, reason: str, variants: Collection[UUID], actor: Actor, now: datetime
) -> None:  # fmt: skip
    orders = await cancel_authorized_orders(tx, purchase_id=purchase.id, reason=reason)
    booked = [transfer for order in orders for transfer in booked_sale(order, leg="sale")]
    legs = [reversed_transfer(each, leg=each.leg.replace("sale:", "void:")) for each in booked]
    await post(tx, legs, now=now)
    events: list[Event] = [
        OrderCancelled(
            purchase.id, order.id, order.number, order.seller_id, reason, actor_id=account_of(actor)
        )
        for order in orders
    ]
    events.append(
        PurchaseCancelled(
            purchase.id, purchase.number, reason, tuple(sorted(variants)), actor_id=account_of(actor)
        )
    )
    await publish(tx, events, now=now)
