"""Payments: attempts with providers, what providers told us, refunds, and the inbox of their notices.

A provider is called outside every transaction: record the intent, call, record the result, repair by our own number.
Only a verified notice or our own query records money; a browser's return never does.
"""

from merx.payments.errors import (
    AmountMismatch,
    NotPayable,
    ReferenceTaken,
    RefundMoved,
    RefundTooLarge,
    UnknownPayment,
    UnknownRefund,
)
from merx.payments.model import (
    Fact,
    NewPayment,
    NewRefund,
    Payment,
    PaymentState,
    Refund,
    RefundLine,
)
from merx.payments.record import (
    expire_payments,
    open_payments,
    record_captured,
    record_started,
)
from merx.payments.refunds import (
    approve_refund,
    record_refund_failed,
    record_refunded,
    request_refund,
    retry_refund,
)
from merx.payments.states import PAYMENT_STATES, REFUND_STATES
from merx.payments.store import (
    claim_in_doubt,
    claim_refunds,
    find_by_number,
    find_refund,
    finish_attempt,
    get_payment,
    get_refunds,
    lock_payment,
    notice_applied,
    payments_of,
    refund_lines_of,
    refunds_of,
    store_notice,
)

__all__ = [
    "PAYMENT_STATES",
    "REFUND_STATES",
    "AmountMismatch",
    "Fact",
    "NewPayment",
    "NewRefund",
    "NotPayable",
    "Payment",
    "PaymentState",
    "ReferenceTaken",
    "Refund",
    "RefundLine",
    "RefundMoved",
    "RefundTooLarge",
    "UnknownPayment",
    "UnknownRefund",
    "approve_refund",
    "claim_in_doubt",
    "claim_refunds",
    "expire_payments",
    "find_by_number",
    "find_refund",
    "finish_attempt",
    "get_payment",
    "get_refunds",
    "lock_payment",
    "notice_applied",
    "open_payments",
    "payments_of",
    "record_captured",
    "record_refund_failed",
    "record_refunded",
    "record_started",
    "refund_lines_of",
    "refunds_of",
    "request_refund",
    "retry_refund",
    "store_notice",
]
