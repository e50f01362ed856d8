"""The shop's pages: server-rendered, complete without scripts, the same bytes for everybody but for the header's personal part.

A handler parses the request strictly, calls a use case of a domain and draws a template with a typed view. Nothing here
holds SQL or decides about money or stock.
"""

from collections.abc import Callable
from typing import Any

from litestar import Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException

from merx.kit.errors import DomainError
from merx.storefront import (
    account,
    addresses,
    cart,
    catalog,
    checkout,
    disputes,
    notifications,
    orders,
    payments,
    preferences,
    promotions,
    purchases,
    reconciliation,
    return_addresses,
    returns,
)
from merx.storefront.core.errors import fault_page, http_page, refusal_page
from merx.storefront.core.forms import PlainRequest
from merx.storefront.core.pages import STATIC
from merx.storefront.core.visit import open_visit

storefront_exception_handlers: dict[int | type[Exception], Callable[[PlainRequest, Any], Response[Any]]] = {
    DomainError: refusal_page,
    HTTPException: http_page,
    Exception: fault_page,
}
"""Refusals and faults as pages; also for addresses that no route has, where a browser asks."""

storefront_handlers = [
    Router(
        path="/",
        route_handlers=[
            *catalog.handlers,
            *cart.handlers,
            *checkout.handlers,
            *purchases.handlers,
            *orders.handlers,
            *returns.handlers,
            *disputes.handlers,
            *reconciliation.handlers,
            *return_addresses.handlers,
            *account.handlers,
            *addresses.handlers,
            *notifications.handlers,
            *preferences.handlers,
            *payments.handlers,
            *promotions.handlers,
        ],
        dependencies={"visit": Provide(open_visit)},
        exception_handlers=storefront_exception_handlers,
        include_in_schema=False,
    )
]
"""Every page, ready to mount. The application state holds `services`."""

__all__ = ["STATIC", "storefront_exception_handlers", "storefront_handlers"]
