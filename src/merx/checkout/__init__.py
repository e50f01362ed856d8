"""The checkout: turns carts into purchases, in batches, and moves a purchase through its payment.

`place_orders` decides who gets what; `confirm_payment` is the one transition money goes through, whoever reports it.
"""

from merx.checkout.apply_notice import VerifiedNotice
from merx.checkout.ask_in_doubt import ask_in_doubt, ask_provider
from merx.checkout.ask_refunds import ask_refunds, reverse_refund
from merx.checkout.authorize_payment import authorize_payment
from merx.checkout.cancel_purchase import cancel_purchase
from merx.checkout.capture_payment import capture_authorized, capture_payment
from merx.checkout.choose_provider import choose_provider
from merx.checkout.confirm_offline import cash_payment, confirm_cash, confirm_offline
from merx.checkout.confirm_payment import confirm_payment
from merx.checkout.confirm_payments import confirm_payments
from merx.checkout.errors import (
    AlreadyPaid,
    AlreadyShipped,
    CartChanged,
    CartIncomplete,
    CartNotFound,
    DeliveryRefused,
    MethodNotOffered,
    OutOfStock,
    PaymentMethodUnavailable,
    PlacementFailed,
    PriceChanged,
    ReceivedInFuture,
    TooManyPaymentAttempts,
    as_error,
    is_passing,
)
from merx.checkout.expire_unpaid import expire_unpaid
from merx.checkout.model import Placed, PlaceOrder, Refused
from merx.checkout.notice_queue import NoticeQueue
from merx.checkout.offline_refunds import fail_offline_refund, settle_offline_refund
from merx.checkout.place_orders import place_orders
from merx.checkout.placement_queue import PlacementQueue
from merx.checkout.receive_notice import receive_notice
from merx.checkout.receive_reversal import apply_dispute
from merx.checkout.refund_order import refund_order
from merx.checkout.refund_rules import UnitsBack, Worth, worth_of
from merx.checkout.send_refunds import send_refunds, settle_refund
from merx.checkout.start_payment import start_payment
from merx.checkout.void_payment import cancel_authorized, release_authorized, release_now
from merx.checkout.withdraw_rows import undeliver_rows

__all__ = [
    "AlreadyPaid",
    "AlreadyShipped",
    "CartChanged",
    "CartIncomplete",
    "CartNotFound",
    "DeliveryRefused",
    "MethodNotOffered",
    "NoticeQueue",
    "OutOfStock",
    "PaymentMethodUnavailable",
    "PlaceOrder",
    "Placed",
    "PlacementFailed",
    "PlacementQueue",
    "PriceChanged",
    "ReceivedInFuture",
    "Refused",
    "TooManyPaymentAttempts",
    "UnitsBack",
    "VerifiedNotice",
    "Worth",
    "apply_dispute",
    "as_error",
    "ask_in_doubt",
    "ask_provider",
    "ask_refunds",
    "authorize_payment",
    "cancel_authorized",
    "cancel_purchase",
    "capture_authorized",
    "capture_payment",
    "cash_payment",
    "choose_provider",
    "confirm_cash",
    "confirm_offline",
    "confirm_payment",
    "confirm_payments",
    "expire_unpaid",
    "fail_offline_refund",
    "is_passing",
    "place_orders",
    "receive_notice",
    "refund_order",
    "release_authorized",
    "release_now",
    "reverse_refund",
    "send_refunds",
    "settle_offline_refund",
    "settle_refund",
    "start_payment",
    "undeliver_rows",
    "worth_of",
]
