"""Notifications and mails."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a person's account, of a kind with what it tells; unread while `read_at` is None."""

    event_id: UUID
    kind: str
    told: Any
    created_at: datetime
    read_at: datetime | None


class StoredNotification(msgspec.Struct, frozen=True):
    """A notification as it was written; `data` is what its kind reads."""

    event_id: UUID
    kind: str
    data: dict[str, Any]
    created_at: datetime
    read_at: datetime | None


class NotificationPage(msgspec.Struct, frozen=True):
    """Notifications, newest first."""

    items: list[Notification]
    next_cursor: str | None


class Wording(msgspec.Struct, frozen=True):
    """A notification in one language: its title, its text, and the page it is about (a path)."""

    title: str
    text: str
    path: str


class QueuedMail(msgspec.Struct, frozen=True):
    """A mail that this process has claimed; `attempts` counts this one."""

    id: UUID
    account_id: UUID
    kind: str
    data: dict[str, Any]
    attempts: int
    created_at: datetime


class Letter(msgspec.Struct, frozen=True):
    """A mail ready to be sent; `id` stays the same when it is sent again."""

    id: UUID
    to: str
    subject: str
    text: str
    locale: str


class Mailer(Protocol):
    """Sends letters. `public_url` is the address of the shop that their links begin with."""

    public_url: str

    async def send(self, letter: Letter, *, now: datetime) -> None:
        """Hand a letter over. Raises MailRefused (never will) or MailUnavailable (try again)."""
