"""Nouns of payments. Amounts are minor units of the payment's currency."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class PaymentState(StrEnum):
    """States of one attempt to pay."""

    CREATED = "created"
    ACTION_REQUIRED = "action_required"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    EXPIRED = "expired"
    VOIDED = "voided"


class NewPayment(msgspec.Struct, frozen=True, gc=False):
    """An attempt about to be written."""

    id: UUID
    purchase_id: UUID
    provider: str
    number: str
    currency: str
    amount: int
    expires_at: datetime


class Payment(msgspec.Struct, frozen=True):
    """One attempt with one provider to pay one purchase. `number` is ours at the provider.

    `void_wanted_at`: no purchase uses the money it authorized: to be voided from then on;
    `capture_failure`: why the provider will not hand it over any more.
    """

    id: UUID
    purchase_id: UUID
    provider: str
    number: str
    state: PaymentState
    currency: str
    amount: int
    captured: int
    refunded: int
    provider_reference: str | None
    expires_at: datetime
    started_at: datetime | None
    captured_at: datetime | None
    disputed: int = 0
    authorized_at: datetime | None = None
    capture_failure: str | None = None
    void_wanted_at: datetime | None = None

    @property
    def refundable(self) -> int:
        """What can still be given back: captured, neither refunded nor withdrawn by a dispute."""
        return self.captured - self.refunded - self.disputed


class OfflinePayment(msgspec.Struct, frozen=True):
    """A payment that staff confirm: money they wait for, or authorized cash that is still owed. `order_numbers` are its orders'."""

    id: UUID
    purchase_id: UUID
    provider: str
    number: str
    state: PaymentState
    currency: str
    amount: int
    expires_at: datetime
    purchase_state: str
    order_numbers: Sequence[str]
    capture_failure: str | None = None
    void_wanted_at: datetime | None = None


class OfflineRefund(msgspec.Struct, frozen=True):
    """Money that staff have to pay back by hand; `failure` is why an earlier attempt came to nothing."""

    id: UUID
    purchase_id: UUID
    provider: str
    number: str
    state: str
    currency: str
    amount: int
    reason: str
    failure: str | None
    created_at: datetime


class Refund(msgspec.Struct, frozen=True):
    """Money on its way back. `shipping` is part of the amount; `failure` is what the provider refused it with.

    `order_id` is the order whose sale it takes back, None for money that no sale could use. `reversals` counts how often
    it failed after it had succeeded.
    """

    id: UUID
    payment_id: UUID
    purchase_id: UUID
    number: str
    reason: str
    state: str
    currency: str
    amount: int
    attempts: int
    order_id: UUID | None
    shipping: int
    shipping_tax: int
    failure: str | None
    created_at: datetime
    settled_at: datetime | None
    reversals: int = 0
    shipping_funded: int = 0


class RefundPage(msgspec.Struct, frozen=True):
    """Refunds, newest first."""

    items: list[Refund]
    next_cursor: str | None


class RefundLine(msgspec.Struct, frozen=True):
    """The part of an order line that goes back: `amount` to the buyer, `funded` to the platform; tax is inside both."""

    order_line_id: UUID
    amount: int
    tax: int
    funded: int = 0


class NewRefund(msgspec.Struct, frozen=True):
    """A refund about to be requested. Lines and shipping make the amount, unless it is of no order."""

    reason: str
    amount: int
    order_id: UUID | None = None
    lines: Sequence[RefundLine] = ()
    shipping: int = 0
    shipping_tax: int = 0
    shipping_funded: int = 0


class Dispute(msgspec.Struct, frozen=True):
    """A payer's objection to a payment. `withdrawn` is what the provider took because of it and did not give back.

    `reference` is its name at the provider, `url` where evidence is handed in, `due_at` until when.
    """

    id: UUID
    payment_id: UUID
    purchase_id: UUID
    provider: str
    reference: str
    state: str
    reason: str
    currency: str
    amount: int
    withdrawn: int
    url: str
    due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None


class DisputePage(msgspec.Struct, frozen=True):
    """Disputes, newest first."""

    items: list[Dispute]
    next_cursor: str | None


class Fact(msgspec.Struct, frozen=True):
    """What a provider told us, verified: from a notice or from our own query."""

    kind: str
    reference: str
    amount: int
    currency: str
    source: str
    occurred_at: datetime


class KeptNotice(msgspec.Struct, frozen=True, gc=False):
    """A verified notice in the inbox, applied with `outcome`; `deliveries` counts how often it came."""

    provider: str
    notice_id: str
    number: str
    body: bytes
    received_at: datetime
    deliveries: int
    outcome: str
