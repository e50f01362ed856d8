"""How much can be sold right now."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx
from merx.inventory.store import stock as store


async def availability(tx: ReadTx, *, variant_ids: Collection[UUID], now: datetime) -> dict[UUID, int]:
    """Free units by variant over all locations; 0 for variants never stocked. For showing, never for deciding."""
    found = await store.available(tx, list(variant_ids), now=now)
    return {variant_id: found.get(variant_id, 0) for variant_id in variant_ids}
