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
from merx.notifications import (
    tell_buyer_confirmed,
    tell_buyer_shipped,
    tell_dispute,
    tell_return,
    tell_seller_authorized,
    tell_seller_paid,
    tell_seller_withdrawn,
)
from merx.orders import OrderAuthorized, OrderCancelled, OrderPaid, PurchaseCancelled, PurchasePlaced
from merx.payments import DisputeClosed, DisputeOpened, PaymentConfirmed, RefundSucceeded
from merx.returns import RETURN_EVENTS, settle_exchange, settle_return
from merx.reviews import ProductReviewed

SUBSCRIPTIONS: Final = (
    Subscription("notifications.tell_seller_paid", (OrderPaid,), tell_seller_paid),
    Subscription("notifications.tell_seller_authorized", (OrderAuthorized,), tell_seller_authorized),
    Subscription("notifications.tell_seller_withdrawn", (OrderCancelled,), tell_seller_withdrawn),
    Subscription("notifications.tell_buyer_confirmed", (PaymentConfirmed,), tell_buyer_confirmed),
    Subscription("notifications.tell_buyer_shipped", (ParcelShipped,), tell_buyer_shipped),
    Subscription("notifications.tell_return", RETURN_EVENTS, tell_return),
    Subscription("notifications.tell_dispute", (DisputeOpened, DisputeClosed), tell_dispute),
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
