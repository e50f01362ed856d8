"""The JSON API under /api/v1, its description, and the addresses that payment providers call.

A route parses strictly, calls one use case of a domain in one transaction, and renders what it returned. Nothing here
holds SQL or decides about money or stock. Every refusal is a problem document with a stable code.
"""

from functools import cache

import msgspec
from litestar import Response, Router, get
from litestar.handlers import HTTPRouteHandler

from merx.api import (
    account,
    addresses,
    cart,
    catalog,
    checkout,
    disputes,
    notifications,
    orders,
    payments,
    promotions,
    purchases,
    reconciliation,
    return_addresses,
    returns,
    reviews,
)
from merx.api.core.answers import JSON, PUBLIC, Answer
from merx.api.core.openapi import describe
from merx.api.core.reading import MAX_BODY_BYTES

PREFIX = "/api/v1"

api_routes: list[HTTPRouteHandler] = [
    *catalog.handlers,
    *cart.handlers,
    *checkout.handlers,
    *promotions.handlers,
    *purchases.handlers,
    *account.handlers,
    *addresses.handlers,
    *notifications.handlers,
    *reviews.handlers,
    *orders.handlers,
    *returns.handlers,
    *disputes.handlers,
    *reconciliation.handlers,
    *return_addresses.handlers,
    *payments.handlers,
]


@cache
def openapi_document() -> bytes:
    """The OpenAPI 3.1 description as JSON."""
    return msgspec.json.encode(describe(api_routes, prefix=PREFIX))


@get("/openapi.json")
async def show_description() -> Answer:
    """Describe this API."""
    return Response(openapi_document(), media_type=JSON, headers=PUBLIC)


api_handlers = [
    Router(
        path=PREFIX,
        route_handlers=[*api_routes, show_description],
        request_max_body_size=MAX_BODY_BYTES,
        include_in_schema=False,
    )
]
"""Every route of the API, ready to mount. The application state holds `services`."""

payment_handlers: list[HTTPRouteHandler] = list(payments.peer_handlers)
"""Where providers send notices and browsers come back from paying."""


__all__ = ["PREFIX", "api_handlers", "api_routes", "openapi_document", "payment_handlers"]
