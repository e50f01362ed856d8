"""What sellers refuse."""

from merx.kit.errors import Conflict, Invalid, NotFound


class UnknownSeller(NotFound):
    """There is no such seller."""

    code = "unknown_seller"


class SellerCodeTaken(Conflict):
    """Another seller has this code."""

    code = "seller_code_taken"
    message = "There is a seller with the code %(seller_code)s already."


class BadSellerCode(Invalid):
    """The code cannot be part of an address."""

    code = "bad_seller_code"
    message = "Write a code of lower-case letters, digits and hyphens, at most %(most)s."


class BadDeliveryRate(Invalid):
    """A delivery rate is outside its bounds; `field` in the params names what."""

    code = "bad_delivery_rate"
    message = "This delivery rate cannot be used: %(field)s is out of bounds."
