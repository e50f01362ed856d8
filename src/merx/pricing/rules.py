"""Quote arithmetic: pure, exact, and the same for the cart page, the checkout and the placement."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from merx.kit.money import MAX_AMOUNT, tax_inside
from merx.pricing.errors import AmountTooLarge
from merx.pricing.model import ExplanationLine, LineQuote, OrderQuote, Quote, QuoteItem, SaleTerms


def line_problem(terms: SaleTerms | None) -> str | None:
    """Why a line cannot be quoted: "unavailable" (unknown, unpublished, retired), "no_price", or None."""
    if terms is None or not terms.sellable:
        return "unavailable"
    if terms.unit_price is None:
        return "no_price"
    return None


def delivery_problem(items: Sequence[QuoteItem], country: str) -> str | None:
    """Why the sellers cannot deliver these items: "delivery_unavailable", "country_not_served", or None."""
    for item in items:
        if item.terms.rate_amount is None or item.terms.rate_countries is None:
            return "delivery_unavailable"
        if country not in item.terms.rate_countries:
            return "country_not_served"
    return None


def quote(items: Sequence[QuoteItem], currency: str) -> Quote:
    """Price the items, one order per seller in order of first appearance.

    Every item must have passed `line_problem`. Shipping is the seller's rate, or nothing once the goods reach the
    rate's `free_from`, or before a delivery method is known. Tax inside shipping follows the rate of the order's
    largest line (the ancillary supply follows the principal one). Raises AmountTooLarge.
    """
    by_seller: dict[UUID, list[QuoteItem]] = defaultdict(list)
    for item in items:
        by_seller[item.terms.seller_id].append(item)
    orders = [_order(seller_id, group) for seller_id, group in by_seller.items()]
    goods = sum(order.goods for order in orders)
    shipping = sum(order.shipping for order in orders)
    if goods + shipping > MAX_AMOUNT:
        raise AmountTooLarge
    return Quote(
        currency=currency,
        orders=orders,
        goods=goods,
        shipping=shipping,
        tax=sum(order.tax for order in orders),
        total=goods + shipping,
    )


def _order(seller_id: UUID, items: Sequence[QuoteItem]) -> OrderQuote:
    lines = [_line(item) for item in items]
    goods = sum(line.total for line in lines)
    terms = items[0].terms
    rate = terms.rate_amount or 0
    free = rate > 0 and terms.rate_free_from is not None and goods >= terms.rate_free_from
    shipping = 0 if free else rate
    shipping_tax_bp = max(lines, key=lambda line: line.total).terms.tax_rate_bp
    shipping_tax = tax_inside(shipping, shipping_tax_bp)
    return OrderQuote(
        seller_id=seller_id,
        lines=lines,
        goods=goods,
        shipping=shipping,
        shipping_tax_bp=shipping_tax_bp,
        shipping_tax=shipping_tax,
        tax=sum(line.tax for line in lines) + shipping_tax,
        total=goods + shipping,
        free_shipping=free,
    )


def _line(item: QuoteItem) -> LineQuote:
    assert item.terms.unit_price is not None, "quote only items that passed line_problem"
    total = item.terms.unit_price * item.quantity
    return LineQuote(
        terms=item.terms,
        quantity=item.quantity,
        unit_price=item.terms.unit_price,
        total=total,
        tax=tax_inside(total, item.terms.tax_rate_bp),
    )


def explain(quoted: Quote) -> list[ExplanationLine]:
    """Trace every minor unit of the total to a price or a rate, and say which tax the amounts contain."""
    traced: list[ExplanationLine] = []
    for order in quoted.orders:
        tax_by_rate: dict[int, int] = defaultdict(int)
        for line in order.lines:
            traced.append(
                ExplanationLine(
                    "line", line.total, order.seller_id, line.terms.sku, line.quantity, line.unit_price
                )
            )
            tax_by_rate[line.terms.tax_rate_bp] += line.tax
        traced.append(ExplanationLine("shipping", order.shipping, order.seller_id, free=order.free_shipping))
        tax_by_rate[order.shipping_tax_bp] += order.shipping_tax
        traced.extend(
            ExplanationLine("tax_inside", amount, order.seller_id, rate_bp=rate)
            for rate, amount in sorted(tax_by_rate.items())
            if amount
        )
    return traced
