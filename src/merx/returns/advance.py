"""The one step of a case from state to state, and what a decision for the buyer sets going."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from merx.checkout import refund_order
from merx.fulfilment import fulfilments_of
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory import take_back
from merx.orders import OrderView, release_units
from merx.returns import store
from merx.returns.errors import ReturnMoved
from merx.returns.events import RETURN_APPROVED, RETURN_INSPECTED, return_event
from merx.returns.model import By, Return, ReturnKind, ReturnState, Wanted
from merx.returns.rules import BUYER_ANSWERS, claims_of, inspected_lines, units_of
from merx.returns.states import RETURN_STATES


async def advance(
    tx: Tx, case: Return, to: ReturnState, *, event: str, by: By, actor_id: UUID | None, now: datetime, **changes: Any
) -> Return:  # fmt: skip
    """Move a locked case by compare-and-set and tell of it; its deadline ends unless `due_at` sets another.

    Raises ReturnMoved when its state does not lead there.
    """
    moved = msgspec.structs.replace(case, **{"due_at": None, **changes}, state=to, updated_at=now)
    if not RETURN_STATES.allows(case.state, to):
        raise ReturnMoved(state=case.state.value, wanted=to.value)
    if not await store.save_return(tx, moved, sources=[case.state.value]):
        raise ReturnMoved(state="changed", wanted=to.value)
    moved = msgspec.structs.replace(moved, version=case.version + 1)
    await publish(tx, [return_event(event, moved, by=by, actor_id=actor_id)], now=now)
    return moved


async def end(
    tx: Tx, case: Return, to: ReturnState, *, event: str, by: By, actor_id: UUID | None, now: datetime, **changes: Any
) -> Return:  # fmt: skip
    """Move a case to where it comes to nothing: its units are as they were before."""
    ended = await advance(tx, case, to, event=event, by=by, actor_id=actor_id, now=now, **changes)
    await release_units(tx, order_id=case.order_id, claims=claims_of(case.lines))
    return ended


async def grant(
    tx: Tx, case: Return, view: OrderView, *, by: By, actor_id: UUID | None, now: datetime, **changes: Any
) -> Return:
    """The case is decided for the buyer: the money goes back, or first the goods come back."""
    if case.sent_back_at is not None:
        return await inspect_goods(
            tx, case, view, restocked=None, by=by, actor_id=actor_id, now=now, **changes
        )
    if case.kind is ReturnKind.RETURN_AND_REFUND:
        changes["due_at"] = now + BUYER_ANSWERS
    else:
        agreed = changes.get("agreed", case.agreed)
        changes["refund_id"] = await _pay(tx, case, view, agreed=agreed, actor_id=actor_id, now=now)
    return await advance(
        tx, case, ReturnState.APPROVED, event=RETURN_APPROVED, by=by, actor_id=actor_id, now=now, **changes
    )


async def inspect_goods(
    tx: Tx,
    case: Return,
    view: OrderView,
    *,
    restocked: list[Wanted] | None,
    by: By,
    actor_id: UUID | None,
    now: datetime,
    **changes: Any,
) -> Return:
    """The goods are back: `restocked` units are for sale again, the others are written off, and the money goes back."""
    lines = inspected_lines(case.lines, restocked)
    case = msgspec.structs.replace(case, lines=lines)
    agreed = changes.get("agreed", case.agreed)
    changes["refund_id"] = await _pay(tx, case, view, agreed=agreed, actor_id=actor_id, now=now)
    inspected = await advance(
        tx, case, ReturnState.INSPECTED, event=RETURN_INSPECTED, by=by, actor_id=actor_id, now=now, **changes
    )
    await store.save_lines(tx, case.id, lines)
    return inspected


async def _pay(
    tx: Tx, case: Return, view: OrderView, *, agreed: int | None, actor_id: UUID | None, now: datetime
) -> UUID:
    """Approve the refund of a case, and put on the shelf what can be sold again."""
    parcels = await fulfilments_of(tx, order_ids=[case.order_id])
    delivered = all(parcel.state in ("delivered", "received", "cancelled") for parcel in parcels)
    refund_id, _amount = await refund_order(
        tx, view=view, units=units_of(case.lines), amount=agreed, delivered=delivered, actor_id=actor_id, now=now
    )  # fmt: skip
    back = {line.order_line_id: line.unshipped + line.restocked for line in case.lines}
    await take_back(tx, purchase_id=case.purchase_id, return_id=case.id, units=back, now=now)
    return refund_id
