"""What the API answers about disputes and refunds that failed."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.api.views import MoneyView


class DisputeView(msgspec.Struct, frozen=True, kw_only=True):
    """A card holder's objection. `withdrawn` is what the provider took and did not give back; evidence goes to `url`."""

    id: UUID
    purchase_id: UUID
    payment_id: UUID
    provider: str
    reference: str
    state: str
    reason: str
    amount: MoneyView
    withdrawn: MoneyView
    url: str
    due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None


class DisputeListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of disputes, newest first."""

    items: list[DisputeView]
    next_cursor: str | None


class FailedRefundView(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that the provider refused, or that came back to it `reversals` times after it had gone."""

    id: UUID
    purchase_id: UUID
    payment_id: UUID
    order_id: UUID | None
    number: str
    amount: MoneyView
    failure: str
    attempts: int
    reversals: int
    created_at: datetime


class FailedRefundListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of refunds that failed, newest first."""

    items: list[FailedRefundView]
    next_cursor: str | None
