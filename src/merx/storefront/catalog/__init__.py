"""First page, categories, products."""

from merx.storefront.catalog.pages import handlers

__all__ = ["handlers"]
