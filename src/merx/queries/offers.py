"""What may be chosen for a cart: the ways of delivery that all its sellers offer, and what each would cost."""

from collections.abc import Sequence
from typing import Final

import msgspec

from merx.cart import Cart, CartLineView
from merx.infra.db import ReadTx
from merx.pricing import AmountTooLarge, Quote, QuoteItem, delivery_problem, quote, sale_terms

METHODS: Final = ("standard", "express")


class Deliveries(msgspec.Struct, frozen=True):
    """A quote by method, and where each method reaches."""

    quotes: dict[str, Quote]
    items: dict[str, list[QuoteItem]]
    countries: frozenset[str]

    def reaching(self, country: str | None) -> dict[str, Quote]:
        """The methods that reach a country; before it is known, all of them."""
        return {
            method: quoted
            for method, quoted in self.quotes.items()
            if not country or delivery_problem(self.items[method], country) is None
        }


async def deliveries_for(tx: ReadTx, cart: Cart, lines: Sequence[CartLineView]) -> Deliveries:
    """Price the lines that can be bought under every method, in one statement."""
    good = {line.variant_id: line.quantity for line in lines if line.problem is None}
    wanted = [(variant_id, cart.currency, method) for method in METHODS for variant_id in good]
    terms = await sale_terms(tx, wanted=wanted) if wanted else {}
    items: dict[str, list[QuoteItem]] = {}
    quotes: dict[str, Quote] = {}
    reached: set[str] = set()
    for method in METHODS:
        found = [
            QuoteItem(terms[variant_id, cart.currency, method], quantity)
            for variant_id, quantity in good.items()
            if (variant_id, cart.currency, method) in terms
        ]
        if not found or len(found) < len(good) or not all(item.terms.rate_countries for item in found):
            continue
        try:
            quotes[method] = quote(found, cart.currency)
        except AmountTooLarge:
            continue  # the cart itself says so
        items[method] = found
        reached |= set.intersection(*(set(item.terms.rate_countries or ()) for item in found))
    return Deliveries(quotes, items, frozenset(reached))
