"""The cart."""

from merx.storefront.cart.pages import handlers

__all__ = ["handlers"]
