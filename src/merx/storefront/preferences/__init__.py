"""Language and currency."""

from merx.storefront.preferences.pages import handlers

__all__ = ["handlers"]
