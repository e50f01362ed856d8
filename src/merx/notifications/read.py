"""A person's notifications: list, count, mark as read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

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
    found = await store.notifications(tx, account_id=account_id, before=before, limit=limit + 1)
    items = [
        Notification(
            event_id=each.event_id,
            kind=each.kind,
            told=KINDS[each.kind].read(each.data),
            created_at=each.created_at,
            read_at=each.read_at,
        )
        for each in found[:limit]
    ]
    if len(found) <= limit:
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
