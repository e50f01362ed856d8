"""Carts: what a guest or an account is about to buy.

A cart belongs to its account, or to whoever holds its token. It holds quantities, never prices: prices are read when the
cart is shown and again when it is placed. A cart becomes at most one purchase.
"""

from merx.cart.access import access_cart, open_cart_of, owns_cart
from merx.cart.change import (
    MAX_QUANTITY,
    put_line,
    remove_line,
    set_address,
    set_currency,
    set_delivery,
    set_provider,
)
from merx.cart.claim import cart_owners, claim_carts, reopen_carts
from merx.cart.codes import add_code, remove_code
from merx.cart.create import create_cart
from merx.cart.errors import BadQuantity, CartClosed, TooManyLines, UnknownCart
from merx.cart.jobs import expire_idle_carts
from merx.cart.merge import merge_carts
from merx.cart.model import Cart, CartLine, CartLineView, CartOwner, CartView, ClaimedCart
from merx.cart.view import cart_view

__all__ = [
    "MAX_QUANTITY",
    "BadQuantity",
    "Cart",
    "CartClosed",
    "CartLine",
    "CartLineView",
    "CartOwner",
    "CartView",
    "ClaimedCart",
    "TooManyLines",
    "UnknownCart",
    "access_cart",
    "add_code",
    "cart_owners",
    "cart_view",
    "claim_carts",
    "create_cart",
    "expire_idle_carts",
    "merge_carts",
    "open_cart_of",
    "owns_cart",
    "put_line",
    "remove_code",
    "remove_line",
    "reopen_carts",
    "set_address",
    "set_currency",
    "set_delivery",
    "set_provider",
]
