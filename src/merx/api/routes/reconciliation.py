"""Reconciliation: what the platform's staff do with bills and differences."""

from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from merx.api import reconciliation_views, render_reconciliation, requests
from merx.api.answers import Answer, answer, done, listed
from merx.api.call import open_call, perform
from merx.api.operations import operation
from merx.api.reading import ApiRequest, read_body, read_query, required_key
from merx.infra.db import Tx
from merx.reconciliation import (
    Resolution,
    ask_again,
    get_difference,
    list_bills,
    list_differences,
    resolve_difference,
)

DIFFERENCES = "/staff/reconciliation/differences"
DIFFERENCE = DIFFERENCES + "/{difference_id:uuid}"


class _Resolved(msgspec.Struct, frozen=True):
    """What is kept of a command: nothing that anybody wrote."""

    difference_id: UUID


@get(
    "/staff/reconciliation/bills",
    opt=operation("staff", reconciliation_views.BillListView, query=requests.PageQuery, auth="staff"),
)
async def show_bills(request: ApiRequest) -> Answer:
    """List the providers' bills, the newest day first."""
    query = read_query(request, requests.PageQuery)
    call = await open_call(request)
    call.require_staff()
    async with call.services.db.snapshot() as tx:
        page = await list_bills(tx, after=query.cursor, limit=query.limit)
    view = reconciliation_views.BillListView(
        items=[render_reconciliation.bill(each) for each in page.items], next_cursor=page.next_cursor
    )
    return listed(request, view, page.next_cursor)


@get(
    DIFFERENCES,
    opt=operation(
        "staff", reconciliation_views.DifferenceListView, query=requests.DifferenceQuery, auth="staff"
    ),
)
async def show_differences(request: ApiRequest) -> Answer:
    """List what differs, newest first: what waits for somebody unless what is resolved is asked for."""
    query = read_query(request, requests.DifferenceQuery)
    call = await open_call(request)
    call.require_staff()
    async with call.services.db.snapshot() as tx:
        page = await list_differences(tx, state=query.state, after=query.cursor, limit=query.limit)
    view = reconciliation_views.DifferenceListView(
        items=[render_reconciliation.difference(each) for each in page.items], next_cursor=page.next_cursor
    )
    return listed(request, view, page.next_cursor)


@get(DIFFERENCE, opt=operation("staff", reconciliation_views.DifferenceView, auth="staff"))
async def show_difference(request: ApiRequest, difference_id: FromPath[UUID]) -> Answer:
    """Show a difference and how it can be resolved."""
    call = await open_call(request)
    call.require_staff()
    async with call.services.db.snapshot() as tx:
        found = await get_difference(tx, difference_id=difference_id)
    return answer(render_reconciliation.difference(found))


@post(
    f"{DIFFERENCE}/resolve",
    status_code=200,
    opt=operation(
        "staff",
        reconciliation_views.DifferenceView,
        body=requests.ResolveDifference,
        auth="staff",
        key="required",
    ),
)
async def resolve(request: ApiRequest, difference_id: FromPath[UUID]) -> Answer:
    """Resolve a difference; `recheck` asks the provider, and leaves it open when nothing agrees."""
    key = required_key(request)
    call = await open_call(request)
    staff = call.staff()
    body = await read_body(request, requests.ResolveDifference)
    resolution = Resolution(body.resolution)
    services = call.services
    said = None
    if resolution is Resolution.RECHECK:
        said = await ask_again(services.db, services.providers, difference_id=difference_id)

    async def work(tx: Tx) -> _Resolved:
        found = await resolve_difference(
            tx,
            difference_id=difference_id,
            resolution=resolution,
            note=body.note,
            actor=staff,
            now=call.now,
            answer=said,
        )
        return _Resolved(found.id)

    _, replayed = await perform(
        call,
        work,
        key=key,
        route="reconciliation.resolve",
        request=(difference_id, body),
        outcome=_Resolved,
    )
    async with services.db.snapshot() as tx:
        found = await get_difference(tx, difference_id=difference_id)
    return done(render_reconciliation.difference(found), status=200, replayed=replayed)


handlers = [show_bills, show_differences, show_difference, resolve]
