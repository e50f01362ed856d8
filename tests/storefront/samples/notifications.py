"""Notifications."""

from tests.storefront.samples.core import AT, Pages

from merx.storefront.notifications import view as notifications_view


def pages(_locale: str, _currency: str) -> Pages:
    """Some and none."""
    return {
        "notifications": (
            "notifications/notifications.html",
            notifications_view.NotificationsView(
                rows=tuple(
                    notifications_view.NotificationRow(
                        title=f"订单 26112{n}", text="顺丰速运 SF123", url="/orders", at=AT, unread=n == 0
                    )
                    for n in range(3)
                ),
                any_unread=True,
                more_url="/account/notifications?after=abc",
            ),
        ),
        "notifications-empty": (
            "notifications/notifications.html",
            notifications_view.NotificationsView(rows=()),
        ),
    }
