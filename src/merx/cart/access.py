"""Fetch a cart, only for those it belongs to."""

import hmac
from uuid import UUID

from merx.cart import store
from merx.cart.errors import CartClosed, UnknownCart
from merx.cart.model import Cart
from merx.infra.db import ReadTx


def check_access(cart: Cart | None, *, token_hash: bytes | None, account_id: UUID | None) -> Cart:
    """Return the cart if it belongs to this account, or the caller holds its token. Raises UnknownCart."""
    if cart is None:
        raise UnknownCart
    if cart.account_id is not None:
        allowed = cart.account_id == account_id
    else:
        allowed = token_hash is not None and hmac.compare_digest(cart.token_hash, token_hash)
    if not allowed:
        raise UnknownCart
    return cart


def check_open(cart: Cart) -> Cart:
    """Return the cart if it can still change. Raises CartClosed."""
    if cart.state != "open":
        raise CartClosed
    return cart


async def access_cart(
    tx: ReadTx, *, cart_id: UUID, token_hash: bytes | None, account_id: UUID | None
) -> Cart:
    """A cart with its lines, in any state. Raises UnknownCart for everybody it does not belong to."""
    cart = await store.find_cart(tx, cart_id)
    return check_access(cart, token_hash=token_hash, account_id=account_id)


async def open_cart_of(tx: ReadTx, *, account_id: UUID) -> Cart | None:
    """An account's open cart, if it has one."""
    return await store.find_open_cart(tx, account_id)
