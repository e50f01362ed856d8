"""After-sales: what buyers, sellers and the platform's staff do with a case."""

from merx.api.returns import buyer, seller, staff

handlers = [*buyer.handlers, *seller.handlers, *staff.handlers]

__all__ = ["handlers"]
