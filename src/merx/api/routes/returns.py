"""After-sales: what buyers, sellers and the platform's staff do with a case."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from merx.api import render_returns, requests, return_views
from merx.api.answers import Answer, answer, done, listed
from merx.api.call import Call, open_call, perform
from merx.api.operations import operation
from merx.api.reading import ApiRequest, read_body, read_query, required_key
from merx.infra.db import ReadTx, Tx
from merx.kit.actors import System
from merx.orders import get_order
from merx.payments import get_refunds, retry_refund
from merx.returns import (
    Application,
    Return,
    ReturnKind,
    ReturnPage,
    ReturnReason,
    ReturnsSettings,
    ReturnState,
    Wanted,
    accept_proposal,
    approve_as_refund,
    approve_return,
    decide_return,
    decline_proposal,
    escalate_return,
    get_return,
    inspect_return,
    list_returns,
    propose_amount,
    refund_exchange,
    reject_return,
    request_return,
    returns_of,
    send_back,
    withdraw_return,
)
from merx.sellers import get_sellers

ORDER = "/orders/{order_id:uuid}/returns"
MINE = "/returns/{return_id:uuid}"
SELLER = "/seller/returns/{return_id:uuid}"
STAFF = "/staff/returns/{return_id:uuid}"


_ANSWERING: Final = System("api")


class _Moved(msgspec.Struct, frozen=True):
    """What is kept of a command: nothing that anybody wrote."""

    return_id: UUID


def _buyer(status: int = 200, **more: Any) -> dict[str, Any]:
    return operation("returns", return_views.ReturnView, status=status, auth="buyer", key="required", **more)


def _seller(**more: Any) -> dict[str, Any]:
    return operation("seller", return_views.ReturnView, auth="seller", key="required", **more)


async def _view(tx: ReadTx, case: Return) -> return_views.ReturnView:
    refunds = await get_refunds(tx, [case.refund_id] if case.refund_id else [])
    sellers = await get_sellers(tx, seller_ids=[case.seller_id])
    return render_returns.case(case, refunds=refunds, sellers=sellers)


async def _act(
    request: ApiRequest,
    call: Call,
    work: Callable[[Tx], Awaitable[Return]],
    *,
    route: str,
    fingerprint: tuple[Any, ...],
    status: int = 200,
) -> Answer:
    """Run a command once per key and answer with the case as it is now."""
    key = required_key(request)

    async def moved(tx: Tx) -> _Moved:
        return _Moved((await work(tx)).id)

    outcome, replayed = await perform(
        call, moved, key=key, route=f"returns.{route}", request=fingerprint, outcome=_Moved
    )
    async with call.services.db.snapshot() as tx:
        view = await _view(tx, await get_return(tx, return_id=outcome.return_id, actor=_ANSWERING))
    return done(view, status=status, replayed=replayed)


async def _page(tx: ReadTx, request: ApiRequest, page: ReturnPage) -> Answer:
    refunds = await get_refunds(tx, [each.refund_id for each in page.items if each.refund_id])
    sellers = await get_sellers(tx, seller_ids={each.seller_id for each in page.items})
    view = return_views.ReturnListView(
        items=[render_returns.case(each, refunds=refunds, sellers=sellers) for each in page.items],
        next_cursor=page.next_cursor,
    )
    return listed(request, view, page.next_cursor)


def _who(call: Call) -> dict[str, Any]:
    return {"actor": call.buyer(), "now": call.now}


# ---------------------------------------------------------------- buyer


@post(ORDER, status_code=201, opt=_buyer(201, body=requests.RequestReturn))
async def apply_for_return(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """Apply for money back or an exchange for units of an order."""
    call = await open_call(request)
    wanted = await read_body(request, requests.RequestReturn)
    application = Application(
        kind=ReturnKind(wanted.kind),
        reason=ReturnReason(wanted.reason),
        lines=[
            Wanted(line.order_line_id, line.quantity, line.variant_id, line.replacement_variant_id)
            for line in wanted.lines
        ],
        body=wanted.body,
        media_ids=wanted.media_ids,
    )

    async def work(tx: Tx) -> Return:
        return await request_return(
            tx,
            order_id=order_id,
            application=application,
            default_days=call.services.settings.of(ReturnsSettings).after_sales_days,
            **_who(call),
        )

    return await _act(request, call, work, route="request", fingerprint=(order_id, wanted), status=201)


@get(ORDER, opt=operation("returns", return_views.ReturnListView, auth="buyer"))
async def show_order_returns(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """List an order's after-sales cases, newest first."""
    call = await open_call(request)
    async with call.services.db.snapshot() as tx:
        await get_order(tx, order_id=order_id, actor=call.buyer())
        return await _page(tx, request, ReturnPage(await returns_of(tx, order_ids=[order_id]), None))


@get(MINE, opt=operation("returns", return_views.ReturnView, auth="buyer"))
async def show_return(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Show an after-sales case."""
    call = await open_call(request)
    async with call.services.db.snapshot() as tx:
        return answer(await _view(tx, await get_return(tx, return_id=return_id, actor=call.buyer())))


@post(f"{MINE}/withdraw", status_code=200, opt=_buyer())
async def withdraw(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Take the application back."""
    call = await open_call(request)
    return await _act(
        request,
        call,
        lambda tx: withdraw_return(tx, return_id=return_id, **_who(call)),
        route="withdraw",
        fingerprint=(return_id,),
    )


@post(f"{MINE}/accept", status_code=200, opt=_buyer())
async def accept(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Accept the amount the seller proposed."""
    call = await open_call(request)
    return await _act(
        request,
        call,
        lambda tx: accept_proposal(tx, return_id=return_id, **_who(call)),
        route="accept",
        fingerprint=(return_id,),
    )


@post(f"{MINE}/decline", status_code=200, opt=_buyer())
async def decline(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Decline the amount the seller proposed."""
    call = await open_call(request)
    return await _act(
        request,
        call,
        lambda tx: decline_proposal(tx, return_id=return_id, **_who(call)),
        route="decline",
        fingerprint=(return_id,),
    )


@post(f"{MINE}/send-back", status_code=200, opt=_buyer(body=requests.SendBack))
async def send_goods_back(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Say by which carrier and number the goods come back."""
    call = await open_call(request)
    body = await read_body(request, requests.SendBack)
    return await _act(
        request,
        call,
        lambda tx: send_back(
            tx,
            return_id=return_id,
            carrier=body.carrier,
            tracking_number=body.tracking_number,
            **_who(call),
        ),
        route="send_back",
        fingerprint=(return_id, body),
    )


@post(f"{MINE}/escalate", status_code=200, opt=_buyer())
async def call_platform_in(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Call the platform in, also after a refusal."""
    call = await open_call(request)
    return await _act(
        request,
        call,
        lambda tx: escalate_return(tx, return_id=return_id, **_who(call)),
        route="escalate",
        fingerprint=(return_id,),
    )


# ---------------------------------------------------------------- seller


def _at(call: Call) -> dict[str, Any]:
    return {"actor": call.seller(), "now": call.now}


def _states(query: requests.ReturnQuery, default: tuple[ReturnState, ...]) -> tuple[ReturnState, ...]:
    return (ReturnState(query.state),) if query.state else default


@get(
    "/seller/returns",
    opt=operation("seller", return_views.ReturnListView, query=requests.ReturnQuery, auth="seller"),
)
async def show_returns(request: ApiRequest) -> Answer:
    """List the after-sales cases of the sellers one works for, newest first."""
    query = read_query(request, requests.ReturnQuery)
    call = await open_call(request)
    seller = call.seller()
    async with call.services.db.snapshot() as tx:
        page = await list_returns(
            tx,
            actor=seller,
            states=_states(query, tuple(ReturnState)),
            after=query.cursor,
            limit=query.limit,
        )
        return await _page(tx, request, page)


@get(SELLER, opt=operation("seller", return_views.ReturnView, auth="seller"))
async def show_own_return(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Show an after-sales case of one's own seller."""
    call = await open_call(request)
    seller = call.seller()
    async with call.services.db.snapshot() as tx:
        return answer(await _view(tx, await get_return(tx, return_id=return_id, actor=seller)))


@post(f"{SELLER}/approve", status_code=200, opt=_seller())
async def approve(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Agree: the money goes back at once, or when the goods are back; what an exchange is for is set aside."""
    call = await open_call(request)
    at = _at(call)
    return await _act(
        request,
        call,
        lambda tx: approve_return(tx, return_id=return_id, **at),
        route="approve",
        fingerprint=(return_id,),
    )


@post(f"{SELLER}/approve-as-refund", status_code=200, opt=_seller())
async def approve_refund(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Agree to take the goods of an exchange back, but for their money."""
    call = await open_call(request)
    at = _at(call)
    return await _act(
        request,
        call,
        lambda tx: approve_as_refund(tx, return_id=return_id, **at),
        route="approve_as_refund",
        fingerprint=(return_id,),
    )


@post(f"{SELLER}/cannot-deliver", status_code=200, opt=_seller())
async def give_up_replacement(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Say that what an exchange still owes cannot be delivered: its money goes back."""
    call = await open_call(request)
    at = _at(call)
    return await _act(
        request,
        call,
        lambda tx: refund_exchange(tx, return_id=return_id, **at),
        route="cannot_deliver",
        fingerprint=(return_id,),
    )


@post(f"{SELLER}/reject", status_code=200, opt=_seller(body=requests.RejectReturn))
async def reject(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Refuse, with a reason."""
    call = await open_call(request)
    at = _at(call)
    body = await read_body(request, requests.RejectReturn)
    return await _act(
        request,
        call,
        lambda tx: reject_return(tx, return_id=return_id, answer=body.answer, **at),
        route="reject",
        fingerprint=(return_id, body),
    )


@post(f"{SELLER}/propose", status_code=200, opt=_seller(body=requests.ProposeAmount))
async def propose(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Propose a part of the amount."""
    call = await open_call(request)
    at = _at(call)
    body = await read_body(request, requests.ProposeAmount)
    return await _act(
        request,
        call,
        lambda tx: propose_amount(tx, return_id=return_id, amount=body.amount, answer=body.answer, **at),
        route="propose",
        fingerprint=(return_id, body),
    )


@post(f"{SELLER}/inspect", status_code=200, opt=_seller(body=requests.InspectReturn))
async def inspect(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Confirm that the goods are back, and say which can be sold again."""
    call = await open_call(request)
    at = _at(call)
    body = await read_body(request, requests.InspectReturn)
    restocked = [Wanted(line.order_line_id, line.quantity) for line in body.restocked]
    return await _act(
        request,
        call,
        lambda tx: inspect_return(tx, return_id=return_id, restocked=restocked, **at),
        route="inspect",
        fingerprint=(return_id, body),
    )


@post(f"{SELLER}/escalate", status_code=200, opt=_seller())
async def escalate(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Call the platform in instead of answering."""
    call = await open_call(request)
    at = _at(call)
    return await _act(
        request,
        call,
        lambda tx: escalate_return(tx, return_id=return_id, **at),
        route="escalate_seller",
        fingerprint=(return_id,),
    )


# ---------------------------------------------------------------- staff


@get(
    "/staff/returns",
    opt=operation("staff", return_views.ReturnListView, query=requests.ReturnQuery, auth="staff"),
)
async def show_all_returns(request: ApiRequest) -> Answer:
    """List everybody's after-sales cases, those that wait for the platform unless another state is asked for."""
    query = read_query(request, requests.ReturnQuery)
    call = await open_call(request)
    staff = call.staff()
    async with call.services.db.snapshot() as tx:
        page = await list_returns(
            tx,
            actor=staff,
            states=_states(query, (ReturnState.ESCALATED,)),
            after=query.cursor,
            limit=query.limit,
        )
        return await _page(tx, request, page)


@get(STAFF, opt=operation("staff", return_views.ReturnView, auth="staff"))
async def show_any_return(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Show any after-sales case."""
    call = await open_call(request)
    staff = call.staff()
    async with call.services.db.snapshot() as tx:
        return answer(await _view(tx, await get_return(tx, return_id=return_id, actor=staff)))


@post(
    f"{STAFF}/decide",
    status_code=200,
    opt=operation("staff", return_views.ReturnView, body=requests.DecideReturn, auth="staff", key="required"),
)
async def decide(request: ApiRequest, return_id: FromPath[UUID]) -> Answer:
    """Decide an escalated case."""
    call = await open_call(request)
    staff = call.staff()
    body = await read_body(request, requests.DecideReturn)
    return await _act(
        request,
        call,
        lambda tx: decide_return(
            tx,
            return_id=return_id,
            actor=staff,
            in_favour=body.in_favour,
            amount=body.amount,
            answer=body.answer,
            as_refund=body.as_refund,
            now=call.now,
        ),
        route="decide",
        fingerprint=(return_id, body),
    )


@post(
    "/staff/refunds/{refund_id:uuid}/retry",
    status_code=200,
    opt=operation("staff", return_views.RefundRetryView, auth="staff", key="required"),
)
async def retry(request: ApiRequest, refund_id: FromPath[UUID]) -> Answer:
    """Try a failed refund again, under the same number."""
    key = required_key(request)
    call = await open_call(request)
    call.require_staff()

    async def work(tx: Tx) -> return_views.RefundRetryView:
        await retry_refund(tx, refund_id=refund_id, now=call.now)
        return return_views.RefundRetryView(refund_id=refund_id)

    view, replayed = await perform(
        call,
        work,
        key=key,
        route="refunds.retry",
        request=(refund_id,),
        outcome=return_views.RefundRetryView,
    )
    return done(view, status=200, replayed=replayed)


handlers = [
    apply_for_return,
    show_order_returns,
    show_return,
    withdraw,
    accept,
    decline,
    send_goods_back,
    call_platform_in,
    show_returns,
    show_own_return,
    approve,
    approve_refund,
    give_up_replacement,
    reject,
    propose,
    inspect,
    escalate,
    show_all_returns,
    show_any_return,
    decide,
    retry,
]
