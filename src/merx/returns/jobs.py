"""Deadlines of after-sales: who is silent too long has answered."""

from datetime import datetime
from typing import Final
from uuid import UUID

from merx.infra.db import Database, Tx
from merx.kit.actors import System
from merx.returns import store
from merx.returns.access import lock_return
from merx.returns.advance import end, grant, inspect_goods
from merx.returns.events import ReturnWithdrawn
from merx.returns.model import ReturnState
from merx.returns.replace import pay_for_replacement, settle_replaced
from merx.returns.rules import is_replaced

BATCH: Final = 200
_TIMER: Final = System("act_on_silence")


async def act_on_silence(db: Database, *, now: datetime, limit: int = BATCH) -> int:
    """Let the cases go on whose deadline has passed, each in its own transaction; returns how many.

    A silent seller has approved (an exchange for which nothing is free: as a refund); a silent buyer has withdrawn;
    goods nobody inspected are written off and paid back or replaced; a replacement nobody sent is paid back.
    One case that fails does not hold up the others: what went wrong is raised together at the end.
    """
    async with db.read() as tx:
        due = await store.due(tx, now=now, limit=limit)
    done = 0
    failures: list[Exception] = []
    for return_id in due:
        try:
            done += await _act(db, return_id, now)
        except Exception as error:  # noqa: BLE001 - raised below
            failures.append(error)
    if failures:
        raise ExceptionGroup("after-sales cases that could not go on", failures)
    return done


async def _act(db: Database, return_id: UUID, now: datetime) -> bool:
    async def work(tx: Tx) -> bool:
        case, view = await lock_return(tx, return_id=return_id, actor=_TIMER)
        if case.due_at is None or case.due_at > now:
            return False  # somebody was quicker
        if case.state is ReturnState.REQUESTED:
            await grant(tx, case, view, actor=_TIMER, now=now, refund_instead="if_short")
        elif case.state is ReturnState.INSPECTED and is_replaced(case, view):
            await settle_replaced(tx, case, actor=_TIMER, now=now)
        elif case.state is ReturnState.INSPECTED:
            await pay_for_replacement(tx, case, actor=_TIMER, now=now)
        elif case.state is ReturnState.IN_TRANSIT:
            await inspect_goods(tx, case, view, restocked=None, actor=_TIMER, now=now)
        else:
            await end(tx, case, ReturnState.WITHDRAWN, event=ReturnWithdrawn, actor=_TIMER, now=now)
        return True

    return await db.write(work)
