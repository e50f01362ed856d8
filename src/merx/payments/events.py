"""Events of authorized money, of refunds and of disputes. The subject of each is the purchase.

Data of a payment's: payment_id, provider, number, amount, currency. Data of a refund's: refund_id, amount, currency;
order_id when of a sale. Of disputes: see disputes.py.
"""

from typing import Final

PAYMENT_AUTHORIZED: Final = "PaymentAuthorized"
PAYMENT_VOIDED: Final = "PaymentVoided"
CAPTURE_FAILED: Final = "CaptureFailed"

REFUND_APPROVED: Final = "RefundApproved"
REFUND_SUCCEEDED: Final = "RefundSucceeded"
REFUND_FAILED: Final = "RefundFailed"
DISPUTE_OPENED: Final = "DisputeOpened"
DISPUTE_CLOSED: Final = "DisputeClosed"
