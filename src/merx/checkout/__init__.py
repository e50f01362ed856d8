"""The checkout: turns carts into purchases, in batches; `place_orders` decides who gets what."""

from merx.checkout.errors import (
    CartChanged,
    CartIncomplete,
    CartNotFound,
    DeliveryRefused,
    OutOfStock,
    PlacementFailed,
    PriceChanged,
    as_error,
    is_passing,
)
from merx.checkout.model import Placed, PlaceOrder, Refused
from merx.checkout.place_orders import HOLD_GRACE, place_orders
from merx.checkout.placement_queue import PlacementQueue
from merx.checkout.settings import CheckoutSettings

__all__ = [
    "HOLD_GRACE",
    "CartChanged",
    "CartIncomplete",
    "CartNotFound",
    "CheckoutSettings",
    "DeliveryRefused",
    "OutOfStock",
    "PlaceOrder",
    "Placed",
    "PlacementFailed",
    "PlacementQueue",
    "PriceChanged",
    "Refused",
    "as_error",
    "is_passing",
    "place_orders",
]
