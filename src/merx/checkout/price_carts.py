"""What claimed carts cost with the promotions they get, and which limits they use: read for a batch, decided in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.cart import CartLine, ClaimedCart
from merx.infra.db import Tx
from merx.inventory import Limit
from merx.pricing import Quote, QuoteItem, SaleTerms, quote
from merx.promotions import OfferBook, Shopper, find_offers, limits_of, quote_items

Terms = Mapping[tuple[UUID, str, str | None], SaleTerms]
NO_OFFERS: Final = OfferBook([], {}, {}, {})


class PricedCart(msgspec.Struct, frozen=True):
    """The quote of a cart, and the limits of which a purchase of it uses one each."""

    quote: Quote
    limits: list[Limit]


async def read_offers(
    tx: Tx,
    carts: Mapping[UUID, ClaimedCart],
    lines: Mapping[UUID, list[CartLine]],
    terms: Terms,
    *,
    now: datetime,
) -> OfferBook:
    """The promotions that carts of the batch may have; no statement when none may have any."""
    promoted = [cart for cart in carts.values() if cart.promoted]
    if not promoted:
        return NO_OFFERS
    wanted = [
        terms[key]
        for cart in promoted
        for line in lines[cart.id]
        if (key := (line.variant_id, cart.currency, cart.delivery)) in terms
    ]
    return await find_offers(
        tx,
        shoppers=[shopper_of(cart) for cart in promoted],
        currencies={cart.currency for cart in promoted},
        seller_ids={each.seller_id for each in wanted},
        product_ids={each.product_id for each in wanted},
        now=now,
    )


def shopper_of(cart: ClaimedCart) -> Shopper:
    """Who buys a cart, and the codes in it."""
    return Shopper(cart.account_id, tuple(cart.codes))


def price_cart(
    cart: ClaimedCart, items: Sequence[QuoteItem], book: OfferBook, *, now: datetime
) -> PricedCart:
    """The quote of a cart's items with what it gets of the promotions. Raises AmountTooLarge."""
    if not cart.promoted:
        return PricedCart(quote(items, cart.currency), [])
    offers = book.offers_for(shopper_of(cart))
    known = cart.account_id is not None
    quoted, found = quote_items(items, cart.currency, offers, known_buyer=known, now=now)
    return PricedCart(quoted, limits_of(found, account_id=cart.account_id))
