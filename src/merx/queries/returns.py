"""After-sales, as buyer, seller and the platform's staff see it, and what each of them may do now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx
from merx.infra.outbox import Heard, history
from merx.kit.actors import Actor
from merx.kit.i18n import Text
from merx.kit.money import Money
from merx.orders import OrderView, get_order, get_order_view
from merx.queries.order_lines import BoughtLine, bought_line
from merx.queries.refunds import SeenRefund, seen_refunds
from merx.returns import (
    RETURN_EVENTS,
    Return,
    ReturnAction,
    ReturnApproved,
    ReturnEvent,
    ReturnInspected,
    ReturnKind,
    ReturnLine,
    ReturnSettled,
    ReturnState,
    actions_of,
    get_return,
    goods_to_send,
    list_returns,
    returns_of,
)
from merx.sellers import Seller, get_sellers

_APPROVED = {ReturnState.APPROVED, ReturnState.IN_TRANSIT, ReturnState.INSPECTED, ReturnState.SETTLED}
_OVER = {ReturnState.REJECTED, ReturnState.WITHDRAWN, ReturnState.ESCALATED}


class ReturnSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An after-sales case. `due_at` is when it goes on by itself; `refund` is what came of it.

    Of a line, `unshipped` units never left, and what came back was restocked or written off; `variant_id` is what they
    are of; `replacement` what is wanted instead, in an exchange. `return_address` is where the goods go, while they are to be
    sent back.
    """

    id: UUID
    purchase_id: UUID
    order_id: UUID
    order_number: str
    seller_id: UUID
    seller_name: Text
    kind: ReturnKind
    state: ReturnState
    reason: str
    body: str
    media_ids: list[UUID]
    lines: list[ReturnLine]
    amount: Money
    proposed: Money | None
    agreed: Money | None
    answer: str
    carrier: str | None
    tracking_number: str | None
    sent_back_at: datetime | None
    return_address: str | None
    decided_by_platform: bool
    due_at: datetime | None
    refund: SeenRefund | None
    created_at: datetime
    updated_at: datetime
    version: int


class ReturnStep(msgspec.Struct, frozen=True):
    """A step of a case: done, or still to come. `at` is None where it is not known."""

    code: Literal[
        "requested", "approved", "sent_back", "inspected", "refunded", "replaced", "escalated", "rejected", "withdrawn"
    ]  # fmt: skip
    at: datetime | None
    done: bool


class ReturnCase(ReturnSummary, frozen=True, kw_only=True):
    """A case as one of its sides sees it: what was bought, the steps, and what this side may do with it now."""

    bought: list[BoughtLine]
    steps: tuple[ReturnStep, ...]
    actions: tuple[ReturnAction, ...]


class ReturnList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of cases, newest first."""

    items: list[ReturnSummary]
    next_cursor: str | None


async def return_case(tx: ReadTx, *, return_id: UUID, actor: Actor, now: datetime) -> ReturnCase:
    """A case, for its buyer, its seller and the platform. Raises UnknownReturn for everybody else."""
    case = await get_return(tx, return_id=return_id, actor=actor)
    order = await get_order_view(tx, order_id=case.order_id, actor=actor)
    [summary] = await _summaries(tx, [case], actor=actor)
    events = await history(tx, subject_id=case.purchase_id, of=RETURN_EVENTS)
    return _with_actions(case, summary, order, events, actor=actor, now=now)


async def return_list(
    tx: ReadTx,
    *,
    actor: Actor,
    states: Sequence[ReturnState] = tuple(ReturnState),
    after: str | None = None,
    limit: int = 20,
) -> ReturnList:
    """The cases that concern somebody, in these states. Raises BadCursor."""
    page = await list_returns(tx, actor=actor, states=states, after=after, limit=limit)
    return ReturnList(items=await _summaries(tx, page.items, actor=actor), next_cursor=page.next_cursor)


async def order_returns(tx: ReadTx, *, order_ids: Sequence[UUID], actor: Actor) -> ReturnList:
    """The cases of these orders, newest first. Raises UnknownOrder for an order that the actor may not see."""
    for order_id in order_ids:
        await get_order(tx, order_id=order_id, actor=actor)
    cases = await returns_of(tx, order_ids=order_ids)
    return ReturnList(items=await _summaries(tx, cases, actor=actor), next_cursor=None)


async def _summaries(tx: ReadTx, cases: Sequence[Return], *, actor: Actor) -> list[ReturnSummary]:
    refunds = await seen_refunds(tx, refund_ids=[each.refund_id for each in cases], actor=actor)
    sellers = await get_sellers(tx, seller_ids={each.seller_id for each in cases})
    return [_summary(each, refunds=refunds, seller=sellers.get(each.seller_id)) for each in cases]


def _summary(case: Return, *, refunds: Mapping[UUID, SeenRefund], seller: Seller | None) -> ReturnSummary:
    return ReturnSummary(
        id=case.id,
        purchase_id=case.purchase_id,
        order_id=case.order_id,
        order_number=case.order_number,
        seller_id=case.seller_id,
        seller_name=seller.name if seller else {},
        kind=case.kind,
        state=case.state,
        reason=case.reason,
        body=case.body,
        media_ids=case.media_ids,
        lines=case.lines,
        amount=Money(case.amount, case.currency),
        proposed=None if case.proposed is None else Money(case.proposed, case.currency),
        agreed=None if case.agreed is None else Money(case.agreed, case.currency),
        answer=case.answer,
        carrier=case.carrier,
        tracking_number=case.tracking_number,
        sent_back_at=case.sent_back_at,
        return_address=seller.return_address if seller and goods_to_send(case) else None,
        decided_by_platform=case.decided_by is not None,
        due_at=case.due_at,
        refund=refunds.get(case.refund_id) if case.refund_id else None,
        created_at=case.created_at,
        updated_at=case.updated_at,
        version=case.version,
    )


def _with_actions(
    case: Return,
    summary: ReturnSummary,
    order: OrderView,
    events: Sequence[Heard[ReturnEvent]],
    *,
    actor: Actor,
    now: datetime,
) -> ReturnCase:
    about = {line.order_line_id for line in case.lines}
    return ReturnCase(
        **msgspec.structs.asdict(summary),
        bought=[bought_line(line, currency=case.currency) for line in order.lines if line.id in about],
        steps=return_steps(case, summary.refund, step_times(case, events)),
        actions=actions_of(case, order, actor=actor, now=now),
    )


def step_times(case: Return, events: Sequence[Heard[ReturnEvent]]) -> dict[type[ReturnEvent], datetime]:
    """When each kind of event of a case happened last, of all cases of its purchase."""
    return {type(each.event): each.created_at for each in events if each.event.return_id == case.id}


def return_steps(
    case: Return, refund: SeenRefund | None, times: Mapping[type[ReturnEvent], datetime]
) -> tuple[ReturnStep, ...]:
    """What happened to a case, by when, and unless it has come to nothing, what is still to come."""
    steps = [ReturnStep("requested", case.created_at, done=True)]
    sent = ReturnStep("sent_back", case.sent_back_at, done=True)
    if case.state in _OVER:
        if case.sent_back_at:
            steps.append(sent)
        return (*steps, ReturnStep(case.state.value, case.updated_at, done=True))  # type: ignore[arg-type]
    approved = case.state in _APPROVED
    steps.append(ReturnStep("approved", times.get(ReturnApproved) if approved else None, done=approved))
    if case.kind is not ReturnKind.REFUND_ONLY:
        inspected = case.state in {ReturnState.INSPECTED, ReturnState.SETTLED}
        at = times.get(ReturnInspected) if inspected else None
        steps.append(sent if case.sent_back_at else ReturnStep("sent_back", None, done=False))
        steps.append(ReturnStep("inspected", at, done=inspected))
    settled = case.state is ReturnState.SETTLED
    if case.kind is ReturnKind.EXCHANGE and case.refund_id is None:
        at = times.get(ReturnSettled) if settled else None
        return (*steps, ReturnStep("replaced", at, done=settled))
    return (*steps, ReturnStep("refunded", refund.settled_at if refund else None, done=settled))
