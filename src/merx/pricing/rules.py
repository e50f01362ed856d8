"""Quote arithmetic: pure, exact, and the same for the cart page, the checkout and the placement.

A quote is made in steps: price the lines, charge the delivery, apply the adjustments, tax what is left, sum up.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import msgspec

from merx.kit.money import MAX_AMOUNT, allocate, tax_inside
from merx.pricing.errors import AmountTooLarge
from merx.pricing.model import (
    Adjustment,
    ChargedLine,
    ExplanationLine,
    LineQuote,
    OrderQuote,
    Quote,
    QuoteItem,
    SaleTerms,
)

Items = list[tuple[int, QuoteItem]]
ByPlace = dict[int | UUID, list[Adjustment]]


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


def price_of(item: QuoteItem) -> int:
    """What an item costs before any adjustment. It must have passed `line_problem`."""
    assert item.terms.unit_price is not None, "quote only items that passed line_problem"
    return item.terms.unit_price * item.quantity


def delivery_charges(items: Sequence[QuoteItem]) -> dict[UUID, int]:
    """What each seller charges for delivery, before any adjustment, in order of first appearance."""
    return {seller_id: _charge(group)[0] for seller_id, group in _by_seller(items).items()}


def quote(items: Sequence[QuoteItem], currency: str, adjustments: Sequence[Adjustment] = ()) -> Quote:
    """Price the items, one order per seller in order of first appearance, and apply the adjustments.

    Every item must have passed `line_problem`. Shipping is the seller's rate, or nothing once the goods, before
    adjustments, reach the rate's `free_from`, or before a delivery method is known. Tax inside shipping follows the
    rate of the order's largest line (the ancillary supply follows the principal one). Raises AmountTooLarge.
    """
    placed: ByPlace = defaultdict(list)
    for each in adjustments:
        placed[each.seller_id if each.line is None else each.line].append(each)
    orders = [_order(seller_id, group, placed) for seller_id, group in _by_seller(items).items()]
    goods = sum([order.goods for order in orders])
    shipping = sum([order.shipping for order in orders])
    adjusted = sum([order.adjusted for order in orders])
    if goods + shipping > MAX_AMOUNT or goods + shipping + adjusted > MAX_AMOUNT:
        raise AmountTooLarge
    return Quote(
        currency=currency,
        orders=orders,
        goods=goods,
        shipping=shipping,
        tax=sum([order.tax for order in orders]),
        total=goods + shipping + adjusted,
        adjusted=adjusted,
        funded=sum([order.funded for order in orders]),
    )


def _by_seller(items: Sequence[QuoteItem]) -> dict[UUID, Items]:
    groups: dict[UUID, Items] = {}
    for index, item in enumerate(items):
        groups.setdefault(item.terms.seller_id, []).append((index, item))
    return groups


def _charge(group: Items) -> tuple[int, bool]:
    """The delivery charge of one seller's items, and whether a rate was waived for their worth."""
    terms = group[0][1].terms
    rate = terms.rate_amount or 0
    goods = sum([price_of(item) for _, item in group])
    free = rate > 0 and terms.rate_free_from is not None and goods >= terms.rate_free_from
    return (0 if free else rate), free


def _order(seller_id: UUID, group: Items, placed: ByPlace) -> OrderQuote:
    lines = [_line(item, placed.get(index, ())) for index, item in group]
    shipping, free = _charge(group)
    goods = sum([line.total for line in lines])
    shipping_tax_bp = max(lines, key=lambda line: line.total).terms.tax_rate_bp
    changed = placed.get(seller_id, ())
    shipping_adjusted = sum([each.amount for each in changed])
    shipping_funded = sum([each.funded for each in changed])
    taxed, shipping_tax = _tax(shipping, shipping_tax_bp, changed)
    adjusted = sum([line.adjusted for line in lines]) + shipping_adjusted
    assert shipping + shipping_adjusted >= 0, "nobody is paid for having goods delivered"
    return OrderQuote(
        seller_id=seller_id,
        lines=lines,
        goods=goods,
        shipping=shipping,
        shipping_tax_bp=shipping_tax_bp,
        shipping_tax=shipping_tax,
        tax=sum([line.tax for line in lines]) + shipping_tax,
        total=goods + shipping + adjusted,
        free_shipping=free,
        adjusted=adjusted,
        funded=sum([line.funded for line in lines]) + shipping_funded,
        shipping_adjusted=shipping_adjusted,
        shipping_funded=shipping_funded,
        adjustments=taxed,
    )


def _line(item: QuoteItem, adjustments: Sequence[Adjustment]) -> LineQuote:
    total = price_of(item)
    unit_price, rate = item.terms.unit_price, item.terms.tax_rate_bp
    assert unit_price is not None
    if not adjustments:
        return LineQuote(item.terms, item.quantity, unit_price, total, tax_inside(total, rate))
    adjusted = sum(each.amount for each in adjustments)
    assert total + adjusted >= item.quantity, "a unit costs at least one minor unit"
    taxed, tax = _tax(total, rate, adjustments)
    return LineQuote(
        terms=item.terms,
        quantity=item.quantity,
        unit_price=unit_price,
        total=total,
        tax=tax,
        adjusted=adjusted,
        funded=sum(each.funded for each in adjustments),
        adjustments=taxed,
    )


def _tax(price: int, rate_bp: int, adjustments: Sequence[Adjustment]) -> tuple[tuple[Adjustment, ...], int]:
    """The adjustments of one price with the part of the tax that each changes, and the tax that is left.

    The tax is worked out and rounded once, on what the seller gets; the difference to the tax before is split over the
    adjustments that the seller bears.
    """
    borne = sum([each.amount + each.funded for each in adjustments])
    tax = tax_inside(price + borne, rate_bp)
    weights = [abs(each.amount + each.funded) for each in adjustments]
    if not any(weights):
        return tuple(adjustments), tax
    change = tax - tax_inside(price, rate_bp)
    shares = allocate(abs(change), weights)
    sign = 1 if change > 0 else -1
    return tuple(
        msgspec.structs.replace(each, tax=sign * share)
        for each, share in zip(adjustments, shares, strict=True)
    ), tax


def explain(quoted: Quote) -> list[ExplanationLine]:
    """Trace every minor unit of the total to a price, a rate or an adjustment, and say which tax the amounts contain."""
    return [traced for order in quoted.orders for traced in _explain(order)]


def _explain(order: OrderQuote) -> list[ExplanationLine]:
    return explain_order(
        order.seller_id,
        [
            ChargedLine(
                line.terms.sku, line.quantity, line.unit_price, line.total, line.terms.tax_rate_bp, line.tax
            )
            for line in order.lines
        ],
        [
            ExplanationLine(
                "adjustment", each.amount, order.seller_id, line.terms.sku if line else None,
                name=each.name, funder=each.funder,
            )
            for line, each in order.all_adjustments()
        ],
        shipping=order.shipping, shipping_tax_bp=order.shipping_tax_bp, shipping_tax=order.shipping_tax,
    )  # fmt: skip


def explain_order(
    seller_id: UUID,
    lines: Sequence[ChargedLine],
    adjustments: Sequence[ExplanationLine],
    *,
    shipping: int,
    shipping_tax_bp: int,
    shipping_tax: int,
) -> list[ExplanationLine]:
    """Trace what one seller charges, quoted or sold, in minor units: goods, delivery, adjustments, and the tax inside by rate."""
    tax_by_rate: dict[int, int] = defaultdict(int)
    tax_by_rate[shipping_tax_bp] += shipping_tax
    for line in lines:
        tax_by_rate[line.tax_rate_bp] += line.tax
    return [
        *(
            ExplanationLine("line", line.total, seller_id, line.sku, line.quantity, line.unit_price)
            for line in lines
        ),
        ExplanationLine("shipping", shipping, seller_id),
        *adjustments,
        *(
            ExplanationLine("tax_inside", amount, seller_id, rate_bp=rate)
            for rate, amount in sorted(tax_by_rate.items())
            if amount
        ),
    ]
