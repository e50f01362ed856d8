"""What a buyer does with a case: withdraw it, answer a proposal, send the goods back."""

from datetime import datetime
from uuid import UUID

from merx.fulfilment import clean_tracking_number, find_carrier
from merx.infra.db import Tx
from merx.returns.access import buyer_return, lock_return
from merx.returns.advance import advance, end, grant
from merx.returns.errors import ReturnMoved
from merx.returns.events import RETURN_DECLINED, RETURN_SENT_BACK, RETURN_WITHDRAWN
from merx.returns.model import Return, ReturnState
from merx.returns.rules import SELLER_ANSWERS, SELLER_INSPECTS


async def withdraw_return(
    tx: Tx, *, return_id: UUID, account_id: UUID | None, access_hash: bytes | None, now: datetime
) -> Return:
    """Take the application back, before goods or money are on their way. Raises UnknownReturn, ReturnMoved."""
    case = await buyer_return(tx, return_id=return_id, account_id=account_id, access_hash=access_hash)
    case, _ = await lock_return(tx, case)
    if case.refund_id is not None or case.sent_back_at is not None:
        raise ReturnMoved(state=case.state.value, wanted=ReturnState.WITHDRAWN.value)
    return await end(
        tx, case, ReturnState.WITHDRAWN, event=RETURN_WITHDRAWN, by="buyer", actor_id=account_id, now=now
    )


async def accept_proposal(
    tx: Tx, *, return_id: UUID, account_id: UUID | None, access_hash: bytes | None, now: datetime
) -> Return:
    """Agree to the amount the seller proposed. Raises UnknownReturn, ReturnMoved."""
    case = await buyer_return(tx, return_id=return_id, account_id=account_id, access_hash=access_hash)
    case, view = await lock_return(tx, case)
    if case.state is not ReturnState.PROPOSED:
        raise ReturnMoved(state=case.state.value, wanted=ReturnState.APPROVED.value)
    return await grant(tx, case, view, by="buyer", actor_id=account_id, now=now, agreed=case.proposed)


async def decline_proposal(
    tx: Tx, *, return_id: UUID, account_id: UUID | None, access_hash: bytes | None, now: datetime
) -> Return:
    """Refuse the amount the seller proposed: the seller has to answer again. Raises UnknownReturn, ReturnMoved."""
    case = await buyer_return(tx, return_id=return_id, account_id=account_id, access_hash=access_hash)
    case, _ = await lock_return(tx, case)
    return await advance(
        tx, case, ReturnState.REQUESTED, event=RETURN_DECLINED, by="buyer", actor_id=account_id, now=now,
        proposed=None, due_at=now + SELLER_ANSWERS,
    )  # fmt: skip


async def send_back(
    tx: Tx,
    *,
    return_id: UUID,
    account_id: UUID | None,
    access_hash: bytes | None,
    carrier: str,
    tracking_number: str,
    now: datetime,
) -> Return:
    """The goods are on their way back. Raises UnknownReturn, ReturnMoved, UnknownCarrier, BadTrackingNumber."""
    by = find_carrier(carrier)
    number = clean_tracking_number(by, tracking_number)
    case = await buyer_return(tx, return_id=return_id, account_id=account_id, access_hash=access_hash)
    case, _ = await lock_return(tx, case)
    if case.refund_id is not None:
        raise ReturnMoved(state=case.state.value, wanted=ReturnState.IN_TRANSIT.value)
    return await advance(
        tx, case, ReturnState.IN_TRANSIT, event=RETURN_SENT_BACK, by="buyer", actor_id=account_id, now=now,
        carrier=by.code, tracking_number=number, sent_back_at=now, due_at=now + SELLER_INSPECTS,
    )  # fmt: skip
