"""Letting every handler hear everything that happened."""

import asyncio
from datetime import datetime
from typing import Any

from merx.infra.db import Database
from merx.infra.dispatch import drain
from merx.ledger import fold_balances
from merx.subscriptions import SUBSCRIPTIONS

_UNHEARD = """
SELECT NOT EXISTS (SELECT FROM subscription_cursors)
    OR EXISTS (SELECT FROM subscription_cursors c JOIN events e ON (e.xid, e.id) > (c.xid, c.event_id))
"""
_UNFOLDED = "SELECT EXISTS (SELECT FROM transfers, balances_cursor WHERE xid >= folded_xid)"


async def deliver_events(db: Database, owner: Any, *, now: datetime) -> None:
    """Deliver everything. The feed waits for older transactions, also those of other databases of the server."""
    async with asyncio.timeout(60):
        while await owner.fetchval(_UNHEARD):
            await drain(db, SUBSCRIPTIONS, now=now)
            await asyncio.sleep(0.005)


async def fold_everything(db: Database, owner: Any) -> None:
    """Fold every transfer into the balances, which wait for older transactions, too."""
    async with asyncio.timeout(60):
        while await owner.fetchval(_UNFOLDED):
            await db.write(fold_balances)
            await asyncio.sleep(0.005)
