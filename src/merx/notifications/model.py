"""Notifications and mails, and what each kind of them says about what happened."""

from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec

Kind = Literal[
    "order_paid",
    "order_authorized",
    "order_withdrawn",
    "payment_confirmed",
    "parcel_shipped",
    "return_for_buyer",
    "return_for_seller",
    "dispute_for_seller",
    "dispute_for_staff",
]


class OrderPaid(msgspec.Struct, frozen=True):
    """For a seller: an order of theirs is paid. `total` is in minor units."""

    order_id: UUID
    order_number: str
    total: int
    currency: str


class OrderAuthorized(msgspec.Struct, frozen=True):
    """For a seller: an order of theirs may be shipped, its money is promised. `total` is in minor units."""

    order_id: UUID
    order_number: str
    total: int
    currency: str
    provider: str


class OrderWithdrawn(msgspec.Struct, frozen=True):
    """For a seller: an order whose money was only promised is cancelled, do not ship it."""

    order_id: UUID
    order_number: str


class PaymentConfirmed(msgspec.Struct, frozen=True):
    """For a buyer: the money they paid by an offline method has arrived. `amount` is in minor units.

    The order is the first of their purchase.
    """

    purchase_id: UUID
    order_id: UUID
    order_number: str
    amount: int
    currency: str


class ParcelShipped(msgspec.Struct, frozen=True):
    """For a buyer: a parcel of an order is on its way."""

    purchase_id: UUID
    order_id: UUID
    order_number: str
    carrier: str
    tracking_number: str


class ReturnMoved(msgspec.Struct, frozen=True):
    """For both sides: an after-sales case came a step further. `step` is the event's kind, `amount` in minor units."""

    purchase_id: UUID
    order_id: UUID
    order_number: str
    return_id: UUID
    step: str
    amount: int
    currency: str
    exchange: bool = False
    """Goods are sent instead of money."""


class DisputeTold(msgspec.Struct, frozen=True):
    """For sellers and staff: a card's holder objects to a payment, or it was decided. `amount` is in minor units.

    `state` is how it stands, `due_at` until when evidence may be handed in.
    """

    order_id: UUID
    order_number: str
    state: str
    amount: int
    currency: str
    due_at: datetime | None


Facts = (
    OrderPaid
    | OrderAuthorized
    | OrderWithdrawn
    | PaymentConfirmed
    | ParcelShipped
    | ReturnMoved
    | DisputeTold
)


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a person's account; unread while `read_at` is None."""

    event_id: UUID
    kind: Kind
    facts: Facts
    created_at: datetime
    read_at: datetime | None


class NotificationPage(msgspec.Struct, frozen=True):
    """Notifications, newest first."""

    items: list[Notification]
    next_cursor: str | None


class Wording(msgspec.Struct, frozen=True):
    """A notification in one language: its title, its text, and the page it is about (a path)."""

    title: str
    text: str
    path: str


class QueuedMail(msgspec.Struct, frozen=True):
    """A mail that this process has claimed; `attempts` counts this one."""

    id: UUID
    account_id: UUID
    kind: Kind
    data: dict[str, Any]
    attempts: int
    created_at: datetime


class Letter(msgspec.Struct, frozen=True):
    """A mail ready to be sent; `id` stays the same when it is sent again."""

    id: UUID
    to: str
    subject: str
    text: str
    locale: str


class Mailer(Protocol):
    """Sends letters. `public_url` is the address of the shop that their links begin with."""

    public_url: str

    async def send(self, letter: Letter, *, now: datetime) -> None:
        """Hand a letter over. Raises MailRefused (never will) or MailUnavailable (try again)."""
