"""Events of refunds. The subject of each is the purchase. Data: refund_id, amount, currency; order_id when of a sale."""

from typing import Final

REFUND_APPROVED: Final = "RefundApproved"
REFUND_SUCCEEDED: Final = "RefundSucceeded"
REFUND_FAILED: Final = "RefundFailed"
