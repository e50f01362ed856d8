"""Turn events into notifications and queued mails. Handling an event twice changes nothing."""

from collections.abc import Sequence
from uuid import UUID

from merx import fulfilment, orders, payments
from merx.accounts import staff_ids
from merx.infra.db import Tx
from merx.infra.outbox import Heard
from merx.kit.events import Event
from merx.notifications import store
from merx.notifications.model import (
    DisputeTold,
    Facts,
    Kind,
    OrderAuthorized,
    OrderPaid,
    OrderWithdrawn,
    ParcelShipped,
    PaymentConfirmed,
    ReturnMoved,
)
from merx.orders import Order, first_order, order_for_review, orders_of_purchase
from merx.returns import ReturnEvent
from merx.sellers import member_ids


async def tell_seller_paid(tx: Tx, heard: Heard[orders.OrderPaid]) -> None:
    """On OrderPaid: tell everybody who works for the seller.

    Of an order whose money was promised they know; they have it, or have sent it.
    """
    paid = heard.event
    if paid.promised:
        return
    facts = OrderPaid(
        order_id=paid.order_id, order_number=paid.order_number, total=paid.total, currency=paid.currency
    )
    await _tell(tx, heard, await member_ids(tx, seller_id=paid.seller_id), kind="order_paid", facts=facts)


async def tell_seller_authorized(tx: Tx, heard: Heard[orders.OrderAuthorized]) -> None:
    """On OrderAuthorized: tell everybody who works for the seller."""
    promised = heard.event
    facts = OrderAuthorized(
        order_id=promised.order_id,
        order_number=promised.order_number,
        total=promised.total,
        currency=promised.currency,
        provider=promised.provider,
    )
    await _tell(
        tx, heard, await member_ids(tx, seller_id=promised.seller_id), kind="order_authorized", facts=facts
    )


async def tell_seller_withdrawn(tx: Tx, heard: Heard[orders.OrderCancelled]) -> None:
    """On OrderCancelled of an order whose money was only promised: tell its seller not to ship it.

    Nobody is told what they did themselves, nor of what after-sales cancelled.
    """
    order = heard.event
    if order.reason not in ("buyer", "staff"):
        return
    await _tell(
        tx,
        heard,
        await member_ids(tx, seller_id=order.seller_id),
        kind="order_withdrawn",
        facts=OrderWithdrawn(order_id=order.order_id, order_number=order.order_number),
    )


async def tell_buyer_confirmed(tx: Tx, heard: Heard[payments.PaymentConfirmed]) -> None:
    """On PaymentConfirmed: tell the buyer, if they have an account."""
    confirmed = heard.event
    account_id, order_id, number = await first_order(tx, purchase_id=heard.event.purchase_id)
    if account_id is None:
        return
    await _tell(
        tx,
        heard,
        [account_id],
        kind="payment_confirmed",
        facts=PaymentConfirmed(
            purchase_id=heard.event.purchase_id,
            order_id=order_id,
            order_number=number,
            amount=confirmed.amount,
            currency=confirmed.currency,
        ),
    )


async def tell_buyer_shipped(tx: Tx, heard: Heard[fulfilment.ParcelShipped]) -> None:
    """On ParcelShipped: tell the buyer, if they have an account."""
    shipped = heard.event
    order = await order_for_review(tx, order_id=shipped.order_id)
    if order is None or order.account_id is None:
        return
    facts = ParcelShipped(
        purchase_id=heard.event.purchase_id,
        order_id=shipped.order_id,
        order_number=shipped.order_number,
        carrier=shipped.carrier,
        tracking_number=shipped.tracking_number,
    )
    await _tell(tx, heard, [order.account_id], kind="parcel_shipped", facts=facts)


async def tell_dispute(tx: Tx, heard: Heard[payments.DisputeEvent]) -> None:
    """On DisputeOpened and DisputeClosed: tell the platform's staff, and the members of every seller of the purchase."""
    told = heard.event
    recipients: list[tuple[Kind, Order, list[UUID]]] = []
    for order in await orders_of_purchase(tx, purchase_id=heard.event.purchase_id):
        if not recipients:
            recipients.append(("dispute_for_staff", order, await staff_ids(tx)))
        recipients.append(("dispute_for_seller", order, await member_ids(tx, seller_id=order.seller_id)))
    for kind, order, account_ids in recipients:
        if account_ids:
            facts = DisputeTold(
                order_id=order.id,
                order_number=order.number,
                state=told.state,
                amount=told.amount,
                currency=told.currency,
                due_at=told.due_at,
            )
            await _tell(tx, heard, account_ids, kind=kind, facts=facts)


async def tell_return(tx: Tx, heard: Heard[ReturnEvent]) -> None:
    """On every step of an after-sales case: tell the seller's members, and the buyer, if they have an account."""
    step = heard.event
    order = await order_for_review(tx, order_id=step.order_id)
    buyers = [order.account_id] if order is not None and order.account_id is not None else []
    facts = ReturnMoved(
        purchase_id=heard.event.purchase_id,
        order_id=step.order_id,
        order_number=step.order_number,
        return_id=step.return_id,
        step=type(step).__name__,
        amount=step.amount,
        currency=step.currency,
        exchange=step.kind == "exchange" and not step.refunded,
    )
    told: list[tuple[Kind, list[UUID]]] = [
        ("return_for_buyer", buyers),
        ("return_for_seller", await member_ids(tx, seller_id=step.seller_id)),
    ]
    for kind, account_ids in told:
        if account_ids:
            await _tell(tx, heard, account_ids, kind=kind, facts=facts)


async def _tell(
    tx: Tx, heard: Heard[Event], account_ids: Sequence[UUID], *, kind: Kind, facts: Facts
) -> None:
    await store.insert(
        tx, event_id=heard.id, account_ids=account_ids, kind=kind, data=facts, created_at=heard.created_at
    )
