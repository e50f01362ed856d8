"""The one step of a case from state to state, and what a decision for the buyer sets going."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from merx.fulfilment import fulfilments_of, is_delivered
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory import release_for_return, take_back
from merx.kit.actors import Actor
from merx.orders import OrderView, release_units
from merx.refunds import refund_order
from merx.returns import store
from merx.returns.errors import NoReplacement, ReturnMoved
from merx.returns.events import ReturnApproved, ReturnConverted, ReturnEvent, ReturnInspected
from merx.returns.exchange import owe_replacements, set_aside
from merx.returns.model import Return, ReturnKind, ReturnState, Wanted
from merx.returns.rules import BUYER_ANSWERS, SELLER_REPLACES, claims_of, inspected_lines, units_of
from merx.returns.states import RETURN_STATES

RefundInstead = Literal["never", "if_short", "always"]
"""When an exchange is granted as a refund: never, when too little of the replacement is free, or whatever is free."""


async def advance(
    tx: Tx, case: Return, to: ReturnState, *, event: type[ReturnEvent], actor: Actor, now: datetime, **changes: Any
) -> Return:  # fmt: skip
    """Move a locked case by compare-and-set and tell of it; its deadline ends unless `due_at` sets another.

    Raises ReturnMoved when its state does not lead there.
    """
    if not RETURN_STATES.allows(case.state, to):
        raise ReturnMoved(state=case.state.value, wanted=to.value)
    return await save(tx, case, event=event, actor=actor, now=now, **{"due_at": None, **changes}, state=to)


async def save(
    tx: Tx, case: Return, *, event: type[ReturnEvent], actor: Actor, now: datetime, **changes: Any
) -> Return:
    """Write what changed of a locked case by compare-and-set, and tell of it. Raises ReturnMoved."""
    moved = msgspec.structs.replace(case, **changes, updated_at=now)
    if not await store.save_return(tx, moved, sources=[case.state.value]):
        raise ReturnMoved(state="changed", wanted=moved.state.value)
    moved = msgspec.structs.replace(moved, version=case.version + 1)
    await publish(tx, [event.of(moved, actor=actor)], now=now)
    return moved


async def end(
    tx: Tx,
    case: Return,
    to: ReturnState,
    *,
    event: type[ReturnEvent],
    actor: Actor,
    now: datetime,
    **changes: Any,
) -> Return:
    """Move a case to where it comes to nothing: its units are as they were before, and nothing is set aside for it."""
    ended = await advance(tx, case, to, event=event, actor=actor, now=now, **changes)
    await release_units(tx, order_id=case.order_id, claims=claims_of(case.lines))
    if case.kind is ReturnKind.EXCHANGE:
        await release_for_return(tx, return_id=case.id, purchase_id=case.purchase_id, now=now)
    return ended


async def grant(
    tx: Tx,
    case: Return,
    view: OrderView,
    *,
    actor: Actor,
    now: datetime,
    refund_instead: RefundInstead = "never",
    **changes: Any,
) -> Return:
    """The case is decided for the buyer: the money goes back, or first the goods come back.

    What an exchange is for is set aside from now on. Raises NoReplacement when too little is free.
    """
    if case.sent_back_at is not None:
        return await inspect_goods(tx, case, view, restocked=None, actor=actor, now=now, **changes)
    if case.kind is ReturnKind.EXCHANGE and not (
        refund_instead != "always" and await set_aside(tx, case, now=now)
    ):
        if refund_instead == "never":
            raise NoReplacement
        case = await save(
            tx,
            case,
            event=ReturnConverted,
            actor=actor,
            now=now,
            kind=ReturnKind.RETURN_AND_REFUND,
        )
    if case.kind is ReturnKind.REFUND_ONLY:
        agreed = changes.get("agreed", case.agreed)
        changes["refund_id"] = await _pay(tx, case, view, agreed=agreed, actor=actor, now=now)
        await _shelve(tx, case, view, now=now)
    else:
        changes["due_at"] = now + BUYER_ANSWERS
    return await advance(
        tx, case, ReturnState.APPROVED, event=ReturnApproved, actor=actor, now=now, **changes
    )


async def inspect_goods(
    tx: Tx,
    case: Return,
    view: OrderView,
    *,
    restocked: list[Wanted] | None,
    actor: Actor,
    now: datetime,
    **changes: Any,
) -> Return:
    """The goods are back: `restocked` units are for sale again, the others are written off.

    The money goes back, or the order owes what they are exchanged for.
    """
    lines = inspected_lines(case.lines, restocked)
    case = msgspec.structs.replace(case, lines=lines)
    await _shelve(tx, case, view, now=now)
    if case.kind is ReturnKind.EXCHANGE:
        delivered = await all_delivered(tx, case)
        await owe_replacements(tx, case, delivered=delivered, now=now)
        changes["due_at"] = now + SELLER_REPLACES
    else:
        agreed = changes.get("agreed", case.agreed)
        changes["refund_id"] = await _pay(tx, case, view, agreed=agreed, actor=actor, now=now)
    inspected = await advance(
        tx, case, ReturnState.INSPECTED, event=ReturnInspected, actor=actor, now=now, **changes
    )
    await store.save_lines(tx, case.id, lines)
    return inspected


async def all_delivered(tx: Tx, case: Return) -> bool:
    """Whether every parcel of the case's order that left has been delivered."""
    parcels = await fulfilments_of(tx, order_ids=[case.order_id])
    return all(is_delivered(parcel) or parcel.state == "cancelled" for parcel in parcels)


async def _pay(
    tx: Tx, case: Return, view: OrderView, *, agreed: int | None, actor: Actor, now: datetime
) -> UUID:
    """Approve the refund of a case."""
    refund_id, _amount = await refund_order(
        tx, view=view, units=units_of(case.lines), amount=agreed, delivered=await all_delivered(tx, case),
        actor=actor, now=now,
    )  # fmt: skip
    return refund_id


async def _shelve(tx: Tx, case: Return, view: OrderView, *, now: datetime) -> None:
    """Put on the shelf what can be sold again: what never left as what was ordered, the rest as what it is."""
    ordered = {line.id: line.variant_id for line in view.lines}
    await take_back(
        tx,
        purchase_id=case.purchase_id,
        return_id=case.id,
        units={line.order_line_id: line.unshipped + line.restocked for line in case.lines},
        variants={
            line.order_line_id: ordered[line.order_line_id] if line.unshipped else line.variant_id
            for line in case.lines
        },
        now=now,
    )
