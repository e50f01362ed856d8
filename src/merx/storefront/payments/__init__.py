"""Money at the platform: what its staff confirm, take, cancel and pay back."""

from merx.storefront.payments.pages import handlers

__all__ = ["handlers"]
