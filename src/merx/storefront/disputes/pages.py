"""Disputes and refunds that failed, for the platform's staff."""

from uuid import UUID

from litestar import get, post

from merx.kit import links
from merx.payments import retry_refund
from merx.queries.disputes import dispute_list, failed_refund_list
from merx.storefront.core.forms import EmptyForm, PlainRequest, read_form
from merx.storefront.core.pages import Page, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.disputes.view import disputes_view

_PER_PAGE = 20


@get("/staff/disputes")
async def show_disputes(visit: Visiting, after: Cursor = None) -> Page:
    """Open disputes, newest first, and the newest refunds that failed. Raises Unauthenticated, Forbidden, BadCursor."""
    visit.staff()
    async with visit.services.db.snapshot() as tx:
        found = await dispute_list(tx, after=after, limit=_PER_PAGE)
        failed = await failed_refund_list(tx, limit=_PER_PAGE)
        return await page(visit, tx, "disputes/disputes.html", disputes_view(found, failed))


@post("/staff/refunds/{refund_id:uuid}/retry", status_code=200)
async def submit_retry(request: PlainRequest, visit: Visiting, refund_id: FromPath[UUID]) -> Page:
    """Try a failed refund again. Raises Unauthenticated, Forbidden, UnknownRefund, RefundMoved."""
    await read_form(request, EmptyForm)
    visit.staff()
    await visit.services.db.write(lambda tx: retry_refund(tx, refund_id=refund_id, now=visit.now))
    return see_other(links.staff_disputes())


handlers = [show_disputes, submit_retry]
