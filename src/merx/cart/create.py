"""Begin a cart."""

import secrets
from datetime import datetime
from uuid import UUID

from merx.cart import store
from merx.cart.model import Cart
from merx.infra.crypto import token_hash
from merx.infra.db import Tx
from merx.kit.ids import new_id


async def create_cart(
    tx: Tx, *, account_id: UUID | None, currency: str, locale: str, now: datetime
) -> tuple[Cart, str]:
    """Write an empty cart and return it with its token (128 random bits, shown once).

    A guest's cart belongs to a person of its own, whose data key is made when there is an address to seal.
    """
    token = secrets.token_urlsafe(16)
    cart_id = new_id()
    person_id = account_id or new_id()
    hashed = token_hash(token)
    await store.insert_cart(
        tx, cart_id=cart_id, token_hash=hashed, account_id=account_id, person_id=person_id,
        currency=currency, locale=locale, now=now,
    )  # fmt: skip
    cart = Cart(
        id=cart_id, account_id=account_id, person_id=person_id, currency=currency, locale=locale, state="open",
        country=None, address_sealed=None, delivery=None, provider=None, purchase_id=None, version=1,
        token_hash=hashed,
    )  # fmt: skip
    return cart, token
