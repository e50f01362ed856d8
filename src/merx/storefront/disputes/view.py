"""What the pages of disputes show. Pure."""

from datetime import datetime

from merx.kit.money import Money
from merx.storefront.core.views import View


class DisputeRow(View, frozen=True, kw_only=True):
    """A dispute. Evidence is handed in at `url`, the provider's own page, until `due_at`."""

    reference: str
    provider: str
    state: str
    reason: str
    amount: Money
    url: str
    opened_at: datetime
    due_at: datetime | None


class FailedRefundRow(View, frozen=True, kw_only=True):
    """A refund that failed; `came_back` when it had succeeded first."""

    number: str
    amount: Money
    failure: str
    came_back: bool
    created_at: datetime
    retry_url: str


class DisputesView(View, frozen=True, kw_only=True):
    """A part of both lists."""

    disputes: tuple[DisputeRow, ...]
    refunds: tuple[FailedRefundRow, ...]
    more_url: str | None = None
