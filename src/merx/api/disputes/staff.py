"""Disputes and refunds that failed: what the platform's staff look after."""

from litestar import get

from merx.api.core.answers import Answer, listed
from merx.api.core.call import open_call
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_query
from merx.api.core.requests import PageQuery
from merx.api.disputes.requests import DisputeQuery
from merx.payments import OPEN_DISPUTES
from merx.payments.providers import DisputeState
from merx.queries.disputes import DisputeList, FailedRefundList, dispute_list, failed_refund_list


@get("/staff/disputes", opt=operation("staff", DisputeList, query=DisputeQuery, auth="staff"))
async def show_disputes(request: ApiRequest) -> Answer:
    """List the disputes that are open, or those in another state, newest first."""
    query = read_query(request, DisputeQuery)
    call = await open_call(request)
    call.staff()
    states = (DisputeState(query.state),) if query.state else OPEN_DISPUTES
    async with call.services.db.snapshot() as tx:
        page = await dispute_list(tx, states=states, after=query.cursor, limit=query.limit)
    return listed(request, page, page.next_cursor)


@get("/staff/refunds", opt=operation("staff", FailedRefundList, query=PageQuery, auth="staff"))
async def show_failed_refunds(request: ApiRequest) -> Answer:
    """List the refunds that failed, newest first."""
    query = read_query(request, PageQuery)
    call = await open_call(request)
    call.staff()
    async with call.services.db.snapshot() as tx:
        page = await failed_refund_list(tx, after=query.cursor, limit=query.limit)
    return listed(request, page, page.next_cursor)


handlers = [show_disputes, show_failed_refunds]
