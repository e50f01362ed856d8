"""Buyer or seller call the platform in; its staff have the last word."""

from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.kit.actors import Buyer, SellerMember, Staff
from merx.orders import claim_units
from merx.returns.access import lock_return
from merx.returns.advance import advance, end, grant
from merx.returns.errors import ReturnMoved
from merx.returns.events import ReturnEscalated, ReturnRejected
from merx.returns.model import Return, ReturnState
from merx.returns.rules import can_decide, check_amount, check_escalation, check_words, claims_of


async def escalate_return(tx: Tx, *, return_id: UUID, actor: Buyer | SellerMember, now: datetime) -> Return:
    """Call the platform in: the buyer also after the seller's no, the seller instead of answering.

    Raises UnknownReturn, ReturnMoved, ReturnDecided, NotReturnable.
    """
    case, view = await lock_return(tx, return_id=return_id, actor=actor)
    check_escalation(case, view.order, actor=actor, now=now)
    if case.state is ReturnState.REJECTED:  # it comes to life: its units must still be there to ask back
        await claim_units(tx, order_id=case.order_id, claims=claims_of(case.lines))
    return await advance(tx, case, ReturnState.ESCALATED, event=ReturnEscalated, actor=actor, now=now)


async def decide_return(
    tx: Tx, *, return_id: UUID, actor: Staff, in_favour: bool, amount: int | None, answer: str, now: datetime,
    as_refund: bool = False,
) -> Return:  # fmt: skip
    """Decide an escalated case for the buyer (all of it, or `amount` in minor units) or against.

    `as_refund` grants money instead of the exchange that was asked for. Raises UnknownReturn,
    ReturnMoved, BadProposal, NoMoneyInExchange, NoReplacement, TextRefused.
    """
    words = check_words("answer", answer, required=True)
    case, view = await lock_return(tx, return_id=return_id, actor=actor)
    if not can_decide(case):
        raise ReturnMoved(state=case.state.value, wanted="decided")
    if not in_favour:
        return await end(
            tx, case, ReturnState.REJECTED, event=ReturnRejected, actor=actor, now=now,
            answer=words, decided_by=actor.account_id,
        )  # fmt: skip
    agreed = None if amount is None else check_amount(case, amount)
    return await grant(
        tx, case, view, actor=actor, now=now, refund_instead="always" if as_refund else "never",
        agreed=agreed, answer=words, decided_by=actor.account_id,
    )  # fmt: skip
