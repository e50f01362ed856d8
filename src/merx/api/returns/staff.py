"""After-sales: what the platform's staff decide."""

from typing import Final
from uuid import UUID

from litestar import get
from litestar.params import FromPath

from merx.api.core.answers import Answer, answer, listed
from merx.api.core.call import open_call
from merx.api.core.commands import Command, Given, handlers_of, use
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_query
from merx.api.returns.answers import RefundRetry, case_now
from merx.api.returns.requests import DecideReturn, ReturnQuery
from merx.infra.db import Tx
from merx.payments import retry_refund
from merx.queries.returns import ReturnCase, ReturnList, return_case, return_list
from merx.returns import ReturnState, decide_return

CASE: Final = "/staff/returns/{return_id:uuid}"


@get("/staff/returns", opt=operation("staff", ReturnList, query=ReturnQuery, auth="staff"))
async def show_all_returns(request: ApiRequest) -> Answer:
    """List everybody's after-sales cases, those that wait for the platform unless another state is asked for."""
    query = read_query(request, ReturnQuery)
    call = await open_call(request)
    staff = call.staff()
    states = (ReturnState(query.state) if query.state else ReturnState.ESCALATED,)
    async with call.services.db.snapshot() as tx:
        page = await return_list(tx, actor=staff, states=states, after=query.cursor, limit=query.limit)
    return listed(request, page, page.next_cursor)


@get(CASE, opt=operation("staff", ReturnCase, auth="staff"))
async def show_any_return(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Show any after-sales case."""
    call = await open_call(request)
    staff = call.staff()
    async with call.services.db.snapshot() as tx:
        return answer(await return_case(tx, return_id=return_id, actor=staff, now=call.now))


async def _retry(tx: Tx, given: Given) -> RefundRetry:
    await retry_refund(tx, refund_id=given.about["refund_id"], now=given.call.now)
    return RefundRetry(refund_id=given.about["refund_id"])


handlers = [
    show_all_returns,
    show_any_return,
    *handlers_of(
        Command(
            path=f"{CASE}/decide", name="decide", says="Decide an escalated case.", key="returns.decide",
            tag="staff", who="staff", perform=use(decide_return), body=DecideReturn, answer=ReturnCase, look=case_now,
        ),
        Command(
            path="/staff/refunds/{refund_id:uuid}/retry", name="retry", key="refunds.retry", tag="staff", who="staff",
            says="Try a failed refund again, under the same number.", perform=_retry, answer=RefundRetry,
        ),
    ),
]  # fmt: skip
