"""What happens when something happened: one table from event to handlers.

Handlers run in the job worker, in the order of the feed, each with a cursor of its own.
"""

from typing import Final

from merx.catalog import (
    OfAvailability,
    OfProduct,
    ProductChanged,
    forget_changed_availability,
    forget_changed_product,
)
from merx.fulfilment import ParcelShipped
from merx.infra.dispatch import Subscription
from merx.inventory import StockReceived, StockReturned, StockSetAside
from merx.notifications import KINDS
from merx.orders import PurchaseCancelled, PurchasePlaced
from merx.payments import RefundSucceeded
from merx.returns import settle_exchange, settle_return
from merx.reviews import ProductReviewed

SUBSCRIPTIONS: Final = (
    *(Subscription(f"notifications.{kind.name}", kind.events, kind.tell) for kind in KINDS.values()),
    Subscription("returns.settle_return", (RefundSucceeded,), settle_return),
    Subscription("returns.settle_exchange", (ParcelShipped,), settle_exchange),
    Subscription[OfProduct](
        "catalog.forget_changed_product", (ProductChanged, ProductReviewed), forget_changed_product
    ),
    Subscription[OfAvailability](
        "catalog.forget_changed_availability",
        (PurchasePlaced, PurchaseCancelled, StockReceived, StockReturned, StockSetAside),
        forget_changed_availability,
    ),
)
