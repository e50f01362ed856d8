"""Events of refunds and disputes. The subject of each is the purchase.

Data of refunds: refund_id, amount, currency; order_id when of a sale. Of disputes: see disputes.py.
"""

from typing import Final

REFUND_APPROVED: Final = "RefundApproved"
REFUND_SUCCEEDED: Final = "RefundSucceeded"
REFUND_FAILED: Final = "RefundFailed"
DISPUTE_OPENED: Final = "DisputeOpened"
DISPUTE_CLOSED: Final = "DisputeClosed"
