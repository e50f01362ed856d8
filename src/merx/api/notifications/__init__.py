"""Messages to an account."""

from merx.api.notifications.buyer import handlers

__all__ = ["handlers"]
