"""Products, categories and reviews for everybody; products and prices for their sellers."""

from merx.api.catalog import buyer, seller

handlers = [*buyer.handlers, *seller.handlers]

__all__ = ["handlers"]
