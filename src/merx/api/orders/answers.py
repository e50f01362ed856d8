"""What is answered about a seller's orders, besides what the queries show."""

from uuid import UUID

import msgspec


class CashOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the cash: `placed`, `already_captured` or `refund_approved`, as for a confirmed payment."""

    payment_id: UUID
    outcome: str


class OrderCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """The order is cancelled."""

    order_id: UUID
    state: str
