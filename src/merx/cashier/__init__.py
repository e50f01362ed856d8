"""The cashier: moves a purchase through its payment.

`confirm_payment` is the one transition money goes through, whoever reports it.
"""

from merx.cashier.apply_notice import VerifiedNotice
from merx.cashier.ask_in_doubt import ask_in_doubt, ask_provider
from merx.cashier.authorize_payment import authorize_payment
from merx.cashier.cancel_authorized import cancel_undelivered
from merx.cashier.cancel_purchase import cancel_purchase
from merx.cashier.capture_payment import capture_authorized, capture_payment
from merx.cashier.choose_method import choose_method
from merx.cashier.confirm_offline import cash_payment, confirm_cash, confirm_offline
from merx.cashier.confirm_payment import confirm_payment
from merx.cashier.confirm_payments import confirm_payments
from merx.cashier.errors import (
    AlreadyPaid,
    AlreadyShipped,
    ReceivedInFuture,
    TooManyPaymentAttempts,
)
from merx.cashier.expire_unpaid import expire_unpaid
from merx.cashier.notice_queue import NoticeQueue
from merx.cashier.receive_notice import receive_notice
from merx.cashier.receive_reversal import apply_dispute
from merx.cashier.start_payment import start_payment
from merx.cashier.void_payment import cancel_authorized, void_authorized, void_now

__all__ = [
    "AlreadyPaid",
    "AlreadyShipped",
    "NoticeQueue",
    "ReceivedInFuture",
    "TooManyPaymentAttempts",
    "VerifiedNotice",
    "apply_dispute",
    "ask_in_doubt",
    "ask_provider",
    "authorize_payment",
    "cancel_authorized",
    "cancel_purchase",
    "cancel_undelivered",
    "capture_authorized",
    "capture_payment",
    "cash_payment",
    "choose_method",
    "confirm_cash",
    "confirm_offline",
    "confirm_payment",
    "confirm_payments",
    "expire_unpaid",
    "receive_notice",
    "start_payment",
    "void_authorized",
    "void_now",
]
