"""Payments: attempts with providers, what providers told us, refunds, and the inbox of their notices.

A provider is called outside every transaction: record the intent, call, record the result, repair by our own number.
Only a verified notice or our own query records money; a browser's return never does.
"""

from merx.payments.errors import AmountMismatch, NotPayable, ReferenceTaken, UnknownPayment
from merx.payments.model import Fact, NewPayment, Payment, PaymentState, Refund
from merx.payments.record import (
    expire_payments,
    open_payments,
    record_captured,
    record_refunded,
    record_started,
    request_refund,
)
from merx.payments.states import PAYMENT_STATES, REFUND_STATES
from merx.payments.store import (
    claim_in_doubt,
    claim_refunds,
    find_by_number,
    get_payment,
    lock_payment,
    notice_applied,
    payments_of,
    refunds_of,
    store_notice,
)

__all__ = [
    "PAYMENT_STATES",
    "REFUND_STATES",
    "AmountMismatch",
    "Fact",
    "NewPayment",
    "NotPayable",
    "Payment",
    "PaymentState",
    "ReferenceTaken",
    "Refund",
    "UnknownPayment",
    "claim_in_doubt",
    "claim_refunds",
    "expire_payments",
    "find_by_number",
    "get_payment",
    "lock_payment",
    "notice_applied",
    "open_payments",
    "payments_of",
    "record_captured",
    "record_refunded",
    "record_started",
    "refunds_of",
    "request_refund",
    "store_notice",
]
