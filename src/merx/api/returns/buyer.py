"""After-sales: what buyers do with a case."""

from functools import partial
from typing import Final
from uuid import UUID

from litestar import get
from litestar.params import FromPath

from merx.api.core.answers import Answer, answer, listed
from merx.api.core.call import open_call
from merx.api.core.commands import Command, Given, handlers_of, use
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest
from merx.api.returns.answers import case_now
from merx.api.returns.requests import RequestReturn, SendBack
from merx.infra.db import Tx
from merx.queries.returns import ReturnCase, ReturnList, order_returns, return_case
from merx.returns import (
    Application,
    Return,
    ReturnKind,
    ReturnReason,
    ReturnsSettings,
    Wanted,
    accept_proposal,
    decline_proposal,
    escalate_return,
    request_return,
    send_back,
    withdraw_return,
)

ORDER: Final = "/orders/{order_id:uuid}/returns"
CASE: Final = "/returns/{return_id:uuid}"

_command = partial(Command, tag="returns", who="buyer", answer=ReturnCase, look=case_now)


@get(ORDER, opt=operation("returns", ReturnList, auth="buyer"))
async def show_order_returns(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """List an order's after-sales cases, newest first."""
    call = await open_call(request)
    async with call.services.db.snapshot() as tx:
        page = await order_returns(tx, order_ids=[order_id], actor=call.buyer())
    return listed(request, page, page.next_cursor)


@get(CASE, opt=operation("returns", ReturnCase, auth="buyer"))
async def show_return(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Show an after-sales case."""
    call = await open_call(request)
    async with call.services.db.snapshot() as tx:
        return answer(await return_case(tx, return_id=return_id, actor=call.buyer(), now=call.now))


async def _apply(tx: Tx, given: Given) -> Return:
    body: RequestReturn = given.body
    application = Application(
        kind=ReturnKind(body.kind),
        reason=ReturnReason(body.reason),
        lines=[
            Wanted(line.order_line_id, line.quantity, line.variant_id, line.replacement_variant_id)
            for line in body.lines
        ],
        body=body.body,
        media_ids=body.media_ids,
    )
    days = given.call.services.settings.of(ReturnsSettings).after_sales_days
    return await request_return(
        tx,
        order_id=given.about["order_id"],
        actor=given.actor,
        application=application,
        default_days=days,
        now=given.call.now,
    )


handlers = [
    show_order_returns,
    show_return,
    *handlers_of(
        _command(
            path=ORDER, name="apply_for_return", key="returns.request", perform=_apply, body=RequestReturn, status=201,
            says="Apply for money back or an exchange for units of an order.",
        ),
        _command(
            path=f"{CASE}/withdraw", name="withdraw", key="returns.withdraw", perform=use(withdraw_return),
            says="Take the application back.",
        ),
        _command(
            path=f"{CASE}/accept", name="accept", key="returns.accept", perform=use(accept_proposal),
            says="Accept the amount the seller proposed.",
        ),
        _command(
            path=f"{CASE}/decline", name="decline", key="returns.decline", perform=use(decline_proposal),
            says="Decline the amount the seller proposed.",
        ),
        _command(
            path=f"{CASE}/send-back", name="send_goods_back", key="returns.send_back", perform=use(send_back),
            body=SendBack, says="Say by which carrier and number the goods come back.",
        ),
        _command(
            path=f"{CASE}/escalate", name="call_platform_in", key="returns.escalate", perform=use(escalate_return),
            says="Call the platform in, also after a refusal.",
        ),
    ),
]  # fmt: skip
