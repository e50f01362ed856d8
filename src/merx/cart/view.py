"""Show a cart: what is in it, what it costs now, and what stands in the way."""

from collections import Counter
from datetime import datetime
from uuid import UUID

import msgspec

from merx.cart.model import Cart, CartLine, CartLineView, CartView
from merx.catalog import ProductCard, cards
from merx.infra.db import ReadTx
from merx.inventory import availability
from merx.pricing import (
    AmountTooLarge,
    Quote,
    QuoteItem,
    SaleTerms,
    delivery_problem,
    line_problem,
    sale_terms,
)
from merx.promotions import Offer, Shopper, evaluate_items, find_offers, quote_items


async def cart_view(tx: ReadTx, *, cart: Cart, now: datetime) -> CartView:
    """A cart priced at this moment with the promotions it gets, in a fixed number of statements.

    The quote covers the lines that can be bought. `problems` name what is missing or wrong: "empty", "lines",
    "address", "delivery", "provider", "delivery_unavailable", "country_not_served", "amount_too_large". Nothing here is a promise:
    placement reads it all again under lock.
    """
    wanted = [(line.variant_id, cart.currency, cart.delivery) for line in cart.lines]
    terms = await sale_terms(tx, wanted=wanted) if wanted else {}
    found = {key[0]: value for key, value in terms.items()}
    free = await availability(tx, variant_ids=list(found), now=now) if found else {}
    pictured = await cards(tx, product_ids=[each.product_id for each in found.values()]) if found else {}
    demand = Counter({line.variant_id: line.quantity for line in cart.lines})
    lines = [_line(line, found.get(line.variant_id), free, demand, pictured) for line in cart.lines]
    items = [QuoteItem(found[line.variant_id], line.quantity) for line in lines if line.problem is None]
    offers = await _offers(tx, cart, items, now=now)
    known = cart.account_id is not None
    evaluation = evaluate_items(items, cart.currency, offers, known_buyer=known, now=now)
    quoted, problems = None, []
    try:
        if items:
            quoted, evaluation = quote_items(items, cart.currency, offers, known_buyer=known, now=now)
    except AmountTooLarge:
        problems = ["amount_too_large"]
    return CartView(cart, quoted, lines, problems + _problems(cart, lines, items, quoted), evaluation, offers)


async def _offers(tx: ReadTx, cart: Cart, items: list[QuoteItem], *, now: datetime) -> list[Offer]:
    """What the cart may have of promotions, whether it applies or not."""
    shopper = Shopper(cart.account_id, tuple(cart.codes))
    book = await find_offers(
        tx,
        shoppers=[shopper],
        currencies=[cart.currency],
        seller_ids=[each.terms.seller_id for each in items],
        product_ids=[each.terms.product_id for each in items],
        now=now,
    )
    return book.offers_for(shopper)


def _line(
    line: CartLine,
    terms: SaleTerms | None,
    free: dict[UUID, int],
    demand: Counter[UUID],
    pictured: dict[UUID, ProductCard],
) -> CartLineView:
    problem = line_problem(terms)
    available = max(0, free.get(line.variant_id, 0))
    if problem is None and available == 0:
        problem = "out_of_stock"
    elif problem is None and available < demand[line.variant_id]:
        problem = "insufficient_stock"
    card = pictured.get(terms.product_id) if terms else None
    price = terms.unit_price if terms else None
    return CartLineView(
        variant_id=line.variant_id,
        product_id=terms.product_id if terms else None,
        seller_id=terms.seller_id if terms else None,
        sku=terms.sku if terms else None,
        slug=card.slug if card else None,
        title=msgspec.json.decode(terms.title) if terms else {},
        label=msgspec.json.decode(terms.label) if terms else {},
        picture=card.picture if card else None,
        quantity=line.quantity,
        unit_price=price,
        total=None if price is None else price * line.quantity,
        available=available,
        problem=problem,
    )


def _problems(
    cart: Cart, lines: list[CartLineView], items: list[QuoteItem], quoted: Quote | None
) -> list[str]:
    problems = []
    if not lines:
        problems.append("empty")
    if any(line.problem for line in lines):
        problems.append("lines")
    if cart.country is None:
        problems.append("address")
    if cart.delivery is None:
        problems.append("delivery")
    elif cart.country is not None and quoted is not None:
        blocked = delivery_problem(items, cart.country)
        if blocked:
            problems.append(blocked)
    if cart.provider is None:
        problems.append("provider")
    return problems
