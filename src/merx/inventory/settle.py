"""End holds: consume them when money arrived, release them when the purchase is cancelled, or undo a sale."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.inventory.model import SettledHold
from merx.inventory.store import stock as store


async def lock_stock_of(tx: Tx, *, purchase_ids: Sequence[UUID]) -> None:
    """Lock every allotment the purchases hold, in id order: before their holds are touched."""
    await store.lock_by_purchase(tx, purchase_ids)


async def prolong_holds(tx: Tx, *, purchase_id: UUID, expires_at: datetime) -> None:
    """Let a purchase's active holds last until `expires_at`, never shorter than before."""
    await store.lock_by_purchase(tx, [purchase_id])
    await store.prolong(tx, purchase_id, expires_at=expires_at)


async def consume_holds(tx: Tx, *, purchase_ids: Sequence[UUID], now: datetime) -> list[SettledHold]:
    """Turn the purchases' active holds into sales; a second call finds none and changes nothing.

    Returns those of stock; limits are used up silently.
    """
    await store.lock_by_purchase(tx, purchase_ids)
    return _of_stock(await store.settle(tx, store.CONSUME, purchase_ids, now=now))


async def release_holds(tx: Tx, *, purchase_ids: Sequence[UUID], now: datetime) -> list[SettledHold]:
    """Give the purchases' active holds back; a second call finds none and changes nothing. Returns those of stock."""
    await store.lock_by_purchase(tx, purchase_ids)
    return _of_stock(await store.settle(tx, store.RELEASE, purchase_ids, now=now))


def _of_stock(settled: list[SettledHold]) -> list[SettledHold]:
    return [each for each in settled if each.order_line_id is not None]


async def return_sold(tx: Tx, *, purchase_id: UUID, now: datetime) -> set[UUID]:
    """Undo a purchase's sale of stock; return the variants. Twice is refused by the journal's key."""
    await store.lock_by_purchase(tx, [purchase_id])
    return await store.return_sold(tx, purchase_id, now=now)
