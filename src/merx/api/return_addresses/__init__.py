"""Where a seller's buyers send goods back to."""

from merx.api.return_addresses.seller import handlers

__all__ = ["handlers"]
