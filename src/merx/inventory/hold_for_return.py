"""Set stock aside for an exchange: from the approval until the replaced goods are back, or the case comes to nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.inventory.events import StockSetAside
from merx.inventory.hold import claim_free, new_holds
from merx.inventory.store import stock as store

_FOR_GOOD: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The deadlines of the case end such a hold, not the clock."""


async def hold_for_return(
    tx: Tx, *, return_id: UUID, purchase_id: UUID, lines: Sequence[tuple[UUID, UUID, int]], now: datetime
) -> bool:
    """Set (order line, variant, units) aside for a return, all or nothing; False when too little is free.

    Publishes StockSetAside.
    """
    claims = await claim_free(tx, purchase_id=purchase_id, lines=lines, now=now)
    if claims is None:
        return False
    holds = new_holds(claims, expires_at=_FOR_GOOD, longer={})
    await store.insert_holds(tx, holds, now=now, return_id=return_id)
    await _tell(tx, purchase_id, return_id, [variant_id for _, variant_id, _ in lines], now)
    return True


async def sell_for_return(tx: Tx, *, return_id: UUID, purchase_id: UUID, now: datetime) -> None:
    """What was set aside for a return is sold; a second call finds nothing and changes nothing."""
    await store.lock_by_purchase(tx, [purchase_id])
    await store.settle(tx, store.CONSUME, [purchase_id], now=now, return_id=return_id)


async def release_for_return(tx: Tx, *, return_id: UUID, purchase_id: UUID, now: datetime) -> None:
    """What was set aside for a return is free again; a second call changes nothing. Publishes StockSetAside."""
    await store.lock_by_purchase(tx, [purchase_id])
    ended = await store.settle(tx, store.RELEASE, [purchase_id], now=now, return_id=return_id)
    if ended:
        await _tell(tx, purchase_id, return_id, [hold.variant_id for hold in ended], now)


async def _tell(tx: Tx, purchase_id: UUID, return_id: UUID, variants: Sequence[UUID], now: datetime) -> None:
    await publish(tx, [StockSetAside(purchase_id, return_id, tuple(sorted(set(variants))))], now=now)
