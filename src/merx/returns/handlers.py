"""What after-sales does when something happened elsewhere."""

from typing import Final

from merx.infra.db import Tx
from merx.infra.outbox import Heard
from merx.kit.actors import System
from merx.orders import record_return_closed
from merx.payments import RefundSucceeded
from merx.returns import store
from merx.returns.access import lock_return
from merx.returns.advance import advance
from merx.returns.events import ReturnSettled
from merx.returns.model import ReturnState

_SETTLING: Final = System("settle_return")


async def settle_return(tx: Tx, heard: Heard[RefundSucceeded]) -> None:
    """On RefundSucceeded: the buyer has the money, so the case of this refund is settled. Twice changes nothing."""
    return_id = await store.find_by_refund(tx, heard.event.refund_id)
    if return_id is None:
        return
    case, _ = await lock_return(tx, return_id=return_id, actor=_SETTLING)
    if case.state is ReturnState.SETTLED:
        return
    await advance(tx, case, ReturnState.SETTLED, event=ReturnSettled, actor=_SETTLING, now=heard.created_at)
    await record_return_closed(tx, order_id=case.order_id)
