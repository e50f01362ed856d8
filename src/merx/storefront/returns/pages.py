"""After-sales cases: a buyer follows them, a seller answers and inspects, the platform's staff decide."""

from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import get

from merx.catalog import cards, pictures_of
from merx.infra.db import ReadTx, Tx
from merx.kit.actors import Buyer, SellerMember, Staff
from merx.kit.errors import DomainError, NotFound
from merx.kit.money import parse_decimal
from merx.orders import purchase_view
from merx.payments import UnknownRefund, retry_refund
from merx.queries.returns import ReturnList, order_returns, return_case, return_list
from merx.returns import (
    Return,
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
    propose_amount,
    refund_exchange,
    reject_return,
    send_back,
    withdraw_return,
)
from merx.storefront.core.commands import Command, Sent, handlers_of, use
from merx.storefront.core.forms import ShipForm, read_restocked
from merx.storefront.core.pages import Page, page
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.returns import application
from merx.storefront.returns.application import returned
from merx.storefront.returns.forms import AnswerForm, DecisionForm, ProposalForm
from merx.storefront.returns.view import CASES, Role, case_page, list_page

_PER_PAGE = 20
MINE: Final = "/account/returns/{return_id:uuid}"
SELLER: Final = "/seller/returns/{return_id:uuid}"
STAFF: Final = "/staff/returns/{return_id:uuid}"


# ---------------------------------------------------------------- lists


@get("/account/returns")
async def show_my_returns(visit: Visiting, after: Cursor = None) -> Page:
    """The account's cases, newest first; a guest's by the browser's tokens. Raises BadCursor."""
    async with visit.services.db.snapshot() as tx:
        if visit.account_id is None:
            orders = await _guests_orders(visit, tx)
            return await _draw_list(
                visit, tx, await order_returns(tx, order_ids=orders, actor=visit.buyer()), role="buyer"
            )
        found = await return_list(tx, actor=visit.buyer(), after=after, limit=_PER_PAGE)
        return await _draw_list(visit, tx, found, role="buyer")


async def _guests_orders(visit: Visit, tx: ReadTx) -> list[UUID]:
    found: list[UUID] = []
    for purchase_id in visit.purchases:
        try:
            mine = await purchase_view(tx, purchase_id=purchase_id, actor=visit.buyer())
        except NotFound:
            continue  # a stale or forged cookie
        found.extend(each.order.id for each in mine.orders)
    return found


@get("/seller/returns")
async def show_seller_returns(visit: Visiting, after: Cursor = None) -> Page:
    """The cases of one's shops, newest first. Raises Unauthenticated, NoShop, BadCursor."""
    seller = visit.seller()
    async with visit.services.db.snapshot() as tx:
        found = await return_list(tx, actor=seller, after=after, limit=_PER_PAGE)
        return await _draw_list(visit, tx, found, role="seller")


@get("/staff/returns")
async def show_escalated(visit: Visiting, after: Cursor = None) -> Page:
    """The cases that wait for the platform, newest first. Raises Unauthenticated, Forbidden, BadCursor."""
    staff = visit.staff()
    async with visit.services.db.snapshot() as tx:
        found = await return_list(
            tx, actor=staff, states=[ReturnState.ESCALATED], after=after, limit=_PER_PAGE
        )
        return await _draw_list(visit, tx, found, role="staff")


async def _draw_list(visit: Visit, tx: ReadTx, found: ReturnList, *, role: Role) -> Page:
    return await page(visit, tx, "returns/return_list.html", list_page(found, role=role, locale=visit.locale))


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
    actor = _actor(visit, role)
    async with visit.services.db.snapshot() as tx:
        case = await return_case(tx, return_id=return_id, actor=actor, now=visit.now)
        view = case_page(
            case,
            role=role,
            pictures=await pictures_of(tx, media_ids=case.media_ids),
            pictured=await cards(tx, product_ids={line.product_id for line in case.bought}),
            locale=visit.locale,
            form=form,
            form_for=form_for,
        )
        return await page(visit, tx, "returns/return_case.html", view, status=status)


@get(MINE)
async def show_my_return(visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """A case, for its buyer. Raises UnknownReturn."""
    return await _draw(visit, return_id, "buyer")


@get(SELLER)
async def show_seller_return(visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """A case of one's shop. Raises Unauthenticated, NoShop, UnknownReturn."""
    return await _draw(visit, return_id, "seller")


@get(STAFF)
async def show_any_return(visit: Visiting, return_id: FromPath[UUID]) -> Page:
    """Any case, for the platform's staff. Raises Unauthenticated, Forbidden, UnknownReturn."""
    return await _draw(visit, return_id, "staff")


# ---------------------------------------------------------------- what is done with it


async def _refused(sent: Sent, command: Command, error: DomainError) -> Page:
    """The case again, with the refusal beside the form it is about."""
    form = returned(sent.visit, error, _values(sent.form))
    return await _draw(
        sent.visit, sent.about["return_id"], command.who, form=form, form_for=command.form_for, status=422
    )


def _values(form: Any) -> dict[str, object]:
    if isinstance(form, dict):
        return {f"restocked-{line_id}": quantity for line_id, quantity in form.items()}
    return msgspec.structs.asdict(form)


def _restocked(form: dict[UUID, int]) -> dict[str, Any]:
    return {"restocked": [Wanted(line_id, quantity) for line_id, quantity in form.items()]}


async def _case(tx: Tx, sent: Sent) -> Return:
    return await get_return(tx, return_id=sent.about["return_id"], actor=sent.actor)


async def _propose(tx: Tx, sent: Sent) -> Return:
    form: ProposalForm = sent.form
    case = await _case(tx, sent)
    amount = parse_decimal(form.amount.strip(), case.currency).amount
    return await propose_amount(
        tx, return_id=case.id, actor=sent.actor, amount=amount, answer=form.answer, now=sent.visit.now
    )


async def _decide(tx: Tx, sent: Sent) -> Return:
    form: DecisionForm = sent.form
    case = await _case(tx, sent)
    part = form.amount.strip()
    return await decide_return(
        tx,
        return_id=case.id,
        actor=sent.actor,
        in_favour=form.in_favour == "yes",
        amount=parse_decimal(part, case.currency).amount if part else None,
        answer=form.answer,
        as_refund=form.as_refund == "yes",
        now=sent.visit.now,
    )


async def _retry(tx: Tx, sent: Sent) -> None:
    """Try the case's refund again, which its provider refused. Raises UnknownRefund, RefundMoved."""
    case = await _case(tx, sent)
    if case.refund_id is None:
        raise UnknownRefund
    await retry_refund(tx, refund_id=case.refund_id, now=sent.visit.now)


_buyer = partial(Command, who="buyer")
_seller = partial(Command, who="seller")
_staff = partial(Command, who="staff")

_COMMANDS: Final = (
    _buyer(path=f"{MINE}/withdraw", name="submit_withdraw", perform=use(withdraw_return)),
    _buyer(path=f"{MINE}/accept", name="submit_accept", perform=use(accept_proposal)),
    _buyer(path=f"{MINE}/decline", name="submit_decline", perform=use(decline_proposal)),
    _buyer(path=f"{MINE}/escalate", name="submit_escalate", perform=use(escalate_return)),
    _buyer(
        path=f"{MINE}/send-back", name="submit_send_back", form=ShipForm, perform=use(send_back), form_for="send_back"
    ),
    _seller(path=f"{SELLER}/approve", name="submit_approve", perform=use(approve_return)),
    _seller(path=f"{SELLER}/approve-as-refund", name="submit_approve_as_refund", perform=use(approve_as_refund)),
    _seller(path=f"{SELLER}/cannot-deliver", name="submit_cannot_deliver", perform=use(refund_exchange)),
    _seller(
        path=f"{SELLER}/reject", name="submit_reject", form=AnswerForm, perform=use(reject_return), form_for="reject"
    ),
    _seller(path=f"{SELLER}/propose", name="submit_propose", form=ProposalForm, perform=_propose, form_for="propose"),
    _seller(
        path=f"{SELLER}/inspect", name="submit_inspect", read=read_restocked,
        perform=use(inspect_return, _restocked), form_for="inspect",
    ),
    _seller(path=f"{SELLER}/escalate", name="submit_seller_escalate", perform=use(escalate_return)),
    _staff(path=f"{STAFF}/decide", name="submit_decide", form=DecisionForm, perform=_decide, form_for="decide"),
    _staff(path=f"{STAFF}/retry-refund", name="submit_retry_refund", perform=_retry),
)  # fmt: skip


def _back_to_the_case(sent: Sent, command: Command, _outcome: object) -> str:
    return CASES[command.who](sent.about["return_id"])


handlers = [
    *application.handlers,
    show_my_returns,
    show_seller_returns,
    show_escalated,
    show_my_return,
    show_seller_return,
    show_any_return,
    *handlers_of(*_COMMANDS, then=_back_to_the_case, again=_refused),
]
