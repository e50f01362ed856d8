"""Amounts in the card API's units, and nested forms."""

import pytest

from merx.kit.money import Money
from merx.payments.providers.card.fields import FormValue, form_pairs, from_units, to_units


@pytest.mark.parametrize(
    ("amount", "units"),
    [
        (Money(1, "CNY"), 1),
        (Money(99_999_999, "USD"), 99_999_999),
        (Money(1_500, "JPY"), 1_500),
        (Money(1_230, "KWD"), 1_230),
        (Money(5, "ISK"), 500),
        (Money(700, "UGX"), 70_000),
        (Money(1_200, "RWF"), 12),
    ],
)
def test_an_amount_goes_to_the_providers_units_and_back(amount: Money, units: int) -> None:
    assert to_units(amount) == units
    assert from_units(units, amount.currency.lower()) == amount


@pytest.mark.parametrize(
    "amount",
    [
        Money(0, "CNY"),
        Money(-1, "CNY"),
        Money(100_000_000, "CNY"),
        Money(1_231, "KWD"),
        Money(1_250, "RWF"),
        Money(1_000_000, "ISK"),
    ],
)
def test_what_has_no_exact_form_or_is_out_of_range_is_refused(amount: Money) -> None:
    with pytest.raises(ValueError, match="range"):
        to_units(amount)


@pytest.mark.parametrize(("units", "currency"), [(1, "CNY"), (1, "yuan"), (1, ""), (150, "isk")])
def test_what_the_provider_cannot_mean_is_refused(units: int, currency: str) -> None:
    with pytest.raises(ValueError, match="currency"):
        from_units(units, currency)


def test_nested_values_become_the_names_of_a_form() -> None:
    values: dict[str, FormValue] = {"a": 1, "b": {"c": True, "d": [{"e": "x y"}, "z"]}}
    assert form_pairs(values) == [("a", "1"), ("b[c]", "true"), ("b[d][0][e]", "x y"), ("b[d][1]", "z")]
