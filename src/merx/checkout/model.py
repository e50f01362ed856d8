"""Nouns of the checkout."""

from typing import Any
from uuid import UUID

import msgspec

from merx.kit.actors import Buyer


class PlaceOrder(msgspec.Struct, frozen=True, gc=False):
    """The command to buy a cart for `expected_total` minor units of `currency`.

    The same `idempotency_key` for the same cart returns the first outcome, and refuses a command that differs, also in
    what `buyer` shows.
    """

    cart_id: UUID
    idempotency_key: str
    expected_total: int
    currency: str
    buyer: Buyer


class Placed(msgspec.Struct, frozen=True, tag="placed", tag_field="outcome"):
    """The cart became a purchase that waits for payment. `total` in minor units."""

    purchase_id: UUID
    number: str
    total: int
    currency: str


class Refused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """The command was refused: `code` names an error class of `checkout.errors`, `params` its values."""

    code: str
    params: dict[str, Any]


Outcome = Placed | Refused
