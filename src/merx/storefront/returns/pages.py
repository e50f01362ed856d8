"""After-sales cases: a buyer follows them, a seller answers and inspects, the platform's staff decide."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post

from merx.catalog import pictures_of
from merx.infra.db import ReadTx, Tx
from merx.infra.outbox import history
from merx.kit.actors import Buyer, SellerMember, Staff
from merx.kit.errors import Conflict, Invalid, NotFound
from merx.kit.money import parse_decimal
from merx.orders import get_order_view
from merx.payments import UnknownRefund, get_refunds, retry_refund
from merx.returns import (
    RETURN_EVENTS,
    Return,
    ReturnState,
    Wanted,
    accept_proposal,
    actions_of,
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
    returns_of,
    send_back,
    withdraw_return,
)
from merx.sellers import get_sellers
from merx.storefront.core.forms import EmptyForm, PlainRequest, ShipForm, read_form, read_restocked
from merx.storefront.core.orders import own_purchase, pictured
from merx.storefront.core.pages import Page, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.returns import application
from merx.storefront.returns.application import returned
from merx.storefront.returns.forms import AnswerForm, DecisionForm, ProposalForm
from merx.storefront.returns.view import FOLDERS, ReturnsView, Role, case_page, return_row

_PER_PAGE = 20


MINE = "/account/returns/{return_id:uuid}"


SELLER = "/seller/returns/{return_id:uuid}"


STAFF = "/staff/returns/{return_id:uuid}"


Work = Callable[[Tx], Awaitable[Return]]


# ---------------------------------------------------------------- lists


@get("/account/returns")
async def show_my_returns(visit: Visiting, after: Cursor = None) -> Page:
    """The account's cases, newest first; a guest's by the browser's tokens. Raises BadCursor."""
    async with visit.services.db.snapshot() as tx:
        cases, cursor = await _own_cases(visit, tx, after=after)
        return await _draw_list(visit, tx, cases, cursor, role="buyer")


async def _own_cases(visit: Visit, tx: ReadTx, *, after: str | None) -> tuple[list[Return], str | None]:
    if visit.account_id is None:
        return await returns_of(tx, order_ids=await _guests_orders(visit, tx)), None
    found = await list_returns(tx, actor=visit.buyer(), after=after, limit=_PER_PAGE)
    return found.items, found.next_cursor


async def _guests_orders(visit: Visit, tx: ReadTx) -> list[UUID]:
    found: list[UUID] = []
    for purchase_id in visit.purchases:
        try:
            found.extend(each.order.id for each in (await own_purchase(visit, tx, purchase_id)).orders)
        except NotFound:
            continue  # a stale or forged cookie
    return found


@get("/seller/returns")
async def show_seller_returns(visit: Visiting, after: Cursor = None) -> Page:
    """The cases of one's shops, newest first. Raises Unauthenticated, NoShop, BadCursor."""
    seller = visit.seller()
    async with visit.services.db.snapshot() as tx:
        found = await list_returns(tx, actor=seller, after=after, limit=_PER_PAGE)
        return await _draw_list(visit, tx, found.items, found.next_cursor, role="seller")


@get("/staff/returns")
async def show_escalated(visit: Visiting, after: Cursor = None) -> Page:
    """The cases that wait for the platform, newest first. Raises Unauthenticated, Forbidden, BadCursor."""
    staff = visit.staff()
    async with visit.services.db.snapshot() as tx:
        found = await list_returns(
            tx, actor=staff, states=[ReturnState.ESCALATED], after=after, limit=_PER_PAGE
        )
        return await _draw_list(visit, tx, found.items, found.next_cursor, role="staff")


async def _draw_list(
    visit: Visit, tx: ReadTx, cases: Sequence[Return], cursor: str | None, *, role: Role
) -> Page:
    sellers = await get_sellers(tx, seller_ids={case.seller_id for case in cases})
    view = ReturnsView(
        role=role,
        rows=tuple(return_row(case, role=role, sellers=sellers, locale=visit.locale) for case in cases),
        more_url=f"{FOLDERS[role]}?after={cursor}" if cursor else None,
    )
    return await page(visit, tx, "returns/return_list.html", view)


# ---------------------------------------------------------------- one case


def _actor(visit: Visit, role: Role) -> Buyer | SellerMember | Staff:
    """The visitor in this role. Raises Unauthenticated, NoShop, Forbidden."""
    if role == "buyer":
        return visit.buyer()
    return visit.seller() if role == "seller" else visit.staff()


async def _draw(
    visit: Visit,
    return_id: UUID,
    role: Role,
    *,
    form: FormView | None = None,
    form_for: str = "",
    status: int = 200,
) -> Page:
    async with visit.services.db.snapshot() as tx:
        actor = _actor(visit, role)
        case = await get_return(tx, return_id=return_id, actor=actor)
        found = await get_order_view(tx, order_id=case.order_id, actor=actor)
        refunds = await get_refunds(tx, [case.refund_id] if case.refund_id else [])
        view = case_page(
            case,
            role=role,
            actions=actions_of(case, found, actor=actor, now=visit.now),
            found=found,
            refund=refunds.get(case.refund_id) if case.refund_id else None,
            pictures=await pictures_of(tx, media_ids=case.media_ids),
            events=await history(tx, subject_id=case.purchase_id, of=RETURN_EVENTS),
            sellers=await get_sellers(tx, seller_ids=[case.seller_id]),
            pictured=await pictured(tx, [found]),
            locale=visit.locale,
            form=form,
            form_for=form_for,
        )
        return await page(visit, tx, "returns/return_case.html", view, status=status)


async def _act(
    visit: Visit,
    return_id: UUID,
    role: Role,
    work: Work,
    *,
    form_for: str = "",
    values: Mapping[str, object] | None = None,
) -> Page:
    """Run a command and go back to the case; a refusal stands beside the form it is about."""
    try:
        await visit.services.db.write(work)
    except (Invalid, Conflict) as error:
        sent = returned(visit, error, values or {})
        return await _draw(visit, return_id, role, form=sent, form_for=form_for, status=422)
    return see_other(f"{FOLDERS[role]}/{return_id}")


async def _act_as_buyer(
    visit: Visit,
    return_id: UUID,
    use_case: Callable[..., Awaitable[Return]],
    *,
    form: ShipForm | None = None,
) -> Page:
    values = msgspec.structs.asdict(form) if form else {}

    async def work(tx: Tx) -> Return:
        return await use_case(tx, return_id=return_id, actor=visit.buyer(), now=visit.now, **values)

    return await _act(visit, return_id, "buyer", work, form_for="send_back" if form else "", values=values)


@get(MINE)
async def show_my_return(visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """A case, for its buyer. Raises UnknownReturn."""
    return await _draw(visit, return_id, "buyer")


@post(MINE + "/withdraw", status_code=200)
async def submit_withdraw(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Take the application back. Raises UnknownReturn."""
    await read_form(request, EmptyForm)
    return await _act_as_buyer(visit, return_id, withdraw_return)


@post(MINE + "/accept", status_code=200)
async def submit_accept(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Accept the amount the seller proposed. Raises UnknownReturn."""
    await read_form(request, EmptyForm)
    return await _act_as_buyer(visit, return_id, accept_proposal)


@post(MINE + "/decline", status_code=200)
async def submit_decline(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Decline the amount the seller proposed. Raises UnknownReturn."""
    await read_form(request, EmptyForm)
    return await _act_as_buyer(visit, return_id, decline_proposal)


@post(MINE + "/escalate", status_code=200)
async def submit_escalate(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Call the platform in. Raises UnknownReturn."""
    await read_form(request, EmptyForm)
    return await _act_as_buyer(visit, return_id, escalate_return)


@post(MINE + "/send-back", status_code=200)
async def submit_send_back(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """The goods were handed to a carrier. Raises UnknownReturn."""
    return await _act_as_buyer(visit, return_id, send_back, form=await read_form(request, ShipForm))


# ---------------------------------------------------------------- seller


def _at(visit: Visit) -> dict[str, Any]:
    return {"actor": visit.seller(), "now": visit.now}


@get(SELLER)
async def show_seller_return(visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """A case of one's shop. Raises Unauthenticated, NoShop, UnknownReturn."""
    return await _draw(visit, return_id, "seller")


@post(SELLER + "/approve", status_code=200)
async def submit_approve(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Agree. Raises Unauthenticated, NoShop, UnknownReturn."""
    at = _at(visit)
    await read_form(request, EmptyForm)
    return await _act(visit, return_id, "seller", lambda tx: approve_return(tx, return_id=return_id, **at))


@post(SELLER + "/approve-as-refund", status_code=200)
async def submit_approve_as_refund(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Take the goods of an exchange back for their money. Raises Unauthenticated, NoShop, UnknownReturn."""
    at = _at(visit)
    await read_form(request, EmptyForm)
    return await _act(visit, return_id, "seller", lambda tx: approve_as_refund(tx, return_id=return_id, **at))


@post(SELLER + "/cannot-deliver", status_code=200)
async def submit_cannot_deliver(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """What an exchange owes is paid back instead. Raises Unauthenticated, NoShop, UnknownReturn."""
    at = _at(visit)
    await read_form(request, EmptyForm)
    return await _act(visit, return_id, "seller", lambda tx: refund_exchange(tx, return_id=return_id, **at))


@post(SELLER + "/reject", status_code=200)
async def submit_reject(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Refuse, with a reason. Raises Unauthenticated, NoShop, UnknownReturn."""
    at = _at(visit)
    form = await read_form(request, AnswerForm)
    return await _act(
        visit, return_id, "seller",
        lambda tx: reject_return(tx, return_id=return_id, answer=form.answer, **at),
        form_for="reject", values=msgspec.structs.asdict(form),
    )  # fmt: skip


@post(SELLER + "/propose", status_code=200)
async def submit_propose(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Propose a part of the amount. Raises Unauthenticated, NoShop, UnknownReturn."""
    at = _at(visit)
    form = await read_form(request, ProposalForm)

    async def work(tx: Tx) -> Return:
        case = await get_return(tx, return_id=return_id, actor=at["actor"])
        amount = parse_decimal(form.amount.strip(), case.currency).amount
        return await propose_amount(tx, return_id=return_id, amount=amount, answer=form.answer, **at)

    return await _act(
        visit, return_id, "seller", work, form_for="propose", values=msgspec.structs.asdict(form)
    )


@post(SELLER + "/inspect", status_code=200)
async def submit_inspect(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """The goods are back: which can be sold again. Raises Unauthenticated, NoShop, UnknownReturn, BadForm."""
    at = _at(visit)
    restocked = [Wanted(line_id, quantity) for line_id, quantity in (await read_restocked(request)).items()]
    values = {f"restocked-{each.order_line_id}": each.quantity for each in restocked}
    return await _act(
        visit, return_id, "seller",
        lambda tx: inspect_return(tx, return_id=return_id, restocked=restocked, **at),
        form_for="inspect", values=values,
    )  # fmt: skip


@post(SELLER + "/escalate", status_code=200)
async def submit_seller_escalate(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Call the platform in instead of answering. Raises Unauthenticated, NoShop, UnknownReturn."""
    at = _at(visit)
    await read_form(request, EmptyForm)
    return await _act(visit, return_id, "seller", lambda tx: escalate_return(tx, return_id=return_id, **at))


# ---------------------------------------------------------------- staff


@get(STAFF)
async def show_any_return(visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Any case, for the platform's staff. Raises Unauthenticated, Forbidden, UnknownReturn."""
    return await _draw(visit, return_id, "staff")


@post(STAFF + "/decide", status_code=200)
async def submit_decide(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """The platform's last word. Raises Unauthenticated, Forbidden, UnknownReturn."""
    staff = visit.staff()
    form = await read_form(request, DecisionForm)

    async def work(tx: Tx) -> Return:
        case = await get_return(tx, return_id=return_id, actor=staff)
        part = form.amount.strip()
        return await decide_return(
            tx, return_id=return_id, actor=staff, in_favour=form.in_favour == "yes",
            amount=parse_decimal(part, case.currency).amount if part else None, answer=form.answer, now=visit.now,
            as_refund=form.as_refund == "yes",
        )  # fmt: skip

    return await _act(visit, return_id, "staff", work, form_for="decide", values=msgspec.structs.asdict(form))


@post(STAFF + "/retry-refund", status_code=200)
async def submit_retry_refund(request: PlainRequest, visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Try the case's refund again, which its provider refused. Raises Unauthenticated, Forbidden, UnknownReturn."""
    staff = visit.staff()
    await read_form(request, EmptyForm)

    async def work(tx: Tx) -> Return:
        case = await get_return(tx, return_id=return_id, actor=staff)
        if case.refund_id is None:
            raise UnknownRefund
        await retry_refund(tx, refund_id=case.refund_id, now=visit.now)
        return case

    return await _act(visit, return_id, "staff", work)


handlers = [
    *application.handlers,
    show_my_returns,
    show_seller_returns,
    show_escalated,
    show_my_return,
    submit_withdraw,
    submit_accept,
    submit_decline,
    submit_escalate,
    submit_send_back,
    show_seller_return,
    submit_approve,
    submit_approve_as_refund,
    submit_cannot_deliver,
    submit_reject,
    submit_propose,
    submit_inspect,
    submit_seller_escalate,
    show_any_return,
    submit_decide,
    submit_retry_refund,
]
