"""Quotes with adjustments, for any basket and any of them: every minor unit is somebody's."""

import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from merx.kit.money import tax_inside
from merx.pricing import Adjustment, Funder, QuoteItem, SaleTerms, delivery_charges, explain, price_of, quote

SELLERS = [UUID(int=number) for number in range(1, 4)]
FUNDERS: list[Funder] = ["seller", "platform"]


@st.composite
def items(draw: st.DrawFn) -> list[QuoteItem]:
    made = []
    for number in range(draw(st.integers(1, 6))):
        seller_id = draw(st.sampled_from(SELLERS))
        terms = SaleTerms(
            UUID(int=100 + number), UUID(int=200 + number), seller_id, f"SKU-{number}", json.dumps({}), json.dumps({}),
            draw(st.sampled_from([0, 300, 600, 1300])), True, draw(st.integers(1, 20_000)), 1,
            500 * (seller_id.int - 1), draw(st.none() | st.integers(1, 50_000)), ["CN"],
        )  # fmt: skip
        made.append(QuoteItem(terms, draw(st.integers(1, 5))))
    return made


@st.composite
def adjusted_items(draw: st.DrawFn) -> tuple[list[QuoteItem], list[Adjustment]]:
    bought = draw(items())
    made: list[Adjustment] = []
    for index, item in enumerate(bought):
        left = price_of(item) - item.quantity
        for _ in range(draw(st.integers(0, 3))):
            off = draw(st.integers(0, left))
            if off:
                left -= off
                made.append(_discount(draw, item.terms.seller_id, index, off))
    for seller_id, charge in delivery_charges(bought).items():
        off = draw(st.integers(0, charge))
        if off:
            made.append(_discount(draw, seller_id, None, off))
    return bought, made


def _discount(draw: st.DrawFn, seller_id: UUID, line: int | None, off: int) -> Adjustment:
    funder: Funder = draw(st.sampled_from(FUNDERS))
    return Adjustment(
        "discount", UUID(int=draw(st.integers(1, 9))), {"en": "Offer"}, funder, seller_id, line, -off
    )


@given(adjusted_items())
def test_the_explanation_adds_up_to_the_total_and_its_tax(
    adjusted: tuple[list[QuoteItem], list[Adjustment]],
) -> None:
    bought, adjustments = adjusted
    quoted = quote(bought, "CNY", adjustments)
    traced = explain(quoted)
    assert sum(each.amount for each in traced if each.kind != "tax_inside") == quoted.total
    assert sum(each.amount for each in traced if each.kind == "tax_inside") == quoted.tax
    assert quoted.total == quoted.goods + quoted.shipping + sum(each.amount for each in adjustments)
    assert quoted.total >= sum(item.quantity for item in bought) > 0


@given(adjusted_items())
def test_the_seller_gets_what_the_platform_funds_and_tax_is_on_what_the_seller_gets(
    adjusted: tuple[list[QuoteItem], list[Adjustment]],
) -> None:
    quoted = quote(adjusted[0], "CNY", adjusted[1])
    for order in quoted.orders:
        assert order.seller_goods + order.seller_shipping == order.total + order.funded
        for line in order.lines:
            assert line.tax == tax_inside(line.total + line.adjusted + line.funded, line.terms.tax_rate_bp)
            assert line.tax == tax_inside(line.total, line.terms.tax_rate_bp) + sum(
                each.tax for each in line.adjustments
            )
        assert all(each.tax == 0 for _, each in order.all_adjustments() if each.funder == "platform")


@given(adjusted_items(), st.randoms())
def test_no_order_of_the_adjustments_changes_any_sum(
    adjusted: tuple[list[QuoteItem], list[Adjustment]], chance: object
) -> None:
    bought, adjustments = adjusted
    shuffled = list(adjustments)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = quote(bought, "CNY", adjustments), quote(bought, "CNY", shuffled)
    assert (one.total, one.tax, one.adjusted, one.funded) == (
        other.total,
        other.tax,
        other.adjusted,
        other.funded,
    )
    assert [order.total for order in one.orders] == [order.total for order in other.orders]
