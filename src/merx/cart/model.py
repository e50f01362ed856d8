"""Nouns of the cart."""

from typing import Any
from uuid import UUID

import msgspec

from merx.pricing import Quote
from merx.promotions import Evaluation, Offer

Text = dict[str, str]


class CartLine(msgspec.Struct, frozen=True, gc=False):
    """A quantity of a variant."""

    variant_id: UUID
    quantity: int


class Cart(msgspec.Struct, frozen=True):
    """A cart as stored, with its lines in the order they were added; `codes` are those of promotions."""

    id: UUID
    account_id: UUID | None
    person_id: UUID
    currency: str
    locale: str
    state: str
    country: str | None
    address_sealed: bytes | None
    delivery: str | None
    provider: str | None
    purchase_id: UUID | None
    version: int
    token_hash: bytes
    codes: list[str] = []
    lines: list[CartLine] = []


class ClaimedCart(msgspec.Struct, frozen=True, gc=False):
    """A cart taken for placement in this transaction. `promoted` says whether a promotion may apply to it."""

    id: UUID
    account_id: UUID | None
    person_id: UUID
    currency: str
    locale: str
    country: str | None
    address_sealed: bytes | None
    delivery: str | None
    provider: str | None
    token_hash: bytes
    codes: list[str]
    promoted: bool


class CartForLine(msgspec.Struct, frozen=True):
    """A locked cart, without its lines, and what a variant to be put in it costs there.

    `amount` is None without a price in the cart's currency; `lines` is how many the cart has.
    """

    cart: Cart
    sellable: bool
    amount: int | None
    lines: int


class CartOwner(msgspec.Struct, frozen=True, gc=False):
    """Whose a cart is: an account's, or whoever's holds its token."""

    account_id: UUID | None
    token_hash: bytes


class CartLineView(msgspec.Struct, frozen=True):
    """A line as a shopper sees it. `problem` says why it cannot be bought as it stands, or is None."""

    variant_id: UUID
    product_id: UUID | None
    seller_id: UUID | None
    sku: str | None
    slug: str | None
    title: Text
    label: Text
    picture: Any
    quantity: int
    unit_price: int | None
    total: int | None
    available: int
    problem: str | None


class CartView(msgspec.Struct, frozen=True):
    """A cart with what it costs now. `quote` is None while nothing in it can be bought.

    `promotions` are those it gets, and those it does not get with the reason; `offers` all that were considered.
    """

    cart: Cart
    quote: Quote | None
    lines: list[CartLineView]
    problems: list[str]
    promotions: Evaluation
    offers: list[Offer]
