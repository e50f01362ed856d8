"""What clients send about notifications."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from merx.api.core.requests import Input

MAX_EVENTS = 100


class ReadNotifications(Input, frozen=True, kw_only=True):
    """Notifications of these events are read; null: all of them."""

    event_ids: Annotated[list[UUID], Meta(max_length=MAX_EVENTS)] | None
