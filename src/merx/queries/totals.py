"""Sums and where they come from. Pure."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from merx.kit.i18n import Text
from merx.kit.money import Money
from merx.pricing import ExplanationLine, Quote
from merx.queries.order_lines import OrderTotals


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One traced part of a total. Kinds "line", "shipping" and "adjustment" add up to it; "tax_inside" says what they contain.

    An adjustment has its `name` and who funds it.
    """

    kind: str
    amount: Money
    seller_id: UUID
    sku: str | None
    quantity: int | None
    unit_price: Money | None
    rate_bp: int | None
    free: bool
    name: Text | None
    funder: str | None


def maybe_money(amount: int | None, currency: str) -> Money | None:
    """An amount that may be unknown."""
    return None if amount is None else Money(amount, currency)


def totals(*, currency: str, goods: int, shipping: int, adjusted: int, tax: int, total: int) -> OrderTotals:
    """The sums of something that is paid; `adjusted` is below zero where something is taken off."""
    return OrderTotals(
        goods=Money(goods, currency),
        shipping=Money(shipping, currency),
        discount=Money(-adjusted, currency),
        tax=Money(tax, currency),
        total=Money(total, currency),
    )


def quote_totals(quote: Quote | None) -> OrderTotals | None:
    """The sums of a quote, if there is one."""
    if quote is None:
        return None
    return totals(
        currency=quote.currency, goods=quote.goods, shipping=quote.shipping, adjusted=quote.adjusted, tax=quote.tax,
        total=quote.total,
    )  # fmt: skip


def explanation(traced: Iterable[ExplanationLine], currency: str) -> list[Explained]:
    """Where every minor unit of a total comes from. Delivery that costs nothing is free, whatever made it so."""
    return [
        Explained(
            kind=line.kind,
            amount=Money(line.amount, currency),
            seller_id=line.seller_id,
            sku=line.sku,
            quantity=line.quantity,
            unit_price=maybe_money(line.unit_price, currency),
            rate_bp=line.rate_bp,
            free=line.kind == "shipping" and line.amount == 0,
            name=line.name,
            funder=line.funder,
        )
        for line in traced
    ]
