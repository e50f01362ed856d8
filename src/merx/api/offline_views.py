"""What the API answers about money that people confirm, and money that is authorized."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.api.views import MoneyView


class OfflinePaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment; `number` is what its payer names."""

    id: UUID
    purchase_id: UUID
    provider: str
    number: str
    state: str
    amount: MoneyView
    expires_at: datetime
    purchase_state: str
    order_numbers: list[str]
    capture_failure: str | None


class OfflineRefundView(msgspec.Struct, frozen=True, kw_only=True):
    """Money that somebody has to pay back; `failure` says why an earlier attempt came to nothing."""

    id: UUID
    purchase_id: UUID
    provider: str
    number: str
    state: str
    amount: MoneyView
    reason: str
    failure: str | None
    created_at: datetime


class OfflineDeskView(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for staff: money to confirm, authorized money that was not captured yet, refunds to pay back."""

    waiting: list[OfflinePaymentView]
    authorized: list[OfflinePaymentView]
    refunds: list[OfflineRefundView]


class PaymentOutcomeView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    `placed`: the orders are paid. `already_captured`: it was confirmed before. `refund_approved`: the purchase cannot
    use the money, which goes back. `captured`, `capture_failed`: what the provider made of the wish.
    """

    payment_id: UUID
    outcome: str


class OrderCancelledView(msgspec.Struct, frozen=True, kw_only=True):
    """The order is cancelled."""

    order_id: UUID
    state: str


class RefundConfirmedView(msgspec.Struct, frozen=True, kw_only=True):
    """The refund's new state."""

    refund_id: UUID
    state: str
