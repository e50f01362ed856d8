"""After-sales: applying, and the pages of a case."""

from merx.storefront.returns.pages import handlers

__all__ = ["handlers"]
