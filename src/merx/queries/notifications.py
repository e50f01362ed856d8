"""Messages to an account."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx
from merx.notifications import Notification, count_unread, list_notifications, word


class SeenNotification(msgspec.Struct, frozen=True, kw_only=True):
    """A message to the account, in its language; `path` is the page it is about."""

    event_id: UUID
    kind: str
    title: str
    text: str
    path: str
    created_at: datetime
    read_at: datetime | None


class NotificationList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of notifications, newest first, and how many of all are unread."""

    items: list[SeenNotification]
    unread: int
    next_cursor: str | None


async def notification_list(
    tx: ReadTx, *, account_id: UUID, locale: str, after: str | None = None, limit: int = 20
) -> NotificationList:
    """An account's notifications, newest first, worded in this language. Raises BadCursor."""
    page = await list_notifications(tx, account_id=account_id, after=after, limit=limit)
    return NotificationList(
        items=[_worded(each, locale) for each in page.items],
        unread=await count_unread(tx, account_id=account_id),
        next_cursor=page.next_cursor,
    )


def _worded(found: Notification, locale: str) -> SeenNotification:
    wording = word(found, locale=locale)
    return SeenNotification(
        event_id=found.event_id,
        kind=found.kind,
        title=wording.title,
        text=wording.text,
        path=wording.path,
        created_at=found.created_at,
        read_at=found.read_at,
    )
