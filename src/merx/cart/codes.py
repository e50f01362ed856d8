"""The codes of promotions in a cart. Whether one applies is worked out whenever the cart is priced."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.cart import store
from merx.cart.access import check_access, check_open
from merx.cart.model import Cart
from merx.infra.db import Tx
from merx.kit.actors import Buyer
from merx.promotions import TooManyCodes, UnknownPromotionCode, check_code, is_known_code

MAX_CODES: Final = 5


async def add_code(tx: Tx, *, cart_id: UUID, actor: Buyer, code: str, now: datetime) -> Cart:
    """Put a code into a cart; one that is there already changes nothing.

    Raises UnknownCart, CartClosed, BadPromotionCode, UnknownPromotionCode, TooManyCodes.
    """
    typed = check_code(code)
    cart = check_open(check_access(await store.lock_cart(tx, cart_id), actor=actor))
    if typed in cart.codes:
        return cart
    if not await is_known_code(tx, code=typed):
        raise UnknownPromotionCode(field="code", code=typed)
    if len(cart.codes) >= MAX_CODES:
        raise TooManyCodes(field="code", most=MAX_CODES)
    return await _keep(tx, cart, [*cart.codes, typed], now=now)


async def remove_code(tx: Tx, *, cart_id: UUID, actor: Buyer, code: str, now: datetime) -> Cart:
    """Take a code out of a cart; what is not there is out already. Raises UnknownCart, CartClosed."""
    cart = check_open(check_access(await store.lock_cart(tx, cart_id), actor=actor))
    kept = [each for each in cart.codes if each != code.strip().upper()]
    return cart if kept == cart.codes else await _keep(tx, cart, kept, now=now)


async def _keep(tx: Tx, cart: Cart, codes: list[str], *, now: datetime) -> Cart:
    await store.set_codes(tx, cart.id, codes, now=now)
    return msgspec.structs.replace(cart, codes=codes, version=cart.version + 1)
