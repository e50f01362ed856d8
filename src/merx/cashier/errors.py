"""Why a purchase cannot be paid, cancelled or moved this way."""

from merx.kit.errors import Conflict, Invalid
from merx.payments import AmountMismatch


class AlreadyPaid(Conflict):
    """The money is here: the purchase can no longer be cancelled by its buyer, nor paid another way."""

    code = "already_paid"
    message = "This purchase has been paid already."


class TooManyPaymentAttempts(Conflict):
    """The payment method was changed too often."""

    code = "too_many_payment_attempts"
    message = (
        "The payment method of this purchase was changed too often. Pay the way it says now, or order again."
    )


class AlreadyShipped(Conflict):
    """Part of it is on its way: it is not cancelled in one piece any more."""

    code = "already_shipped"
    message = "Part of this purchase has been shipped, so it cannot be cancelled as a whole. Once it is paid, after-sales can help."


class WrongAmount(AmountMismatch):
    """Another amount or currency than is owed was to be confirmed by hand."""

    message = (
        "Exactly %(expected)s is owed, not %(reported)s. Send back what came, or confirm the right amount."
    )


class ReceivedInFuture(Invalid):
    """Money cannot have been received at a time to come."""

    code = "received_in_future"
    message = "The day on which the money came cannot be in the future."
