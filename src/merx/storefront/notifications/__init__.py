"""Messages to the account."""

from merx.storefront.notifications.pages import handlers

__all__ = ["handlers"]
