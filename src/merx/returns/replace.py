"""How an exchange whose goods are back ends: its replacement has left, or cannot be delivered and is paid for."""

from datetime import datetime
from typing import Final
from uuid import UUID

from merx.fulfilment import ParcelShipped
from merx.infra.db import Tx
from merx.infra.outbox import Heard
from merx.kit.actors import SellerMember, System
from merx.orders import lock_order, record_return_closed, record_undeliverable
from merx.refunds import UnitsBack, refund_order
from merx.returns import store
from merx.returns.access import lock_return
from merx.returns.advance import advance, all_delivered, save
from merx.returns.errors import NotAnExchange, ReturnMoved
from merx.returns.events import ReturnConverted, ReturnSettled
from merx.returns.model import Return, ReturnKind, ReturnState
from merx.returns.rules import is_replaced, owes_replacement

_SETTLING: Final = System("settle_exchange")


async def refund_exchange(tx: Tx, *, return_id: UUID, actor: SellerMember, now: datetime) -> Return:
    """What is still owed of an exchange cannot be delivered: it is written off, and its money goes back.

    Raises UnknownReturn, NotAnExchange, ReturnMoved.
    """
    case, view = await lock_return(tx, return_id=return_id, actor=actor)
    if case.kind is not ReturnKind.EXCHANGE:
        raise NotAnExchange
    if not owes_replacement(case, view):
        raise ReturnMoved(state=case.state.value, wanted="refunded")
    return await pay_for_replacement(tx, case, actor=actor, now=now)


async def pay_for_replacement(tx: Tx, case: Return, *, actor: SellerMember | System, now: datetime) -> Return:
    """Refund what a locked exchange still owes."""
    owed = await record_undeliverable(tx, return_id=case.id)
    view = await lock_order(tx, order_id=case.order_id)
    refund_id, amount = await refund_order(
        tx, view=view, units=[UnitsBack(line_id, units, units) for line_id, units in owed], amount=None,
        delivered=await all_delivered(tx, case), actor=actor, now=now,
    )  # fmt: skip
    return await save(
        tx, case, event=ReturnConverted, actor=actor, now=now, refund_id=refund_id, due_at=None,
        agreed=amount if amount < case.amount else None,
    )  # fmt: skip


async def settle_replaced(tx: Tx, case: Return, *, actor: System, now: datetime) -> None:
    """The replacement of a locked exchange has left: from here on it is a delivery of the order like any other."""
    await advance(tx, case, ReturnState.SETTLED, event=ReturnSettled, actor=actor, now=now)
    await record_return_closed(tx, order_id=case.order_id)


async def settle_exchange(tx: Tx, heard: Heard[ParcelShipped]) -> None:
    """On ParcelShipped: exchanges of the order whose replacements have all left are settled. Twice changes nothing."""
    for return_id in await store.open_exchanges(tx, heard.event.order_id):
        case, view = await lock_return(tx, return_id=return_id, actor=_SETTLING)
        waiting = case.state is ReturnState.INSPECTED and case.refund_id is None
        if waiting and is_replaced(case, view):
            await settle_replaced(tx, case, actor=_SETTLING, now=heard.created_at)
