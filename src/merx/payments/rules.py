"""What people may do with payments and refunds now. Pure."""

from merx.payments.model import OfflinePayment, OfflineRefund, Payment, PaymentState, Refund


def is_authorized(payment: Payment | OfflinePayment) -> bool:
    """Whether a payment's money is authorized and still wanted: it can be captured or voided."""
    return payment.state is PaymentState.AUTHORIZED and payment.void_wanted_at is None


def can_confirm(payment: Payment | OfflinePayment, *, at_the_door: bool) -> bool:
    """Whether staff can say that the money is here: once, and cash only while it is authorized."""
    return is_authorized(payment) if at_the_door else payment.state is not PaymentState.CAPTURED


def can_pay_back(refund: Refund | OfflineRefund) -> bool:
    """Whether staff can say that they have paid a refund back by hand."""
    return refund.state in ("submitted", "failed")


def can_give_up(refund: Refund | OfflineRefund) -> bool:
    """Whether staff can say that a refund cannot be paid back by hand."""
    return refund.state == "submitted"


def can_retry(refund: Refund | OfflineRefund) -> bool:
    """Whether a refund can be tried again under its number: it was refused, or it came back."""
    return refund.state == "failed"
