"""Orders, for those who send them: parcels, cash at the door, goods that come back from there."""

from merx.api.orders import seller, staff

handlers = [*seller.handlers, *staff.handlers]

__all__ = ["handlers"]
