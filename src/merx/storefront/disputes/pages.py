"""Disputes and refunds that failed, for the platform's staff."""

from uuid import UUID

from litestar import get, post

from merx.infra.db import ReadTx
from merx.kit.money import Money
from merx.payments import Dispute, Refund, list_disputes, list_failed_refunds, retry_refund
from merx.storefront.core.forms import EmptyForm, PlainRequest, read_form
from merx.storefront.core.pages import Page, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.disputes.view import DisputeRow, DisputesView, FailedRefundRow

PAGE = "/staff/disputes"


_PER_PAGE = 20


@get(PAGE)
async def show_disputes(visit: Visiting, after: Cursor = None) -> Page:
    """Open disputes, newest first, and the newest refunds that failed. Raises Unauthenticated, Forbidden, BadCursor."""
    visit.staff()
    async with visit.services.db.snapshot() as tx:
        return await page(visit, tx, "disputes/disputes.html", await _view(tx, after))


@post("/staff/refunds/{refund_id:uuid}/retry", status_code=200)
async def submit_retry(request: PlainRequest, visit: Visiting, refund_id: FromPath[UUID]) -> Page:
    """Try a failed refund again. Raises Unauthenticated, Forbidden, UnknownRefund, RefundMoved."""
    await read_form(request, EmptyForm)
    visit.staff()
    await visit.services.db.write(lambda tx: retry_refund(tx, refund_id=refund_id, now=visit.now))
    return see_other(PAGE)


async def _view(tx: ReadTx, after: str | None) -> DisputesView:
    found = await list_disputes(tx, after=after, limit=_PER_PAGE)
    failed = await list_failed_refunds(tx, limit=_PER_PAGE)
    return DisputesView(
        disputes=tuple(_dispute(each) for each in found.items),
        refunds=tuple(_refund(each) for each in failed.items),
        more_url=f"{PAGE}?after={found.next_cursor}" if found.next_cursor else None,
    )


def _dispute(found: Dispute) -> DisputeRow:
    return DisputeRow(
        reference=found.reference,
        provider=found.provider,
        state=found.state,
        reason=found.reason,
        amount=Money(found.amount, found.currency),
        url=found.url,
        opened_at=found.opened_at,
        due_at=found.due_at,
    )


def _refund(found: Refund) -> FailedRefundRow:
    return FailedRefundRow(
        number=found.number,
        amount=Money(found.amount, found.currency),
        failure=found.failure or "",
        came_back=found.reversals > 0,
        created_at=found.created_at,
        retry_url=f"/staff/refunds/{found.id}/retry",
    )


handlers = [show_disputes, submit_retry]
