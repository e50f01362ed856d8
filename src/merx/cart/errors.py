"""Refusals of carts."""

from merx.kit.errors import Conflict, Invalid, NotFound


class UnknownCart(NotFound):
    """There is no such cart for this caller."""

    code = "unknown_cart"
    message = "There is no such cart, or it is not yours."


class BadQuantity(Invalid):
    """A quantity outside 1 to 999."""

    code = "bad_quantity"
    message = "A quantity is a whole number from 1 to %(most)s."


class TooManyLines(Invalid):
    """More different articles than one cart takes."""

    code = "too_many_lines"
    message = "A cart takes at most %(limit)s different articles."


class CartClosed(Conflict):
    """The cart has become a purchase, or has expired."""

    code = "cart_closed"
    message = "This cart has been ordered already. Start a new one."


class NoPriceInCurrency(Conflict):
    """The variant is not sold in the cart's currency."""

    code = "no_price"
    message = "This article has no price in %(currency)s."
