"""Where a shop's buyers send goods back to."""

from merx.storefront.return_addresses.pages import handlers

__all__ = ["handlers"]
