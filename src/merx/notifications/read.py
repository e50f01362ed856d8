"""A person's notifications: list, count, mark as read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Tx
from merx.kit.paging import PAGE_LIMIT, decode_cursor, encode_cursor
from merx.notifications import store
from merx.notifications.kinds import KINDS
from merx.notifications.model import Notification, NotificationPage, Wording

_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1), "~")


async def list_notifications(
    tx: ReadTx, *, account_id: UUID, after: str | None = None, limit: int = 20
) -> NotificationPage:
    """An account's notifications, newest first. Raises BadCursor."""
    before = decode_cursor(after, tuple[datetime, UUID, str]) if after else _NEWEST
    limit = max(1, min(limit, PAGE_LIMIT))
    rows = await store.notifications(tx, account_id=account_id, before=before, limit=limit + 1)
    items = [
        Notification(
            event_id=row["event_id"],
            kind=row["kind"],
            told=KINDS[row["kind"]].read(msgspec.json.decode(row["data"])),
            created_at=row["created_at"],
            read_at=row["read_at"],
        )
        for row in rows[:limit]
    ]
    if len(rows) <= limit:
        return NotificationPage(items, None)
    last = items[-1]
    return NotificationPage(items, encode_cursor(last.created_at.isoformat(), str(last.event_id), last.kind))


def word(found: Notification, *, locale: str) -> Wording:
    """What a notification says in one language."""
    return KINDS[found.kind].word(found.told, locale=locale)


async def count_unread(tx: ReadTx, *, account_id: UUID) -> int:
    """How many notifications the account has not read."""
    return await store.count_unread(tx, account_id=account_id)


async def mark_read(
    tx: Tx, *, account_id: UUID, event_ids: Sequence[UUID] | None = None, now: datetime
) -> int:
    """Mark notifications of these events read, or all; how many were unread. Somebody else's are not touched."""
    return await store.mark_read(tx, account_id=account_id, event_ids=event_ids, now=now)
