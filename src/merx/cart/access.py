"""Fetch a cart, only for those it belongs to."""

from uuid import UUID

from merx.cart import store
from merx.cart.errors import CartClosed, UnknownCart
from merx.cart.model import Cart, CartOwner, ClaimedCart
from merx.infra.db import ReadTx
from merx.kit.actors import Buyer


def owns_cart(actor: Buyer, cart: Cart | CartOwner | ClaimedCart) -> bool:
    """Whether a cart is theirs: the account's whose it is, or else whoever's shows its token.

    A guest's token opens nothing any more once the cart has become an account's.
    """
    token_hash = cart.token_hash if cart.account_id is None else None
    return actor.owns(account_id=cart.account_id, access_hash=token_hash)


def check_access(cart: Cart | None, *, actor: Buyer) -> Cart:
    """Return the cart if it is theirs. Raises UnknownCart."""
    if cart is None or not owns_cart(actor, cart):
        raise UnknownCart
    return cart


def check_open(cart: Cart) -> Cart:
    """Return the cart if it can still change. Raises CartClosed."""
    if cart.state != "open":
        raise CartClosed
    return cart


async def access_cart(tx: ReadTx, *, cart_id: UUID, actor: Buyer) -> Cart:
    """A cart with its lines, in any state. Raises UnknownCart for everybody it does not belong to."""
    return check_access(await store.find_cart(tx, cart_id), actor=actor)


async def open_cart_of(tx: ReadTx, *, account_id: UUID) -> Cart | None:
    """An account's open cart, if it has one."""
    return await store.find_open_cart(tx, account_id)
