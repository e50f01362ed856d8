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


class NotPayable(Conflict):
    """The purchase is not waiting for money."""

    code = "not_payable"
    message = "This purchase is %(state)s and cannot be paid."
