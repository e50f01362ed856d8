"""Buyer or seller call the platform in; its staff have the last word."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.orders import OrderState, OrderView, claim_units
from merx.returns.access import buyer_return, get_return, lock_return, seller_return
from merx.returns.advance import advance, end, grant
from merx.returns.errors import NotReturnable, ReturnDecided, ReturnMoved
from merx.returns.events import RETURN_ESCALATED, RETURN_REJECTED
from merx.returns.model import By, Return, ReturnState
from merx.returns.rules import ESCALATE_WITHIN, check_amount, check_words, claims_of


async def escalate_for_buyer(
    tx: Tx, *, return_id: UUID, account_id: UUID | None, access_hash: bytes | None, now: datetime
) -> Return:
    """Call the platform in, also after the seller's no. Raises UnknownReturn, ReturnMoved, ReturnDecided."""
    case = await buyer_return(tx, return_id=return_id, account_id=account_id, access_hash=access_hash)
    case, view = await lock_return(tx, case)
    if case.state is ReturnState.REJECTED:
        await _claim_again(tx, case, view, now=now)
    return await _escalate(tx, case, by="buyer", actor_id=account_id, now=now)


async def escalate_for_seller(
    tx: Tx, *, return_id: UUID, seller_ids: Collection[UUID], actor_id: UUID | None, now: datetime
) -> Return:
    """Call the platform in instead of answering. Raises UnknownReturn, ReturnMoved, ReturnDecided."""
    case, _ = await lock_return(tx, await seller_return(tx, return_id=return_id, seller_ids=seller_ids))
    if case.state is ReturnState.REJECTED:
        raise ReturnMoved(state=case.state.value, wanted=ReturnState.ESCALATED.value)
    return await _escalate(tx, case, by="seller", actor_id=actor_id, now=now)


async def _escalate(tx: Tx, case: Return, *, by: By, actor_id: UUID | None, now: datetime) -> Return:
    if case.decided_by is not None:
        raise ReturnDecided
    return await advance(
        tx, case, ReturnState.ESCALATED, event=RETURN_ESCALATED, by=by, actor_id=actor_id, now=now
    )


async def _claim_again(tx: Tx, case: Return, view: OrderView, *, now: datetime) -> None:
    """A rejected case comes to life: its units must still be there to ask back."""
    if case.decided_by is not None or now > case.updated_at + ESCALATE_WITHIN:
        raise ReturnDecided
    if view.order.state != OrderState.PLACED:
        raise NotReturnable
    await claim_units(tx, order_id=case.order_id, claims=claims_of(case.lines))


async def decide_return(
    tx: Tx, *, return_id: UUID, staff_id: UUID, in_favour: bool, amount: int | None, answer: str, now: datetime,
    as_refund: bool = False,
) -> Return:  # fmt: skip
    """Decide an escalated case for the buyer (all of it, or `amount` in minor units) or against.

    `as_refund` grants money instead of the exchange that was asked for. The caller has checked that `staff_id` is of
    the platform's staff. Raises UnknownReturn, ReturnMoved, BadProposal, NoMoneyInExchange, NoReplacement, TextRefused.
    """
    words = check_words("answer", answer, required=True)
    case, view = await lock_return(tx, await get_return(tx, return_id=return_id))
    if case.state is not ReturnState.ESCALATED:
        raise ReturnMoved(state=case.state.value, wanted="decided")
    if not in_favour:
        return await end(
            tx, case, ReturnState.REJECTED, event=RETURN_REJECTED, by="staff", actor_id=staff_id, now=now,
            answer=words, decided_by=staff_id,
        )  # fmt: skip
    agreed = None if amount is None else check_amount(case, amount)
    return await grant(
        tx, case, view, by="staff", actor_id=staff_id, now=now, refund_instead="always" if as_refund else "never",
        agreed=agreed, answer=words, decided_by=staff_id,
    )  # fmt: skip
