"""Purchases and orders: one checkout is one purchase with one amount to pay, split into one order per seller.

States move only by compare-and-set along the tables in `states.py`; the order-level payment and fulfilment statuses are
derived from facts by one function (`rules.fulfilment_status`) and stored.
"""

from merx.orders.advance import advance_purchases, close_received, record_refunded
from merx.orders.errors import IllegalMove, OverShipped, UnknownOrder, UnknownPurchase
from merx.orders.model import (
    AddressSnapshot,
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
from merx.orders.place import insert_purchases
from merx.orders.record import lock_order, record_delivered, record_received, record_shipped
from merx.orders.states import ORDER_STATES
from merx.orders.view import (
    buyer_order,
    line_for_review,
    list_purchases,
    list_seller_orders,
    lock_purchase,
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
    "NewOrder",
    "NewOrderLine",
    "NewPurchase",
    "Order",
    "OrderLine",
    "OrderState",
    "OrderView",
    "OverShipped",
    "Purchase",
    "PurchaseView",
    "ReviewableLine",
    "ReviewableOrder",
    "UnknownOrder",
    "UnknownPurchase",
    "advance_purchases",
    "buyer_order",
    "close_received",
    "insert_purchases",
    "line_for_review",
    "list_purchases",
    "list_seller_orders",
    "lock_order",
    "lock_purchase",
    "order_for_review",
    "purchase_view",
    "record_delivered",
    "record_received",
    "record_refunded",
    "record_shipped",
    "seller_order_view",
    "units_without_hold",
    "unpaid_past_deadline",
]
