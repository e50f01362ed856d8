"""What the page of disputes shows. Pure."""

from datetime import datetime

from merx.kit import links
from merx.kit.money import Money
from merx.queries.disputes import DisputeList, FailedRefundList
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


def disputes_view(found: DisputeList, failed: FailedRefundList) -> DisputesView:
    """The page of both lists."""
    return DisputesView(
        disputes=tuple(
            DisputeRow(
                reference=each.reference,
                provider=each.provider,
                state=each.state,
                reason=each.reason,
                amount=each.amount,
                url=each.url,
                opened_at=each.opened_at,
                due_at=each.due_at,
            )
            for each in found.items
        ),
        refunds=tuple(
            FailedRefundRow(
                number=each.number,
                amount=each.amount,
                failure=each.failure,
                came_back=each.reversals > 0,
                created_at=each.created_at,
                retry_url=links.retry_refund(each.id),
            )
            for each in failed.items
        ),
        more_url=f"{links.staff_disputes()}?after={found.next_cursor}" if found.next_cursor else None,
    )
