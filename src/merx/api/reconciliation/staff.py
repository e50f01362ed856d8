"""Reconciliation: what the platform's staff do with bills and differences."""

from typing import Final
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from merx.api.core.answers import Answer, answer, done, listed
from merx.api.core.call import open_call, perform
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body, read_query, required_key
from merx.api.core.requests import PageQuery
from merx.api.reconciliation.requests import DifferenceQuery, ResolveDifference
from merx.infra.db import Tx
from merx.queries.reconciliation import (
    BillList,
    DifferenceList,
    SeenDifference,
    bill_list,
    difference,
    difference_list,
)
from merx.reconciliation import Resolution, ask_again, resolve_difference

DIFFERENCES: Final = "/staff/reconciliation/differences"
DIFFERENCE: Final = DIFFERENCES + "/{difference_id:uuid}"


class _Resolved(msgspec.Struct, frozen=True):
    """What is kept of a command: nothing that anybody wrote."""

    difference_id: UUID


@get("/staff/reconciliation/bills", opt=operation("staff", BillList, query=PageQuery, auth="staff"))
async def show_bills(request: ApiRequest) -> Answer:
    """List the providers' bills, the newest day first."""
    query = read_query(request, PageQuery)
    call = await open_call(request)
    call.staff()
    async with call.services.db.snapshot() as tx:
        page = await bill_list(tx, after=query.cursor, limit=query.limit)
    return listed(request, page, page.next_cursor)


@get(DIFFERENCES, opt=operation("staff", DifferenceList, query=DifferenceQuery, auth="staff"))
async def show_differences(request: ApiRequest) -> Answer:
    """List what differs, newest first: what waits for somebody unless what is resolved is asked for."""
    query = read_query(request, DifferenceQuery)
    call = await open_call(request)
    call.staff()
    async with call.services.db.snapshot() as tx:
        page = await difference_list(tx, state=query.state, after=query.cursor, limit=query.limit)
    return listed(request, page, page.next_cursor)


@get(DIFFERENCE, opt=operation("staff", SeenDifference, auth="staff"))
async def show_difference(request: ApiRequest, difference_id: FromPath[UUID]) -> Answer:
    """Show a difference and how it can be resolved."""
    call = await open_call(request)
    call.staff()
    async with call.services.db.snapshot() as tx:
        return answer(await difference(tx, difference_id=difference_id))


@post(
    f"{DIFFERENCE}/resolve",
    status_code=200,
    opt=operation("staff", SeenDifference, body=ResolveDifference, auth="staff", key="required"),
)
async def resolve(request: ApiRequest, difference_id: FromPath[UUID]) -> Answer:
    """Resolve a difference; `recheck` asks the provider, and leaves it open when nothing agrees."""
    key = required_key(request)
    call = await open_call(request)
    staff = call.staff()
    body = await read_body(request, ResolveDifference)
    resolution = Resolution(body.resolution)
    services = call.services
    said = None
    if resolution is Resolution.RECHECK:
        said = await ask_again(services.db, services.providers, difference_id=difference_id)

    async def work(tx: Tx) -> _Resolved:
        found = await resolve_difference(
            tx, difference_id=difference_id, resolution=resolution, note=body.note, actor=staff, now=call.now,
            answer=said,
        )  # fmt: skip
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
        return done(await difference(tx, difference_id=difference_id), status=200, replayed=replayed)


handlers = [show_bills, show_differences, show_difference, resolve]
