"""The checkout."""

from merx.storefront.checkout.pages import handlers

__all__ = ["handlers"]
