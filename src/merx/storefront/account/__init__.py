"""Logging in and out, and registering."""

from merx.storefront.account.pages import handlers

__all__ = ["handlers"]
