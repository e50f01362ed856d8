"""Providers' bills and what in them differs from the books."""

from merx.storefront.reconciliation.pages import handlers

__all__ = ["handlers"]
