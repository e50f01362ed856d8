"""What the pages of notifications show. Pure."""

from datetime import datetime

from merx.storefront.core.views import View


class NotificationRow(View, frozen=True, kw_only=True):
    """Something the shop told this person, and the page it is about."""

    title: str
    text: str
    url: str
    at: datetime
    unread: bool


class NotificationsView(View, frozen=True, kw_only=True):
    """A part of a person's notifications."""

    rows: tuple[NotificationRow, ...]
    any_unread: bool = False
    more_url: str | None = None
