"""The address book."""

from merx.storefront.addresses.pages import handlers

__all__ = ["handlers"]
