"""What the API answers about providers' bills and what in them differs from the books."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from merx.api.views import MoneyView


class BillTotalsView(msgspec.Struct, frozen=True, kw_only=True):
    """What a bill's rows make in one currency."""

    payments: int
    paid: MoneyView
    refunds: int
    refunded: MoneyView
    fees: MoneyView


class BillView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's account of one of its days. `failure` says why a waiting one could not be had yet."""

    id: UUID
    provider: str
    day: date
    state: str
    attempts: int
    next_attempt_at: datetime | None
    failure: str
    rows: int
    matched: int
    differences: int
    open: int
    totals: list[BillTotalsView]
    matched_at: datetime | None


class BillListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of bills, the newest day first."""

    items: list[BillView]
    next_cursor: str | None


class DifferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """Something in which a bill and the books differ. `movement` is payment, refund, refund_failure or dispute; `resolutions` are the ways in which it can be resolved now.

    `provider_says` is what the provider answered when it was asked again.
    """

    id: UUID
    bill_id: UUID
    provider: str
    day: date
    kind: str
    movement: str
    number: str
    refund_number: str | None
    reference: str
    payment_id: UUID | None
    refund_id: UUID | None
    purchase_id: UUID | None
    ours: MoneyView | None
    theirs: MoneyView | None
    fee: MoneyView
    state: str
    resolutions: list[str]
    provider_says: str | None
    asked_at: datetime | None
    resolution: str | None
    note: str
    resolved_by: UUID | None
    resolved_at: datetime | None
    created_at: datetime


class DifferenceListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of differences, newest first."""

    items: list[DifferenceView]
    next_cursor: str | None
