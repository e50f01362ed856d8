"""Refusals of orders."""

from merx.kit.errors import Conflict, NotFound


class UnknownPurchase(NotFound):
    """There is no such purchase for this caller."""

    code = "unknown_purchase"
    message = "There is no such purchase, or it is not yours."


class UnknownOrder(NotFound):
    """There is no such order for this caller."""

    code = "unknown_order"
    message = "There is no such order, or it is not yours."


class OverShipped(Conflict):
    """More units than were ordered, or than are still to be shipped."""

    code = "over_shipped"
    message = "More units than the order still has to ship. Reload the order and choose again."


class OverReturned(Conflict):
    """More units than were bought, or than can still be asked back."""

    code = "over_returned"
    message = "More units than can still be returned. Reload the order and choose again."
