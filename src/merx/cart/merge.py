"""What becomes of a guest's cart at log-in."""

from datetime import datetime
from uuid import UUID

from merx.cart import store
from merx.cart.model import Cart
from merx.infra.db import Tx
from merx.kit.actors import Buyer


async def merge_carts(
    tx: Tx, *, guest_cart: UUID, actor: Buyer, account_id: UUID, now: datetime
) -> UUID | None:
    """Bring the open cart that `actor` had as a guest into the account: quantities add up (999 at most a line), nothing is lost.

    Without an open cart of its own the account adopts the guest's. Returns the account's open cart, if it now has one.
    A cart that is closed, or whose token they do not show, is left alone.
    """
    mine = await store.find_open_cart(tx, account_id)
    cart = await store.lock_cart(tx, guest_cart)
    if not _is_guests(cart, actor):
        return None if mine is None else mine.id
    if mine is None:
        return await adopt_cart(tx, cart_id=guest_cart, account_id=account_id, now=now)
    locked = await store.lock_cart(tx, mine.id)
    if locked is None or locked.state != "open":  # ordered in another window this very moment
        return await adopt_cart(tx, cart_id=guest_cart, account_id=account_id, now=now)
    await store.merge(tx, guest_cart=guest_cart, into=mine.id, now=now)
    return mine.id


def _is_guests(cart: Cart | None, actor: Buyer) -> bool:
    if cart is None or cart.account_id is not None or cart.state != "open":
        return False
    return actor.shows(cart.token_hash)


async def adopt_cart(tx: Tx, *, cart_id: UUID, account_id: UUID, now: datetime) -> UUID:
    """A guest's cart becomes the account's."""
    await store.adopt(tx, cart_id=cart_id, account_id=account_id, now=now)
    return cart_id
