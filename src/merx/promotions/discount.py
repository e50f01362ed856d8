"""From items and offers to the adjustments of a quote, and to the limits that a purchase with them uses. Pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.inventory import Limit
from merx.pricing import Adjustment, Quote, QuoteItem, delivery_charges, price_of, quote
from merx.promotions.model import Basket, Discount, Evaluation, Goods, Offer, Trigger
from merx.promotions.rules import evaluate, person_limit


def evaluate_items(
    items: Sequence[QuoteItem], currency: str, offers: Sequence[Offer], *, known_buyer: bool, now: datetime
) -> Evaluation:
    """What the items of a cart get of these offers, and why not of the others."""
    goods = [
        Goods(each.terms.seller_id, each.terms.product_id, price_of(each), each.quantity) for each in items
    ]
    return evaluate(Basket(currency, goods, delivery_charges(items), known_buyer), offers, now=now)


def quote_items(
    items: Sequence[QuoteItem], currency: str, offers: Sequence[Offer], *, known_buyer: bool, now: datetime
) -> tuple[Quote, Evaluation]:
    """What items cost with what they get of these offers: the same for cart, checkout and placement.

    Raises AmountTooLarge.
    """
    found = evaluate_items(items, currency, offers, known_buyer=known_buyer, now=now)
    return quote(items, currency, adjustments_of(found, items)), found


def adjustments_of(evaluation: Evaluation, items: Sequence[QuoteItem]) -> list[Adjustment]:
    """The discounts that apply, as the quote takes them, in order of priority."""
    return [each for discount in evaluation.applied for each in _adjustments(discount, items)]


def _adjustments(discount: Discount, items: Sequence[QuoteItem]) -> list[Adjustment]:
    promotion = discount.offer.promotion

    def adjust(seller_id: UUID, line: int | None, off: int) -> Adjustment:
        return Adjustment("discount", promotion.id, promotion.name, promotion.funder, seller_id, line, -off)

    return [
        *(adjust(items[index].terms.seller_id, index, off) for index, off in discount.lines.items()),
        *(adjust(seller_id, None, off) for seller_id, off in discount.delivery.items()),
    ]


def limits_of(evaluation: Evaluation, *, account_id: UUID | None) -> list[Limit]:
    """What a purchase with these discounts uses one of each: coupons, and uses of promotions that are limited."""
    limits = []
    for discount in evaluation.applied:
        promotion = discount.offer.promotion
        if promotion.trigger is Trigger.COUPON:
            assert discount.offer.coupon_id is not None
            limits.append(Limit(discount.offer.coupon_id, "coupon", 1))
            continue
        if promotion.uses_total is not None:
            limits.append(Limit(promotion.id, "promotion", promotion.uses_total))
        if promotion.uses_per_person is not None and account_id is not None:
            limits.append(Limit(person_limit(promotion.id, account_id), "person", promotion.uses_per_person))
    return limits
