"""The visitor's cart: found by the account or by the cookie, and made when the first thing goes into it."""

from merx.cart import Cart, UnknownCart, access_cart, create_cart, open_cart_of
from merx.infra.db import ReadTx, Tx
from merx.storefront.core.visit import CartKey, Visit


async def find_cart(visit: Visit, tx: ReadTx) -> Cart | None:
    """The visitor's open cart, if there is one. A guest without a cookie costs no query."""
    if visit.account_id is not None:
        return await open_cart_of(tx, account_id=visit.account_id)
    if visit.cart_key is None:
        return None
    try:
        cart = await access_cart(tx, cart_id=visit.cart_key.cart_id, actor=visit.buyer())
    except UnknownCart:
        return None
    return cart if cart.state == "open" else None


async def ensure_cart(visit: Visit, tx: Tx) -> tuple[Cart, CartKey | None]:
    """The visitor's open cart, made now if there is none; with the key that a guest's browser must keep then."""
    found = await find_cart(visit, tx)
    if found is not None:
        return found, None
    cart, token = await create_cart(
        tx, account_id=visit.account_id, currency=visit.currency, locale=visit.locale, now=visit.now
    )
    return cart, None if visit.account_id else CartKey(cart.id, token)
