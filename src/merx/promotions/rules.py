"""Which promotions apply to a basket and what each takes off. Pure.

Every discount is worked out on the prices before any discount, and split over its lines by largest remainder; a unit
never costs less than one minor unit. So the order in which they are applied does not change what is paid.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice, product
from typing import Final, TypeVar
from uuid import UUID

from merx.kit.actors import Actor, SellerMember, Staff
from merx.kit.money import allocate
from merx.promotions.model import (
    Basket,
    Discount,
    Evaluation,
    NotApplied,
    Offer,
    Promotion,
    PromotionKind,
    PromotionState,
    Scope,
    Trigger,
    WhyNot,
)
from merx.promotions.states import PROMOTION_STATES

Key = TypeVar("Key", int, UUID)

MOST_COMBINATIONS: Final = 256
"""Ways to choose one promotion of each exclusive group that are compared with each other; beyond, groups are
compared one by one."""


def time_problem(promotion: Promotion, *, now: datetime) -> WhyNot | None:
    """Why a promotion gives nothing at this moment, None when it does."""
    if promotion.state is PromotionState.ENDED or (
        promotion.ends_at is not None and now >= promotion.ends_at
    ):
        return WhyNot.OVER
    if promotion.state is PromotionState.PAUSED:
        return WhyNot.PAUSED
    return WhyNot.NOT_YET if now < promotion.starts_at else None


def person_limit(promotion_id: UUID, account_id: UUID) -> UUID:
    """The limit that counts one person's uses of a promotion."""
    return uuid.uuid5(promotion_id, account_id.hex)


def keeps(actor: Actor, promotion: Promotion) -> bool:
    """Whether a promotion is the actor's to change and to watch: their seller's, or the platform's for its staff."""
    if promotion.seller_id is None:
        return isinstance(actor, Staff)
    return isinstance(actor, SellerMember) and actor.works_for(promotion.seller_id)


def allowed_moves(promotion: Promotion) -> list[PromotionState]:
    """The states that a promotion may be moved to."""
    return [state for state in PromotionState if PROMOTION_STATES.allows(promotion.state.value, state.value)]


def may_change(promotion: Promotion) -> bool:
    """Whether its name, its end and its number of uses may still change."""
    return promotion.state is not PromotionState.ENDED


def may_claim(
    promotion: Promotion,
    *,
    now: datetime,
    left: int | None = None,
    claimed: int = 0,
    known_buyer: bool = True,
) -> WhyNot | None:
    """Why somebody can claim no coupon of a promotion now; None when they can.

    `left` are those that nobody has, `claimed` those that they have had. Who claims counts both under lock.
    """
    if promotion.trigger is not Trigger.COUPON:
        return WhyNot.UNKNOWN_CODE
    problem = time_problem(promotion, now=now)
    if problem is not None:
        return problem
    if left is not None and left < 1:
        return WhyNot.USED_UP
    if not known_buyer:
        return WhyNot.LOG_IN
    most = promotion.uses_per_person
    return WhyNot.USED_BY_YOU if most is not None and claimed >= most else None


def evaluate(basket: Basket, offers: Sequence[Offer], *, now: datetime) -> Evaluation:
    """What a basket gets of these offers: of each exclusive group the one that, with all others, saves most.

    Every offer ends up among those applied or, with its reason, among those refused.
    """
    fitting: list[Discount] = []
    refused: list[NotApplied] = []
    for offer in offers:
        judged = _judge(basket, offer, now=now)
        if isinstance(judged, NotApplied):
            refused.append(judged)
        else:
            fitting.append(judged)
    chosen = _best(basket, fitting)
    refused.extend(NotApplied(each.offer, WhyNot.BEATEN) for each in fitting if each not in chosen)
    applied = capped(basket, chosen)
    kept = {id(each.offer) for each in applied}
    refused.extend(
        NotApplied(each.offer, WhyNot.NOTHING_LEFT) for each in chosen if id(each.offer) not in kept
    )
    return Evaluation(applied, refused)


def _judge(basket: Basket, offer: Offer, *, now: datetime) -> Discount | NotApplied:
    promotion = offer.promotion
    problem = time_problem(promotion, now=now) or _limit_problem(basket, offer)
    if problem is None and promotion.currency not in (None, basket.currency):
        problem = WhyNot.OTHER_CURRENCY
    if problem is not None:
        return NotApplied(offer, problem)
    fits = [index for index in range(len(basket.lines)) if _fits(offer, index, basket)]
    goods = sum(basket.lines[index].total for index in fits)
    if not fits:
        return NotApplied(offer, WhyNot.NOTHING_FITS)
    if goods < promotion.threshold:
        return NotApplied(offer, WhyNot.BELOW_THRESHOLD, promotion.threshold - goods)
    if promotion.kind is PromotionKind.FREE_DELIVERY:
        return _free_delivery(basket, offer, fits)
    shares = allocate(
        min(goods, _amount_off(promotion, goods)), [basket.lines[index].total for index in fits]
    )
    parts = {index: min(part, basket.lines[index].most_off) for index, part in zip(fits, shares, strict=True)}
    found = Discount(offer, {index: part for index, part in parts.items() if part}, {})
    return found if found.total else NotApplied(offer, WhyNot.NOTHING_LEFT)


def _limit_problem(basket: Basket, offer: Offer) -> WhyNot | None:
    needs_person = offer.promotion.uses_per_person is not None or offer.promotion.trigger is Trigger.COUPON
    if needs_person and not basket.known_buyer:
        return WhyNot.LOG_IN
    if offer.left is not None and offer.left < 1:
        return WhyNot.USED_UP
    return WhyNot.USED_BY_YOU if offer.left_for_person is not None and offer.left_for_person < 1 else None


def _fits(offer: Offer, index: int, basket: Basket) -> bool:
    line, promotion = basket.lines[index], offer.promotion
    if promotion.seller_id not in (None, line.seller_id):
        return False
    if promotion.scope is Scope.SELLERS:
        return line.seller_id in promotion.scope_ids
    return offer.products is None or line.product_id in offer.products


def _amount_off(promotion: Promotion, goods: int) -> int:
    """A percentage is rounded half up, once."""
    if promotion.kind is PromotionKind.AMOUNT_OFF:
        assert promotion.amount is not None
        return promotion.amount
    assert promotion.percent_bp is not None
    off = (goods * promotion.percent_bp * 2 + 10_000) // 20_000
    return off if promotion.most is None else min(off, promotion.most)


def _free_delivery(basket: Basket, offer: Offer, fits: Sequence[int]) -> Discount | NotApplied:
    sellers = {basket.lines[index].seller_id for index in fits}
    charged = {
        seller_id: charge for seller_id, charge in basket.delivery.items() if seller_id in sellers and charge
    }
    return Discount(offer, {}, charged) if charged else NotApplied(offer, WhyNot.NOTHING_LEFT)


def _best(basket: Basket, fitting: Sequence[Discount]) -> list[Discount]:
    """Of each exclusive group the one with which everything together takes off most; equals go by priority."""
    ranked = sorted(fitting, key=_rank)
    free = [each for each in ranked if not each.offer.promotion.exclusive_group]
    groups: dict[str, list[Discount]] = {}
    for each in ranked:
        if each.offer.promotion.exclusive_group:
            groups.setdefault(each.offer.promotion.exclusive_group, []).append(each)
    if not groups:
        return free
    ways = list(islice(product(*groups.values()), MOST_COMBINATIONS + 1))
    if len(ways) > MOST_COMBINATIONS:
        ways = [tuple(max(group, key=lambda each: each.total) for group in groups.values())]
    best = max(ways, key=lambda way: taken_off(basket, [*free, *way]))
    return sorted([*free, *best], key=_rank)


def _rank(discount: Discount) -> tuple[int, UUID, UUID]:
    promotion = discount.offer.promotion
    return promotion.priority, promotion.id, discount.offer.coupon_id or promotion.id


def taken_off(basket: Basket, discounts: Sequence[Discount]) -> int:
    """What these discounts take off together, in minor units: of nothing more than it costs."""
    lines: dict[int, int] = {}
    delivery: dict[UUID, int] = {}
    for each in discounts:
        for index, part in each.lines.items():
            lines[index] = lines.get(index, 0) + part
        for seller_id, part in each.delivery.items():
            delivery[seller_id] = delivery.get(seller_id, 0) + part
    return sum(min(part, basket.lines[index].most_off) for index, part in lines.items()) + sum(
        min(part, basket.delivery[seller_id]) for seller_id, part in delivery.items()
    )


def capped(basket: Basket, discounts: Sequence[Discount]) -> list[Discount]:
    """The discounts in this order, each reduced to what those before it have left; what becomes nothing is left out."""
    lines = {index: line.most_off for index, line in enumerate(basket.lines)}
    delivery = dict(basket.delivery)
    kept = []
    for each in discounts:
        reduced = Discount(each.offer, _take(lines, each.lines), _take(delivery, each.delivery))
        if reduced.total:
            kept.append(reduced)
    return kept


def _take(left: dict[Key, int], parts: Mapping[Key, int]) -> dict[Key, int]:
    taken = {}
    for key, part in parts.items():
        share = min(part, left[key])
        if share:
            left[key] -= share
            taken[key] = share
    return taken
