"""Periodic work of fulfilment."""

from datetime import datetime
from typing import Final
from uuid import UUID

from merx.fulfilment import store
from merx.fulfilment.advance import find_parcel
from merx.fulfilment.receive import complete_parcel
from merx.infra.db import Database, Tx
from merx.kit.actors import System

AUTO_RECEIVE_LIMIT: Final = 200
_TIMER: Final = System("auto_receive")


async def auto_receive(db: Database, *, now: datetime, limit: int = AUTO_RECEIVE_LIMIT) -> int:
    """Receive the parcels whose timer has run out, each in its own transaction; returns how many.

    Safe to run from several workers. One parcel that fails does not hold up the others: what went wrong is
    raised together at the end.
    """
    async with db.read() as tx:
        parcels = await store.due(tx, now=now, limit=limit)
    done = 0
    failures: list[Exception] = []
    for fulfilment_id in parcels:
        try:
            done += await _receive_one(db, fulfilment_id, now)
        except Exception as error:  # noqa: BLE001 - raised below
            failures.append(error)
    if failures:
        raise ExceptionGroup("parcels that could not be received", failures)
    return done


async def _receive_one(db: Database, fulfilment_id: UUID, now: datetime) -> bool:
    async def work(tx: Tx) -> bool:
        parcel = await find_parcel(tx, fulfilment_id=fulfilment_id)
        _, moved = await complete_parcel(tx, parcel, actor=_TIMER, now=now)
        return moved

    return await db.write(work)
