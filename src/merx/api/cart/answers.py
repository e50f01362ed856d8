"""What is answered besides what the queries show."""

from uuid import UUID

import msgspec


class CreatedCart(msgspec.Struct, frozen=True, kw_only=True):
    """A new cart. A guest sends `token` as Cart-Token from now on; it is shown once, and null for an account's cart."""

    id: UUID
    token: str | None
    currency: str
    locale: str
    state: str
    version: int


class LineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it is now."""

    cart_id: UUID
    variant_id: UUID
    quantity: int


class CartChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What is chosen for the cart so far; null where nothing is."""

    cart_id: UUID
    version: int
    country: str | None = None
    delivery: str | None = None
    payment_method: str | None = None
