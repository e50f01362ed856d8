"""What may be chosen for a cart: the ways of delivery that all its sellers offer, and what each would cost."""

from datetime import datetime
from typing import Final

import msgspec

from merx.cart import CartView
from merx.infra.db import ReadTx
from merx.pricing import AmountTooLarge, Quote, QuoteItem, delivery_problem, sale_terms
from merx.promotions import Evaluation, quote_items

METHODS: Final = ("standard", "express")


class Deliveries(msgspec.Struct, frozen=True):
    """A quote by method with the promotions it gets, and where each method reaches."""

    quotes: dict[str, Quote]
    promotions: dict[str, Evaluation]
    items: dict[str, list[QuoteItem]]
    countries: frozenset[str]

    def reaching(self, country: str | None) -> dict[str, Quote]:
        """The methods that reach a country; before it is known, all of them."""
        return {
            method: quoted
            for method, quoted in self.quotes.items()
            if not country or delivery_problem(self.items[method], country) is None
        }


async def deliveries_for(tx: ReadTx, found: CartView, *, now: datetime) -> Deliveries:
    """Price the lines that can be bought under every method, in one statement."""
    cart = found.cart
    good = {line.variant_id: line.quantity for line in found.lines if line.problem is None}
    wanted = [(variant_id, cart.currency, method) for method in METHODS for variant_id in good]
    terms = await sale_terms(tx, wanted=wanted) if wanted else {}
    items: dict[str, list[QuoteItem]] = {}
    quotes: dict[str, Quote] = {}
    promotions: dict[str, Evaluation] = {}
    reached: set[str] = set()
    for method in METHODS:
        priced = [
            QuoteItem(terms[variant_id, cart.currency, method], quantity)
            for variant_id, quantity in good.items()
            if (variant_id, cart.currency, method) in terms
        ]
        if not priced or len(priced) < len(good) or not all(item.terms.rate_countries for item in priced):
            continue
        known = cart.account_id is not None
        try:
            quotes[method], promotions[method] = quote_items(
                priced, cart.currency, found.offers, known_buyer=known, now=now
            )
        except AmountTooLarge:
            continue  # the cart itself says so
        items[method] = priced
        reached |= set.intersection(*(set(item.terms.rate_countries or ()) for item in priced))
    return Deliveries(quotes, promotions, items, frozenset(reached))
