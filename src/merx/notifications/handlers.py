"""Turn events into notifications and queued mails. Handling an event twice changes nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.accounts import staff_ids
from merx.infra.db import Tx
from merx.infra.outbox import StoredEvent
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
from merx.sellers import member_ids


class _PaidEvent(msgspec.Struct, frozen=True):
    """The data of OrderPaid."""

    order_id: UUID
    order_number: str
    seller_id: UUID
    total: int
    currency: str
    promised: bool = False


class _AuthorizedEvent(msgspec.Struct, frozen=True):
    """The data of OrderAuthorized."""

    order_id: UUID
    order_number: str
    seller_id: UUID
    total: int
    currency: str
    provider: str


class _CancelledEvent(msgspec.Struct, frozen=True):
    """The data of OrderCancelled; `reason` is there when its money had only been promised."""

    order_id: UUID
    order_number: str
    seller_id: UUID
    reason: str = ""


class _ConfirmedEvent(msgspec.Struct, frozen=True):
    """The data of PaymentConfirmed."""

    amount: int
    currency: str


class _ShippedEvent(msgspec.Struct, frozen=True):
    """The data of ParcelShipped."""

    order_id: UUID
    order_number: str
    carrier: str
    tracking_number: str


class _ReturnEvent(msgspec.Struct, frozen=True):
    """The data of an event of after-sales."""

    return_id: UUID
    order_id: UUID
    order_number: str
    seller_id: UUID
    amount: int
    currency: str
    kind: str
    refunded: bool = False


class _DisputeEvent(msgspec.Struct, frozen=True):
    """The data of DisputeOpened and DisputeClosed."""

    state: str
    amount: int
    currency: str
    due_at: datetime | None = None


async def tell_seller_paid(tx: Tx, event: StoredEvent) -> None:
    """On OrderPaid: tell everybody who works for the seller. Raises msgspec.ValidationError on other data.

    Of an order whose money was promised they know; they have it, or have sent it.
    """
    paid = msgspec.convert(event.data, type=_PaidEvent)
    if paid.promised:
        return
    facts = OrderPaid(
        order_id=paid.order_id, order_number=paid.order_number, total=paid.total, currency=paid.currency
    )
    await _tell(tx, event, await member_ids(tx, seller_id=paid.seller_id), kind="order_paid", facts=facts)


async def tell_seller_authorized(tx: Tx, event: StoredEvent) -> None:
    """On OrderAuthorized: tell everybody who works for the seller. Raises msgspec.ValidationError on other data."""
    promised = msgspec.convert(event.data, type=_AuthorizedEvent)
    facts = OrderAuthorized(
        order_id=promised.order_id,
        order_number=promised.order_number,
        total=promised.total,
        currency=promised.currency,
        provider=promised.provider,
    )
    await _tell(
        tx, event, await member_ids(tx, seller_id=promised.seller_id), kind="order_authorized", facts=facts
    )


async def tell_seller_withdrawn(tx: Tx, event: StoredEvent) -> None:
    """On OrderCancelled of an order whose money was only promised: tell its seller not to ship it.

    Nobody is told what they did themselves, nor of what after-sales cancelled. Raises msgspec.ValidationError on other
    data.
    """
    order = msgspec.convert(event.data, type=_CancelledEvent)
    if order.reason not in ("buyer", "staff"):
        return
    await _tell(
        tx,
        event,
        await member_ids(tx, seller_id=order.seller_id),
        kind="order_withdrawn",
        facts=OrderWithdrawn(order_id=order.order_id, order_number=order.order_number),
    )


async def tell_buyer_confirmed(tx: Tx, event: StoredEvent) -> None:
    """On PaymentConfirmed: tell the buyer, if they have an account. Raises msgspec.ValidationError on other data."""
    confirmed = msgspec.convert(event.data, type=_ConfirmedEvent)
    account_id, order_id, number = await first_order(tx, purchase_id=event.subject_id)
    if account_id is None:
        return
    await _tell(
        tx,
        event,
        [account_id],
        kind="payment_confirmed",
        facts=PaymentConfirmed(
            purchase_id=event.subject_id,
            order_id=order_id,
            order_number=number,
            amount=confirmed.amount,
            currency=confirmed.currency,
        ),
    )


async def tell_buyer_shipped(tx: Tx, event: StoredEvent) -> None:
    """On ParcelShipped: tell the buyer, if they have an account. Raises msgspec.ValidationError on other data."""
    shipped = msgspec.convert(event.data, type=_ShippedEvent)
    order = await order_for_review(tx, order_id=shipped.order_id)
    if order is None or order.account_id is None:
        return
    facts = ParcelShipped(
        purchase_id=event.subject_id,
        order_id=shipped.order_id,
        order_number=shipped.order_number,
        carrier=shipped.carrier,
        tracking_number=shipped.tracking_number,
    )
    await _tell(tx, event, [order.account_id], kind="parcel_shipped", facts=facts)


async def tell_dispute(tx: Tx, event: StoredEvent) -> None:
    """On DisputeOpened and DisputeClosed: tell the platform's staff, and the members of every seller of the purchase.

    Raises msgspec.ValidationError on other data.
    """
    told = msgspec.convert(event.data, type=_DisputeEvent)
    recipients: list[tuple[Kind, Order, list[UUID]]] = []
    for order in await orders_of_purchase(tx, purchase_id=event.subject_id):
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
            await _tell(tx, event, account_ids, kind=kind, facts=facts)


async def tell_return(tx: Tx, event: StoredEvent) -> None:
    """On every step of an after-sales case: tell the seller's members, and the buyer, if they have an account.

    Raises msgspec.ValidationError on other data.
    """
    step = msgspec.convert(event.data, type=_ReturnEvent)
    order = await order_for_review(tx, order_id=step.order_id)
    buyers = [order.account_id] if order is not None and order.account_id is not None else []
    facts = ReturnMoved(
        purchase_id=event.subject_id,
        order_id=step.order_id,
        order_number=step.order_number,
        return_id=step.return_id,
        step=event.kind,
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
            await _tell(tx, event, account_ids, kind=kind, facts=facts)


async def _tell(tx: Tx, event: StoredEvent, account_ids: Sequence[UUID], *, kind: Kind, facts: Facts) -> None:
    await store.insert(
        tx, event_id=event.id, account_ids=account_ids, kind=kind, data=facts, created_at=event.created_at
    )
