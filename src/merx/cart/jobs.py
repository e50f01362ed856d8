"""Periodic work on carts."""

from datetime import datetime, timedelta
from typing import Final

from merx.cart import store
from merx.infra.db import Database

IDLE_AFTER: Final = timedelta(days=30)
BATCH: Final = 500


async def expire_idle_carts(db: Database, *, now: datetime) -> int:
    """Close guests' carts nobody touched for IDLE_AFTER; returns how many."""
    return await db.write(lambda tx: store.expire_idle(tx, before=now - IDLE_AFTER, limit=BATCH))
