"""A purchase after it was placed: its payment, and where it can still be changed."""

from merx.storefront.purchases.pages import handlers

__all__ = ["handlers"]
