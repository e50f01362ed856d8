"""What a buyer does with a case: withdraw it, answer a proposal, send the goods back."""

from datetime import datetime
from uuid import UUID

from merx.fulfilment import clean_tracking_number, find_carrier
from merx.infra.db import Tx
from merx.kit.actors import Buyer
from merx.returns.access import lock_return
from merx.returns.advance import advance, end, grant
from merx.returns.errors import ReturnMoved
from merx.returns.events import ReturnDeclined, ReturnSentBack, ReturnWithdrawn
from merx.returns.model import Return, ReturnState
from merx.returns.rules import (
    SELLER_ANSWERS,
    SELLER_INSPECTS,
    can_answer_proposal,
    can_send_back,
    can_withdraw,
)


async def withdraw_return(tx: Tx, *, return_id: UUID, actor: Buyer, now: datetime) -> Return:
    """Take the application back, before goods or money are on their way. Raises UnknownReturn, ReturnMoved."""
    case, _ = await lock_return(tx, return_id=return_id, actor=actor)
    if not can_withdraw(case):
        raise ReturnMoved(state=case.state.value, wanted=ReturnState.WITHDRAWN.value)
    return await end(tx, case, ReturnState.WITHDRAWN, event=ReturnWithdrawn, actor=actor, now=now)


async def accept_proposal(tx: Tx, *, return_id: UUID, actor: Buyer, now: datetime) -> Return:
    """Agree to the amount the seller proposed. Raises UnknownReturn, ReturnMoved."""
    case, view = await lock_return(tx, return_id=return_id, actor=actor)
    if not can_answer_proposal(case):
        raise ReturnMoved(state=case.state.value, wanted=ReturnState.APPROVED.value)
    return await grant(tx, case, view, actor=actor, now=now, agreed=case.proposed)


async def decline_proposal(tx: Tx, *, return_id: UUID, actor: Buyer, now: datetime) -> Return:
    """Refuse the amount the seller proposed: the seller has to answer again. Raises UnknownReturn, ReturnMoved."""
    case, _ = await lock_return(tx, return_id=return_id, actor=actor)
    if not can_answer_proposal(case):
        raise ReturnMoved(state=case.state.value, wanted=ReturnState.REQUESTED.value)
    return await advance(
        tx, case, ReturnState.REQUESTED, event=ReturnDeclined, actor=actor, now=now,
        proposed=None, due_at=now + SELLER_ANSWERS,
    )  # fmt: skip


async def send_back(
    tx: Tx,
    *,
    return_id: UUID,
    actor: Buyer,
    carrier: str,
    tracking_number: str,
    now: datetime,
) -> Return:
    """The goods are on their way back. Raises UnknownReturn, ReturnMoved, UnknownCarrier, BadTrackingNumber."""
    by = find_carrier(carrier)
    number = clean_tracking_number(by, tracking_number)
    case, _ = await lock_return(tx, return_id=return_id, actor=actor)
    if not can_send_back(case):
        raise ReturnMoved(state=case.state.value, wanted=ReturnState.IN_TRANSIT.value)
    return await advance(
        tx, case, ReturnState.IN_TRANSIT, event=ReturnSentBack, actor=actor, now=now,
        carrier=by.code, tracking_number=number, sent_back_at=now, due_at=now + SELLER_INSPECTS,
    )  # fmt: skip
