"""Refunds that a provider refused: the platform's staff see why, and try them again."""

from uuid import UUID

from litestar import get, post

from merx.kit.money import Money
from merx.payments import failed_refunds, retry_refund
from merx.returns import returns_of_refunds
from merx.storefront.forms import EmptyForm, PlainRequest, read_form
from merx.storefront.pages import Page, page, see_other
from merx.storefront.return_views import FailedRefund, FailedRefundsView
from merx.storefront.routes.parameters import FromPath, Visiting
from merx.storefront.routes.returns import require_staff

FOLDER = "/staff/refunds"
_SHOWN = 100


@get(FOLDER)
async def show_failed_refunds(visit: Visiting) -> Page:
    """The oldest first. Raises Unauthenticated, Forbidden."""
    require_staff(visit)
    async with visit.services.db.snapshot() as tx:
        found = await failed_refunds(tx, limit=_SHOWN)
        cases = await returns_of_refunds(tx, refund_ids=[each.id for each in found])
        view = FailedRefundsView(
            refunds=tuple(
                FailedRefund(
                    number=each.number,
                    amount=Money(each.amount, each.currency),
                    reason=each.reason,
                    failure=each.failure or "",
                    created_at=each.created_at,
                    case_url=f"/staff/returns/{cases[each.id]}" if each.id in cases else None,
                    retry_url=f"{FOLDER}/{each.id}/retry",
                )
                for each in found
            )
        )
        return await page(visit, tx, "failed_refunds.html", view)


@post(FOLDER + "/{refund_id:uuid}/retry", status_code=200)
async def submit_retry(request: PlainRequest, visit: Visiting, refund_id: FromPath[UUID]) -> Page:
    """Try it again, under the same number. Raises Unauthenticated, Forbidden, UnknownRefund, RefundMoved."""
    require_staff(visit)
    await read_form(request, EmptyForm)
    async with visit.services.db.transaction() as tx:
        await retry_refund(tx, refund_id=refund_id, now=visit.now)
    return see_other(FOLDER)


handlers = [show_failed_refunds, submit_retry]
