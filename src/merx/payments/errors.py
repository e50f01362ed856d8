"""Refusals of payments."""

from merx.kit.errors import Conflict, NotFound


class UnknownPayment(NotFound):
    """No payment of ours has this number."""

    code = "unknown_payment"
    message = "There is no such payment."


class AmountMismatch(Conflict):
    """The provider reports another amount or currency than we asked for."""

    code = "amount_mismatch"
    message = "The provider reported %(reported)s for a payment of %(expected)s."


class ReferenceTaken(Conflict):
    """The provider's own number of this money already paid another payment of ours."""

    code = "payment_reference_taken"
    message = "The provider's number %(reference)s belongs to another payment."


class NotPayable(Conflict):
    """The purchase is not waiting for money."""

    code = "not_payable"
    message = "This purchase is %(state)s and cannot be paid."


class PaymentMoved(Conflict):
    """The payment is not in a state from which this is possible."""

    code = "payment_moved"
    message = "The payment is %(state)s: this can no longer be done with it. Reload the page."


class RefundTooLarge(Conflict):
    """More than was captured and not given back yet."""

    code = "refund_too_large"
    message = "At most %(refundable)s can still be refunded."


class UnknownRefund(NotFound):
    """There is no such refund."""

    code = "unknown_refund"
    message = "There is no such refund."


class RefundMoved(Conflict):
    """The refund is not in a state from which this is possible."""

    code = "refund_moved"
    message = "The refund is %(state)s: it cannot become %(wanted)s."
