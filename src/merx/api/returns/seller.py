"""After-sales: what sellers answer."""

from functools import partial
from typing import Any, Final
from uuid import UUID

from litestar import get
from litestar.params import FromPath

from merx.api.core.answers import Answer, answer, listed
from merx.api.core.call import open_call
from merx.api.core.commands import Command, handlers_of, use
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_query
from merx.api.returns.answers import case_now
from merx.api.returns.requests import InspectReturn, ProposeAmount, RejectReturn, ReturnQuery
from merx.queries.returns import ReturnCase, ReturnList, return_case, return_list
from merx.returns import (
    ReturnState,
    Wanted,
    approve_as_refund,
    approve_return,
    escalate_return,
    inspect_return,
    propose_amount,
    refund_exchange,
    reject_return,
)

CASE: Final = "/seller/returns/{return_id:uuid}"

_command = partial(Command, tag="seller", who="seller", answer=ReturnCase, look=case_now)


@get("/seller/returns", opt=operation("seller", ReturnList, query=ReturnQuery, auth="seller"))
async def show_returns(request: ApiRequest) -> Answer:
    """List the after-sales cases of the sellers one works for, newest first."""
    query = read_query(request, ReturnQuery)
    call = await open_call(request)
    seller = call.seller()
    states = (ReturnState(query.state),) if query.state else tuple(ReturnState)
    async with call.services.db.snapshot() as tx:
        page = await return_list(tx, actor=seller, states=states, after=query.cursor, limit=query.limit)
    return listed(request, page, page.next_cursor)


@get(CASE, opt=operation("seller", ReturnCase, auth="seller"))
async def show_own_return(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Show an after-sales case of one's own seller."""
    call = await open_call(request)
    seller = call.seller()
    async with call.services.db.snapshot() as tx:
        return answer(await return_case(tx, return_id=return_id, actor=seller, now=call.now))


def _restocked(body: InspectReturn) -> dict[str, Any]:
    return {"restocked": [Wanted(line.order_line_id, line.quantity) for line in body.restocked]}


handlers = [
    show_returns,
    show_own_return,
    *handlers_of(
        _command(
            path=f"{CASE}/approve", name="approve", key="returns.approve", perform=use(approve_return),
            says="Agree: the money goes back at once, or when the goods are back; what an exchange is for is set aside.",
        ),
        _command(
            path=f"{CASE}/approve-as-refund", name="approve_refund", key="returns.approve_as_refund",
            perform=use(approve_as_refund),
            says="Agree to take the goods of an exchange back, but for their money.",
        ),
        _command(
            path=f"{CASE}/cannot-deliver", name="give_up_replacement", key="returns.cannot_deliver",
            perform=use(refund_exchange),
            says="Say that what an exchange still owes cannot be delivered: its money goes back.",
        ),
        _command(
            path=f"{CASE}/reject", name="reject", key="returns.reject", perform=use(reject_return), body=RejectReturn,
            says="Refuse, with a reason.",
        ),
        _command(
            path=f"{CASE}/propose", name="propose", key="returns.propose", perform=use(propose_amount),
            body=ProposeAmount, says="Propose a part of the amount.",
        ),
        _command(
            path=f"{CASE}/inspect", name="inspect", key="returns.inspect", perform=use(inspect_return, _restocked),
            body=InspectReturn, says="Confirm that the goods are back, and say which can be sold again.",
        ),
        _command(
            path=f"{CASE}/escalate", name="escalate", key="returns.escalate_seller", perform=use(escalate_return),
            says="Call the platform in instead of answering.",
        ),
    ),
]  # fmt: skip
