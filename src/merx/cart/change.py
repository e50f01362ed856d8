"""Change an open cart: lines, address, delivery, payment method. Each locks the cart and bumps its version."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from merx.accounts import PostalAddress, new_person, person_cipher, seal_address
from merx.cart import store
from merx.cart.access import check_access, check_open
from merx.cart.errors import BadQuantity, NoPriceInCurrency, TooManyLines, UnknownCart
from merx.cart.model import Cart
from merx.catalog import UnknownVariant
from merx.infra.crypto import MasterKeys
from merx.infra.db import Tx
from merx.kit.actors import Buyer

MAX_QUANTITY: Final = 999
MAX_LINES: Final = 100


async def put_line(
    tx: Tx,
    *,
    cart_id: UUID,
    actor: Buyer,
    variant_id: UUID,
    quantity: int,
    add: bool,
    now: datetime,
) -> int:
    """Add units to a line, or set how many it has; returns the line's new quantity. Two statements.

    Raises UnknownCart, CartClosed, UnknownVariant, NoPriceInCurrency, BadQuantity, TooManyLines.
    """
    if not 1 <= quantity <= MAX_QUANTITY:
        raise BadQuantity(most=MAX_QUANTITY)
    found = await store.lock_for_line(tx, cart_id=cart_id, variant_id=variant_id)
    if found is None:
        raise UnknownCart
    cart = check_open(check_access(found.cart, actor=actor))
    if not found.sellable:
        raise UnknownVariant
    if found.amount is None:
        raise NoPriceInCurrency(currency=cart.currency)
    if found.lines >= MAX_LINES:
        raise TooManyLines(limit=MAX_LINES)
    try:
        return await store.put_line(
            tx, cart_id=cart_id, variant_id=variant_id, quantity=quantity, add=add, now=now
        )
    except asyncpg.CheckViolationError as error:
        raise BadQuantity(most=MAX_QUANTITY) from error


async def _locked(tx: Tx, cart_id: UUID, actor: Buyer) -> Cart:
    cart = await store.lock_cart(tx, cart_id)
    return check_open(check_access(cart, actor=actor))


def _changed(cart: Cart, **choice: str | bytes | None) -> Cart:
    return msgspec.structs.replace(cart, version=cart.version + 1, **choice)


async def remove_line(
    tx: Tx,
    *,
    cart_id: UUID,
    actor: Buyer,
    variant_id: UUID,
    now: datetime,
) -> None:
    """Take a line out; taking out what is not there is no error. Raises UnknownCart, CartClosed."""
    await _locked(tx, cart_id, actor)
    await store.remove_line(tx, cart_id=cart_id, variant_id=variant_id, now=now)


async def set_address(
    tx: Tx,
    keys: MasterKeys,
    *,
    cart_id: UUID,
    actor: Buyer,
    address: PostalAddress,
    now: datetime,
) -> Cart:
    """Seal the delivery address under the cart's person and keep it; returns the cart. `address` is checked already.

    Raises UnknownCart, CartClosed.
    """
    cart = await _locked(tx, cart_id, actor)
    fresh_guest = cart.account_id is None and cart.address_sealed is None
    cipher = (
        await new_person(tx, keys, person_id=cart.person_id, now=now)
        if fresh_guest
        else await person_cipher(tx, keys, person_id=cart.person_id)
    )
    sealed = seal_address(cipher, address)
    await store.set_address(tx, cart_id=cart_id, sealed=sealed, country=address.country, now=now)
    return _changed(cart, address_sealed=sealed, country=address.country)


async def set_delivery(tx: Tx, *, cart_id: UUID, actor: Buyer, method: str, now: datetime) -> Cart:
    """Choose how the goods come ("standard", "express"). Raises UnknownCart, CartClosed."""
    cart = await _locked(tx, cart_id, actor)
    await store.set_choice(tx, store.SET_DELIVERY, cart_id=cart_id, choice=method, now=now)
    return _changed(cart, delivery=method)


async def set_provider(tx: Tx, *, cart_id: UUID, actor: Buyer, provider: str, now: datetime) -> Cart:
    """Choose who to pay through, by provider code; the caller checked that it is offered. Raises UnknownCart, CartClosed."""
    cart = await _locked(tx, cart_id, actor)
    await store.set_choice(tx, store.SET_PROVIDER, cart_id=cart_id, choice=provider, now=now)
    return _changed(cart, provider=provider)


async def set_currency(
    tx: Tx,
    *,
    cart_id: UUID,
    actor: Buyer,
    currency: str,
    now: datetime,
) -> Cart:
    """Choose the currency the cart is priced in; the caller checked that the shop sells in it.

    Lines without a price in it stay, and say so; the payment method is chosen anew. Raises UnknownCart, CartClosed.
    """
    cart = await _locked(tx, cart_id, actor)
    await store.set_choice(tx, store.SET_CURRENCY, cart_id=cart_id, choice=currency, now=now)
    return _changed(cart, currency=currency, provider=None)
