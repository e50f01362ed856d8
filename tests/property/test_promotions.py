"""What promotions take off, for any basket and any offers."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from merx.kit.money import MAX_AMOUNT
from merx.promotions.model import (
    Basket,
    Goods,
    Offer,
    Promotion,
    PromotionKind,
    PromotionState,
    Scope,
    Trigger,
    WhyNot,
)
from merx.promotions.rules import capped, evaluate, taken_off

NOW = datetime(2026, 11, 11, 10, tzinfo=UTC)
SELLERS = [UUID(int=number) for number in range(1, 4)]
PRODUCTS = [UUID(int=number) for number in range(11, 17)]
QUANTITIES = st.integers(1, 5)
AMOUNTS = st.integers(5, 3_000) | st.integers(5, MAX_AMOUNT // 1000)


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    lines = draw(
        st.lists(
            st.builds(
                Goods,
                seller_id=st.sampled_from(SELLERS),
                product_id=st.sampled_from(PRODUCTS),
                total=AMOUNTS,
                quantity=QUANTITIES,
            ),
            min_size=1,
            max_size=6,
        )
    )
    delivery = {line.seller_id: draw(st.integers(0, 2_000)) for line in lines}
    return Basket("CNY", lines, delivery, known_buyer=True)


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    made = []
    for number in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(list(PromotionKind)))
        scope = draw(st.sampled_from([Scope.EVERYTHING, Scope.SELLERS, Scope.PRODUCTS]))
        promotion = Promotion(
            id=UUID(int=100 + number),
            seller_id=draw(st.sampled_from([None, *SELLERS])),
            name={"en": "Offer"},
            kind=kind,
            percent_bp=draw(st.integers(1, 10_000)) if kind is PromotionKind.PERCENTAGE else None,
            amount=draw(st.integers(1, 5_000)) if kind is PromotionKind.AMOUNT_OFF else None,
            most=draw(st.none() | st.integers(1, 2_000)) if kind is PromotionKind.PERCENTAGE else None,
            threshold=draw(st.integers(0, 4_000)),
            currency="CNY",
            trigger=Trigger.AUTOMATIC,
            code=None,
            scope=scope,
            scope_ids=draw(st.lists(st.sampled_from(SELLERS), max_size=2)) if scope is Scope.SELLERS else [],
            starts_at=NOW - timedelta(days=1),
            ends_at=None,
            uses_total=None,
            uses_per_person=None,
            coupon_days=None,
            exclusive_group=draw(st.sampled_from(["", "", "a", "b"])),
            priority=draw(st.integers(0, 3)),
            given_back=True,
            state=PromotionState.ACTIVE,
            version=1,
            created_at=NOW,
        )
        products = frozenset(draw(st.lists(st.sampled_from(PRODUCTS)))) if scope is Scope.PRODUCTS else None
        made.append(Offer(promotion, products=products))
    return made


@given(baskets(), offers(), st.randoms())
def test_the_order_of_offers_changes_neither_what_is_paid_nor_what_applies(
    basket: Basket, given_offers: list[Offer], chance: object
) -> None:
    shuffled = list(given_offers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = evaluate(basket, given_offers, now=NOW), evaluate(basket, shuffled, now=NOW)
    assert one.applied == other.applied
    assert one.total == other.total


@given(baskets(), offers(), st.randoms())
def test_no_order_of_application_changes_the_sum(
    basket: Basket, given_offers: list[Offer], chance: object
) -> None:
    applied = evaluate(basket, given_offers, now=NOW).applied
    shuffled = list(applied)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sum(each.total for each in capped(basket, shuffled)) == taken_off(basket, applied)


@given(baskets(), offers())
def test_nothing_is_taken_off_that_is_not_there(basket: Basket, given_offers: list[Offer]) -> None:
    applied = evaluate(basket, given_offers, now=NOW).applied
    for index, line in enumerate(basket.lines):
        parts = [each.lines[index] for each in applied if index in each.lines]
        assert all(part > 0 for part in parts)
        assert sum(parts) <= line.total - line.quantity
    for seller_id, charge in basket.delivery.items():
        assert sum(each.delivery.get(seller_id, 0) for each in applied) <= charge


@given(baskets(), offers())
def test_every_offer_applies_or_says_why_not_and_one_of_a_group_at_most(
    basket: Basket, given_offers: list[Offer]
) -> None:
    found = evaluate(basket, given_offers, now=NOW)
    told = [each.offer for each in found.applied] + [each.offer for each in found.refused]
    assert sorted(each.promotion.id for each in told) == sorted(each.promotion.id for each in given_offers)
    groups = [
        each.offer.promotion.exclusive_group for each in found.applied if each.offer.promotion.exclusive_group
    ]
    assert len(groups) == len(set(groups))


@given(baskets(), offers())
def test_what_is_chosen_of_a_group_could_not_be_bettered(basket: Basket, given_offers: list[Offer]) -> None:
    found = evaluate(basket, given_offers, now=NOW)
    beaten = {each.offer.promotion.id for each in found.refused if each.reason is WhyNot.BEATEN}
    for candidate in given_offers:
        if candidate.promotion.id in beaten:
            others = [
                each
                for each in given_offers
                if each.promotion.exclusive_group != candidate.promotion.exclusive_group
                and each.promotion.id not in beaten
            ]
            assert evaluate(basket, [candidate, *others], now=NOW).total <= found.total


@given(baskets(), offers())
def test_a_percentage_and_an_amount_are_exact_while_something_is_left(
    basket: Basket, given_offers: list[Offer]
) -> None:
    for offer in given_offers:
        for only in evaluate(basket, [offer], now=NOW).applied:
            promotion, goods = offer.promotion, _fitting(basket, offer)
            if any(part == basket.lines[index].most_off for index, part in only.lines.items()):
                continue
            if promotion.kind is PromotionKind.AMOUNT_OFF:
                assert only.total == min(promotion.amount or 0, goods)
            if promotion.kind is PromotionKind.PERCENTAGE and promotion.most is None:
                assert abs(only.total * 10_000 - goods * (promotion.percent_bp or 0)) <= 5_000


def _fitting(basket: Basket, offer: Offer) -> int:
    """What the goods cost that an offer is for."""
    promotion = offer.promotion
    return sum(
        line.total
        for line in basket.lines
        if promotion.seller_id in (None, line.seller_id)
        and (promotion.scope is not Scope.SELLERS or line.seller_id in promotion.scope_ids)
        and (offer.products is None or line.product_id in offer.products)
    )
