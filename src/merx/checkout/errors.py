"""Why a placement is refused."""

from typing import Any, Final

from merx.checkout.model import Refused
from merx.infra.idempotency import IdempotencyKeyReused
from merx.kit.errors import Conflict, DomainError, Invalid, NotFound, Unavailable
from merx.payments.providers import MethodNotOffered, MethodProblem
from merx.pricing import AmountTooLarge
from merx.promotions import PromotionUsedUp


class CartNotFound(NotFound):
    """There is no such cart for this caller."""

    code = "unknown_cart"
    message = "There is no such cart, or it is not yours."


class CartChanged(Conflict):
    """The cart is not what was shown: emptied, ordered already, or its articles are no longer for sale."""

    code = "cart_changed"
    message = "The cart has changed since you looked at it. Check it and order again."


class CartIncomplete(Invalid):
    """Something is still to be chosen; `missing` lists it."""

    code = "cart_incomplete"
    message = "Before ordering, complete: %(missing)s."


class DeliveryRefused(Conflict):
    """A seller does not deliver these goods there, or not that way."""

    code = "delivery_refused"
    message = "These goods cannot be delivered this way to this country. Choose another delivery or address."


class OutOfStock(Conflict):
    """Fewer units are free than the cart asks for; `lines` says of what and how many are left."""

    code = "out_of_stock"
    message = "Some articles are no longer available in this quantity. Change the cart and order again."


class PriceChanged(Conflict):
    """The total is not the expected one; `total` is what it would be now."""

    code = "price_changed"
    message = "The total has changed. Check the new total and order again."


class PlacementFailed(Unavailable):
    """This command could not be carried out. Repeating it with its key never orders twice."""

    code = "placement_failed"
    message = "The order could not be placed because of an internal fault. Nothing was charged. Try again."


_BY_CODE: Final[dict[str, type[DomainError]]] = {
    error.code: error
    for error in (
        CartNotFound, CartChanged, CartIncomplete, DeliveryRefused, OutOfStock, PriceChanged, IdempotencyKeyReused,
        PlacementFailed,
        AmountTooLarge, MethodNotOffered, PromotionUsedUp,
    )
}  # fmt: skip


def refused(error: type[DomainError], **params: Any) -> Refused:
    """A refusal of this kind, with its values."""
    return Refused(error.code, params)


def is_passing(refusal: Refused) -> bool:
    """Whether a repeat with the same key may succeed: such a refusal is no outcome to keep."""
    is_down = refusal.params.get("reason") == MethodProblem.DOWN
    return is_down or issubclass(_BY_CODE[refusal.code], Unavailable)


def as_error(refusal: Refused) -> DomainError:
    """The exception a refusal stands for."""
    return _BY_CODE[refusal.code](**refusal.params)
