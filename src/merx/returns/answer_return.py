"""What a seller answers to an application: yes, no, or an amount; and what came back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.kit.actors import SellerMember
from merx.returns.access import lock_return
from merx.returns.advance import advance, end, grant, inspect_goods
from merx.returns.errors import NotAnExchange, ReturnMoved
from merx.returns.events import ReturnProposed, ReturnRejected
from merx.returns.model import Return, ReturnKind, ReturnState, Wanted
from merx.returns.rules import BUYER_ANSWERS, can_answer, can_inspect, check_amount, check_words


async def approve_return(tx: Tx, *, return_id: UUID, actor: SellerMember, now: datetime) -> Return:
    """Agree: the money goes back at once, or when the goods are back; what an exchange is for is set aside.

    Raises UnknownReturn, ReturnMoved, NoReplacement.
    """
    case, view = await lock_return(tx, return_id=return_id, actor=actor)
    _expect(case, can_answer, wanted=ReturnState.APPROVED)
    return await grant(tx, case, view, actor=actor, now=now)


async def approve_as_refund(tx: Tx, *, return_id: UUID, actor: SellerMember, now: datetime) -> Return:
    """Agree to take the goods of an exchange back, but for their money: there is nothing to send instead.

    Raises UnknownReturn, NotAnExchange, ReturnMoved.
    """
    case, view = await lock_return(tx, return_id=return_id, actor=actor)
    if case.kind is not ReturnKind.EXCHANGE:
        raise NotAnExchange
    _expect(case, can_answer, wanted=ReturnState.APPROVED)
    return await grant(tx, case, view, actor=actor, now=now, refund_instead="always")


async def reject_return(
    tx: Tx, *, return_id: UUID, actor: SellerMember, answer: str, now: datetime
) -> Return:
    """Refuse, with a reason. The buyer may call the platform in. Raises UnknownReturn, ReturnMoved, TextRefused."""
    words = check_words("answer", answer, required=True)
    case, _ = await lock_return(tx, return_id=return_id, actor=actor)
    _expect(case, can_answer, wanted=ReturnState.REJECTED)
    return await end(
        tx, case, ReturnState.REJECTED, event=ReturnRejected, actor=actor, now=now, answer=words
    )  # fmt: skip


async def propose_amount(
    tx: Tx,
    *,
    return_id: UUID,
    actor: SellerMember,
    amount: int,
    answer: str,
    now: datetime,
) -> Return:
    """Offer a part of the amount, in minor units; the buyer accepts or declines.

    Raises UnknownReturn, ReturnMoved, BadProposal, NoMoneyInExchange, TextRefused.
    """
    words = check_words("answer", answer, required=False)
    case, _ = await lock_return(tx, return_id=return_id, actor=actor)
    _expect(case, can_answer, wanted=ReturnState.PROPOSED)
    return await advance(
        tx, case, ReturnState.PROPOSED, event=ReturnProposed, actor=actor, now=now,
        proposed=check_amount(case, amount), answer=words, due_at=now + BUYER_ANSWERS,
    )  # fmt: skip


async def inspect_return(
    tx: Tx,
    *,
    return_id: UUID,
    actor: SellerMember,
    restocked: Sequence[Wanted],
    now: datetime,
) -> Return:
    """Confirm that the goods are back: `restocked` units are for sale again, the others are written off.

    The money goes back, or the order has the replacement to ship. Raises UnknownReturn, ReturnMoved, BadReturn.
    """
    case, view = await lock_return(tx, return_id=return_id, actor=actor)
    _expect(case, can_inspect, wanted=ReturnState.INSPECTED)
    return await inspect_goods(tx, case, view, restocked=list(restocked), actor=actor, now=now)


def _expect(case: Return, rule: Callable[[Return], bool], *, wanted: ReturnState) -> None:
    if not rule(case):
        raise ReturnMoved(state=case.state.value, wanted=wanted.value)
