"""Purchases and orders: one checkout is one purchase with one amount to pay, split into one order per seller.

States move only by compare-and-set along the tables in `states.py`; the order-level payment and fulfilment statuses are
derived from facts by one function (`rules.fulfilment_status`) and stored.
"""

from merx.orders.advance import (
    advance_purchases,
    close_received,
    purchase_shares,
    record_not_refunded,
    record_refunded,
)
from merx.orders.errors import IllegalMove, OverReturned, OverShipped, UnknownOrder, UnknownPurchase
from merx.orders.model import (
    AddressSnapshot,
    LineClaim,
    LineRefund,
    NewOrder,
    NewOrderLine,
    NewPurchase,
    Order,
    OrderLine,
    OrderState,
    OrderView,
    Purchase,
    PurchaseView,
    ReviewableLine,
    ReviewableOrder,
)
from merx.orders.place import insert_purchases, set_purchase_provider
from merx.orders.record import lock_order, record_delivered, record_received, record_shipped
from merx.orders.record_returns import (
    after_sales_days,
    claim_units,
    record_given_back,
    record_refund_approved,
    record_return_closed,
    record_taken_again,
    release_units,
)
from merx.orders.states import ORDER_STATES
from merx.orders.view import (
    buyer_order,
    line_for_review,
    list_purchases,
    list_seller_orders,
    lock_purchase,
    lock_purchases,
    order_for_review,
    purchase_view,
    seller_order_view,
    units_without_hold,
    unpaid_past_deadline,
)

__all__ = [
    "ORDER_STATES",
    "AddressSnapshot",
    "IllegalMove",
    "LineClaim",
    "LineRefund",
    "NewOrder",
    "NewOrderLine",
    "NewPurchase",
    "Order",
    "OrderLine",
    "OrderState",
    "OrderView",
    "OverReturned",
    "OverShipped",
    "Purchase",
    "PurchaseView",
    "ReviewableLine",
    "ReviewableOrder",
    "UnknownOrder",
    "UnknownPurchase",
    "advance_purchases",
    "after_sales_days",
    "buyer_order",
    "claim_units",
    "close_received",
    "insert_purchases",
    "line_for_review",
    "list_purchases",
    "list_seller_orders",
    "lock_order",
    "lock_purchase",
    "lock_purchases",
    "order_for_review",
    "purchase_shares",
    "purchase_view",
    "record_delivered",
    "record_given_back",
    "record_not_refunded",
    "record_received",
    "record_refund_approved",
    "record_refunded",
    "record_return_closed",
    "record_shipped",
    "record_taken_again",
    "release_units",
    "seller_order_view",
    "set_purchase_provider",
    "units_without_hold",
    "unpaid_past_deadline",
]
