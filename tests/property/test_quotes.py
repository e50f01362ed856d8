"""Quotes: each total can be traced to its last minor unit, and does not depend on the order of the lines."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kit.money import MAX_AMOUNT, tax_inside
from merx.pricing import (
    AmountTooLarge,
    Quote,
    QuoteItem,
    SaleTerms,
    delivery_problem,
    explain,
    line_problem,
    quote,
)

SELLERS = [UUID(int=number) for number in range(1, 4)]
RATES = st.tuples(
    st.none() | st.integers(0, 5000), st.none() | st.integers(1, 50_000)
)  # a seller's delivery: price, free from


@st.composite
def carts(draw: st.DrawFn) -> list[QuoteItem]:
    """One to eight lines of up to three sellers; a seller has one delivery rate."""
    rates = {seller: draw(RATES) for seller in SELLERS}
    items = []
    for index in range(draw(st.integers(1, 8))):
        seller = draw(st.sampled_from(SELLERS))
        amount, free_from = rates[seller]
        terms = SaleTerms(
            UUID(int=1000 + index), UUID(int=2000 + index), seller, f"SKU-{index}", "{}", "{}",
            draw(st.sampled_from([0, 600, 900, 1300, 10_000])), True, draw(st.integers(1, 30_000)), 1,
            amount, free_from, ["CN"],
        )  # fmt: skip
        items.append(QuoteItem(terms, draw(st.integers(1, 999))))
    return items


@given(carts())
def test_every_sum_is_the_sum_of_its_parts(items: list[QuoteItem]) -> None:
    quoted = quote(items, "CNY")
    for order in quoted.orders:
        assert order.goods == sum(line.total for line in order.lines)
        assert order.total == order.goods + order.shipping
        assert order.tax == sum(line.tax for line in order.lines) + order.shipping_tax
        assert 0 <= order.tax <= order.total
        for line in order.lines:
            assert line.total == line.unit_price * line.quantity
            assert line.tax == tax_inside(line.total, line.terms.tax_rate_bp)
    assert quoted.goods == sum(
        item.terms.unit_price * item.quantity for item in items if item.terms.unit_price
    )
    assert quoted.total == quoted.goods + quoted.shipping == sum(order.total for order in quoted.orders)
    assert quoted.tax == sum(order.tax for order in quoted.orders)
    assert sum(len(order.lines) for order in quoted.orders) == len(items), "no line is lost or doubled"


@given(carts())
def test_the_explanation_adds_up_to_the_total_and_its_tax(items: list[QuoteItem]) -> None:
    quoted = quote(items, "CNY")
    traced = explain(quoted)
    assert sum(each.amount for each in traced if each.kind in ("line", "shipping")) == quoted.total
    assert sum(each.amount for each in traced if each.kind == "tax_inside") == quoted.tax
    for each in traced:
        if each.kind == "line":
            assert each.quantity is not None
            assert each.unit_price is not None
            assert each.quantity * each.unit_price == each.amount


@given(carts())
def test_delivery_is_free_exactly_from_the_sellers_threshold(items: list[QuoteItem]) -> None:
    for order in quote(items, "CNY").orders:
        terms = order.lines[0].terms
        rate = terms.rate_amount or 0
        reached = terms.rate_free_from is not None and order.goods >= terms.rate_free_from
        assert order.shipping == (0 if reached else rate)
        assert order.free_shipping == (reached and rate > 0)


def amounts(quoted: Quote) -> dict[UUID, tuple[int, ...]]:
    """What each seller charges. The tax inside delivery follows the largest line, so equal largest lines may differ."""
    return {order.seller_id: (order.goods, order.shipping, order.total) for order in quoted.orders}


@given(carts().flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))))
def test_the_order_of_the_lines_changes_no_sellers_amounts(
    pair: tuple[list[QuoteItem], list[QuoteItem]],
) -> None:
    assert amounts(quote(pair[0], "CNY")) == amounts(quote(pair[1], "CNY"))


@given(carts(), carts())
def test_sellers_do_not_change_each_others_amounts(one: list[QuoteItem], other: list[QuoteItem]) -> None:
    alone = amounts(quote([item for item in one if item.terms.seller_id == SELLERS[0]] or one, "CNY"))
    foreign = [item for item in other if item.terms.seller_id != SELLERS[0]]
    mine = [item for item in one if item.terms.seller_id == SELLERS[0]]
    if mine:
        assert amounts(quote(foreign + mine, "CNY"))[SELLERS[0]] == alone[SELLERS[0]]


def terms(**changes: object) -> SaleTerms:
    """Sellable terms of a 13 % article for 100 fen, delivered for 800 fen within China."""
    fields: dict[str, object] = {
        "variant_id": UUID(int=1), "product_id": UUID(int=2), "seller_id": SELLERS[0], "sku": "A", "title": "{}",
        "label": "{}", "tax_rate_bp": 1300, "sellable": True, "unit_price": 100, "price_version": 1,
        "rate_amount": 800, "rate_free_from": 10_000, "rate_countries": ["CN"],
    }  # fmt: skip
    return SaleTerms(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given_terms", "problem"),
    [
        (None, "unavailable"),
        (terms(sellable=False), "unavailable"),
        (terms(unit_price=None), "no_price"),
        (terms(), None),
    ],
)
def test_what_keeps_a_line_from_being_sold(given_terms: SaleTerms | None, problem: str | None) -> None:
    assert line_problem(given_terms) == problem


@pytest.mark.parametrize(
    ("given_terms", "problem"),
    [
        (terms(rate_amount=None, rate_countries=None), "delivery_unavailable"),
        (terms(rate_countries=["US"]), "country_not_served"),
        (terms(), None),
    ],
)
def test_what_keeps_goods_from_being_delivered(given_terms: SaleTerms, problem: str | None) -> None:
    assert delivery_problem([QuoteItem(terms(), 1), QuoteItem(given_terms, 1)], "CN") == problem


def test_a_total_above_the_largest_amount_is_refused() -> None:
    with pytest.raises(AmountTooLarge):
        quote([QuoteItem(terms(unit_price=MAX_AMOUNT), 2)], "CNY")


def test_one_fen_below_the_threshold_pays_for_delivery() -> None:
    below = quote([QuoteItem(terms(unit_price=9999), 1)], "CNY")
    at = quote([QuoteItem(terms(unit_price=10_000), 1)], "CNY")
    assert [(below.shipping, below.total), (at.shipping, at.total)] == [(800, 10_799), (0, 10_000)]
    assert (below.orders[0].shipping_tax, at.orders[0].shipping_tax) == (92, 0)
