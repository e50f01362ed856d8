"""What happens when something happened: one table from event to handlers.

Handlers run in the job worker, in the order of the feed, each with a cursor of its own.
"""

from typing import Final

from merx.catalog import forget_changed_availability, forget_changed_product
from merx.infra.dispatch import Subscription
from merx.notifications import (
    tell_buyer_confirmed,
    tell_buyer_shipped,
    tell_dispute,
    tell_return,
    tell_seller_authorized,
    tell_seller_paid,
    tell_seller_withdrawn,
)
from merx.returns import settle_exchange, settle_return

SUBSCRIPTIONS: Final = (
    Subscription("notifications.tell_seller_paid", frozenset({"OrderPaid"}), tell_seller_paid),
    Subscription(
        "notifications.tell_seller_authorized", frozenset({"OrderAuthorized"}), tell_seller_authorized
    ),
    Subscription("notifications.tell_seller_withdrawn", frozenset({"OrderCancelled"}), tell_seller_withdrawn),
    Subscription("notifications.tell_buyer_confirmed", frozenset({"PaymentConfirmed"}), tell_buyer_confirmed),
    Subscription("notifications.tell_buyer_shipped", frozenset({"ParcelShipped"}), tell_buyer_shipped),
    Subscription(
        "notifications.tell_return",
        frozenset(
            {
                "ReturnRequested",
                "ReturnProposed",
                "ReturnDeclined",
                "ReturnApproved",
                "ReturnConverted",
                "ReturnRejected",
                "ReturnWithdrawn",
                "ReturnEscalated",
                "ReturnSentBack",
                "ReturnInspected",
                "ReturnSettled",
            }
        ),
        tell_return,
    ),
    Subscription("notifications.tell_dispute", frozenset({"DisputeOpened", "DisputeClosed"}), tell_dispute),
    Subscription("returns.settle_return", frozenset({"RefundSucceeded"}), settle_return),
    Subscription("returns.settle_exchange", frozenset({"ParcelShipped"}), settle_exchange),
    Subscription(
        "catalog.forget_changed_product",
        frozenset({"ProductChanged", "ProductReviewed"}),
        forget_changed_product,
    ),
    Subscription(
        "catalog.forget_changed_availability",
        frozenset({"PurchasePlaced", "PurchaseCancelled", "StockReceived", "StockReturned", "StockSetAside"}),
        forget_changed_availability,
    ),
)
