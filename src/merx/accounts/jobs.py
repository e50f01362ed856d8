"""Periodic work of accounts."""

from datetime import datetime, timedelta
from typing import Final

from merx.accounts.store import limits, sessions
from merx.infra.db import Database

_KEEP_SESSIONS: Final = timedelta(days=30)
_KEEP_LIMITS: Final = timedelta(days=1)


async def forget_expired(db: Database, *, now: datetime) -> int:
    """Delete sessions that expired a month ago and counters of a day ago; how many rows went."""
    async with db.transaction() as tx:
        ended = await sessions.delete_old_sessions(tx, before=now - _KEEP_SESSIONS)
        return ended + await limits.delete_old_limits(tx, before=now - _KEEP_LIMITS)
