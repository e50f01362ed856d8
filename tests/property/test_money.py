"""Money: exact in, exact out, and every split sums to the whole."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kit.money import (
    MAX_AMOUNT,
    CurrencyMismatch,
    MalformedAmount,
    Money,
    allocate,
    exponent,
    parse_decimal,
    tax_inside,
)

AMOUNTS = st.integers(0, MAX_AMOUNT)
CURRENCIES = st.sampled_from(["CNY", "USD", "JPY", "KWD"])
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any)


@given(AMOUNTS, CURRENCIES)
def test_a_decimal_text_comes_back_as_the_same_money(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert parse_decimal(money.decimal(), currency) == money


@given(st.integers(-MAX_AMOUNT, MAX_AMOUNT), CURRENCIES)
def test_a_decimal_text_says_exactly_the_amount(amount: int, currency: str) -> None:
    text = Money(amount, currency).decimal()
    assert Fraction(text) == Fraction(amount, 10 ** exponent(currency))
    assert len(text.partition(".")[2]) == exponent(currency)


@given(st.text(max_size=12), CURRENCIES)
def test_any_text_is_refused_or_means_what_it_says(text: str, currency: str) -> None:
    try:
        money = parse_decimal(text, currency)
    except MalformedAmount:
        return
    assert Fraction(text) * 10 ** exponent(currency) == money.amount
    assert money.amount >= 0
    assert text.isascii()


@pytest.mark.parametrize(
    "text",
    ["", ".", "1.", ".5", "-1", "+1", "1e3", "1_0", " 1", "1 ", "１", "1.234", "0x1", "NaN", "1,5", "9" * 16],
)
def test_these_texts_are_no_amounts_of_yuan(text: str) -> None:
    with pytest.raises(MalformedAmount):
        parse_decimal(text, "CNY")


@given(AMOUNTS, WEIGHTS)
def test_parts_sum_to_the_whole_and_are_less_than_one_unit_off(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    assert len(parts) == len(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(amount * weight, sum(weights))) < 1
        assert part >= 0
        assert weight or not part, "nothing goes to a weight of nothing"


@given(AMOUNTS, WEIGHTS)
def test_a_heavier_weight_never_gets_less(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)
    pairs = sorted(zip(weights, parts, strict=True))
    assert all(left[1] <= right[1] for left, right in pairwise(pairs))


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [2, -1]])
def test_weights_that_share_out_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(10, weights)


@given(AMOUNTS, st.integers(0, 10_000))
def test_the_tax_inside_is_rounded_half_up_once(gross: int, rate_bp: int) -> None:
    exact = Fraction(gross * rate_bp, 10_000 + rate_bp)
    tax = tax_inside(gross, rate_bp)
    assert -Fraction(1, 2) < exact - tax <= Fraction(1, 2) or exact - tax == -Fraction(1, 2)
    assert tax == (exact + Fraction(1, 2)).__floor__()
    assert 0 <= tax <= gross
    assert rate_bp or tax == 0


@given(AMOUNTS, AMOUNTS, st.integers(0, 999))
def test_arithmetic_is_that_of_whole_numbers(left: int, right: int, times: int) -> None:
    a, b = Money(left, "CNY"), Money(right, "CNY")
    assert (a + b - b, (a * times).amount) == (a, left * times)


@given(AMOUNTS, AMOUNTS)
def test_two_currencies_never_meet(left: int, right: int) -> None:
    for combine in (Money.__add__, Money.__sub__):
        with pytest.raises(CurrencyMismatch):
            combine(Money(left, "CNY"), Money(right, "USD"))
