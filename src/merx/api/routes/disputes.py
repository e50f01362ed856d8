"""Disputes and refunds that failed: what the platform's staff look after."""

from litestar import get

from merx.api import dispute_views, requests
from merx.api.answers import Answer, listed
from merx.api.call import open_call
from merx.api.operations import operation
from merx.api.reading import ApiRequest, read_query
from merx.api.render import money
from merx.payments import OPEN_DISPUTES, Dispute, Refund, list_disputes, list_failed_refunds
from merx.payments.providers import DisputeState


def _dispute(found: Dispute) -> dispute_views.DisputeView:
    return dispute_views.DisputeView(
        id=found.id,
        purchase_id=found.purchase_id,
        payment_id=found.payment_id,
        provider=found.provider,
        reference=found.reference,
        state=found.state,
        reason=found.reason,
        amount=money(found.amount, found.currency),
        withdrawn=money(found.withdrawn, found.currency),
        url=found.url,
        due_at=found.due_at,
        opened_at=found.opened_at,
        closed_at=found.closed_at,
    )


def _failed(found: Refund) -> dispute_views.FailedRefundView:
    return dispute_views.FailedRefundView(
        id=found.id,
        purchase_id=found.purchase_id,
        payment_id=found.payment_id,
        order_id=found.order_id,
        number=found.number,
        amount=money(found.amount, found.currency),
        failure=found.failure or "",
        attempts=found.attempts,
        reversals=found.reversals,
        created_at=found.created_at,
    )


@get(
    "/staff/disputes",
    opt=operation("staff", dispute_views.DisputeListView, query=requests.DisputeQuery, auth="staff"),
)
async def show_disputes(request: ApiRequest) -> Answer:
    """List the disputes that are open, or those in another state, newest first."""
    query = read_query(request, requests.DisputeQuery)
    call = await open_call(request)
    call.require_staff()
    states = (DisputeState(query.state),) if query.state else OPEN_DISPUTES
    async with call.services.db.snapshot() as tx:
        page = await list_disputes(tx, states=states, after=query.cursor, limit=query.limit)
    view = dispute_views.DisputeListView(
        items=[_dispute(each) for each in page.items], next_cursor=page.next_cursor
    )
    return listed(request, view, page.next_cursor)


@get(
    "/staff/refunds",
    opt=operation("staff", dispute_views.FailedRefundListView, query=requests.PageQuery, auth="staff"),
)
async def show_failed_refunds(request: ApiRequest) -> Answer:
    """List the refunds that failed, newest first."""
    query = read_query(request, requests.PageQuery)
    call = await open_call(request)
    call.require_staff()
    async with call.services.db.snapshot() as tx:
        page = await list_failed_refunds(tx, after=query.cursor, limit=query.limit)
    view = dispute_views.FailedRefundListView(
        items=[_failed(each) for each in page.items], next_cursor=page.next_cursor
    )
    return listed(request, view, page.next_cursor)


handlers = [show_disputes, show_failed_refunds]
