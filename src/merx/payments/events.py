"""What happens to payments, refunds and disputes. The subject of each is the purchase, so that its timeline has them.

Amounts are minor units; `number` and `reference` are ours and the provider's.
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

import msgspec

from merx.kit.events import Event
from merx.payments.model import Dispute, Payment, Refund


class PaymentEvent(Event, frozen=True, kw_only=True):
    """What is told of a payment."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    payment_id: UUID
    provider: str
    number: str
    amount: int
    currency: str

    @classmethod
    def of(cls, payment: Payment, **more: Any) -> Self:
        """This event of a payment; `more` are its other fields."""
        return cls(
            purchase_id=payment.purchase_id, payment_id=payment.id, provider=payment.provider, number=payment.number,
            amount=payment.amount, currency=payment.currency, **more,
        )  # fmt: skip


class PaymentCaptured(PaymentEvent, frozen=True, kw_only=True):
    """The provider has the buyer's money; `source` is "notice", "query", "bill" or "staff"."""

    source: str


class PaymentAuthorized(PaymentEvent, frozen=True, kw_only=True):
    """The payer's bank, or the payer's word at the door, authorized the money."""


class PaymentVoided(PaymentEvent, frozen=True, kw_only=True):
    """An authorization was voided."""


class CaptureFailed(PaymentEvent, frozen=True, kw_only=True):
    """Authorized money will not come; staff decide."""

    reason: str


class PaymentConfirmed(Event, frozen=True):
    """Somebody confirmed money of an offline method; the actor is who."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    payment_id: UUID
    provider: str
    reference: str
    amount: int
    currency: str
    outcome: str


class RefundEvent(Event, frozen=True, kw_only=True):
    """What is told of a refund; `order_id` is there when it is of a sale."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    refund_id: UUID
    amount: int
    currency: str
    order_id: UUID | None = None

    @classmethod
    def of(cls, refund: Refund, *, actor_id: UUID | None = None, **more: Any) -> Self:
        """This event of a refund; `more` are its other fields."""
        return cls(
            purchase_id=refund.purchase_id, refund_id=refund.id, amount=refund.amount, currency=refund.currency,
            order_id=refund.order_id, actor_id=actor_id, **more,
        )  # fmt: skip


class RefundApproved(RefundEvent, frozen=True, kw_only=True):
    """Money will go back; `reason` is "late_payment", "duplicate_payment" or "after_sales"."""

    reason: str


class RefundSucceeded(RefundEvent, frozen=True, kw_only=True):
    """Money went back."""


class RefundFailed(RefundEvent, frozen=True, kw_only=True):
    """The provider refused for good, or the money came back after it had gone; it is tried again by hand."""


class RefundConfirmed(Event, frozen=True):
    """Somebody paid a refund of an offline method back; the actor is who."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    refund_id: UUID
    reference: str


class DisputeEvent(Event, frozen=True, kw_only=True):
    """What is told of a dispute; `state` is how it stands, `due_at` until when evidence may be handed in."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    dispute_id: UUID
    payment_id: UUID
    provider: str
    reference: str
    state: str
    reason: str
    amount: int
    currency: str
    due_at: Annotated[datetime, msgspec.Meta(tz=True)] | None

    @classmethod
    def of(cls, dispute: Dispute) -> Self:
        """This event of a dispute."""
        return cls(
            purchase_id=dispute.purchase_id, dispute_id=dispute.id, payment_id=dispute.payment_id,
            provider=dispute.provider, reference=dispute.reference, state=dispute.state, reason=dispute.reason,
            amount=dispute.amount, currency=dispute.currency, due_at=dispute.due_at,
        )  # fmt: skip


class DisputeOpened(DisputeEvent, frozen=True, kw_only=True):
    """The holder of a card objects to a payment."""


class DisputeClosed(DisputeEvent, frozen=True, kw_only=True):
    """A dispute is won, lost or closed."""
