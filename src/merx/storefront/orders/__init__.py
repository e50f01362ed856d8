"""Orders: the buyer's pages and the seller's."""

from merx.storefront.orders import pages, seller

handlers = [*pages.handlers, *seller.handlers]

__all__ = ["handlers"]
