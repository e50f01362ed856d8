"""What is answered about money that people confirm, besides what the queries show."""

from uuid import UUID

import msgspec


class PaymentOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    `placed`: the orders are paid. `already_captured`: it was confirmed before. `refund_approved`: the purchase cannot
    use the money, which goes back. `captured`, `capture_failed`: what the provider made of the wish.
    """

    payment_id: UUID
    outcome: str


class RefundConfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """The refund's new state."""

    refund_id: UUID
    state: str


class PurchaseCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """The purchase is cancelled."""

    purchase_id: UUID
    state: str
