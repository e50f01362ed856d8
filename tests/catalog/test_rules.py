from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.catalog import CategoryDraft, Facet, Option, OptionValue, ProductDraft, VariantDraft
from merx.catalog.rules import check_categories, check_draft, check_prices, find_cycle, is_text

SIZE = Option(
    code="size", name={"en": "Size"}, values=[OptionValue("s", {"en": "S"}), OptionValue("m", {"en": "M"})]
)
GOOD = ProductDraft(
    slug="coat",
    seller_id=UUID(int=1),
    title={"en": "Coat", "zh-CN": "外套"},
    description={"en": "Warm.\nDry."},
    options=[SIZE],
    facets=[Facet("brand", "norvane", {"en": "Brand"}, {"en": "Norvane"})],
    state="published",
    variants=[
        VariantDraft(sku="COAT-S", prices={"CNY": 100}, options={"size": "s"}),
        VariantDraft(sku="COAT-M", prices={}, options={"size": "m"}),
    ],
)
S, M = GOOD.variants


def draft(**changes: Any) -> ProductDraft:
    return msgspec.structs.replace(GOOD, **changes)


def variant(**changes: Any) -> ProductDraft:
    return draft(variants=[msgspec.structs.replace(S, **changes), M])


def test_a_good_draft_has_no_problem() -> None:
    assert check_draft(GOOD) is None


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (draft(slug="Coat"), ("bad_slug", "Coat")),
        (draft(slug="c" * 128), ("bad_slug", "c" * 80)),
        (draft(title={}), ("bad_text", "title: {}")),
        (draft(title={"fr": "Manteau"}), ("bad_text", "title: {'fr': 'Manteau'}")),
        (draft(title={"en": " "}), ("bad_text", "title: {'en': ' '}")),
        (draft(title={"en": "Co\nat"}), ("bad_text", "title: {'en': 'Co\\nat'}")),
        (draft(title={"en": "Co\u202eat"}), ("bad_text", "title: {'en': 'Co\\u202eat'}")),
        (draft(description={"en": "a\x00b"}), ("bad_text", "description: {'en': 'a\\x00b'}")),
        (draft(options=[SIZE, SIZE]), ("bad_options", "size, size")),
        (draft(options=[]), ("bad_options", "COAT-S: {'size': 's'}")),
        (draft(facets=GOOD.facets * 2), ("bad_facets", "the same one twice")),
        (draft(variants=[]), ("no_variants", "coat")),
        (draft(variants=[S, S]), ("duplicate_sku", "COAT-S")),
        (draft(variants=[M]), ("no_price", "coat")),
        (draft(pictures=[(UUID(int=2), {"en": "\x07"})]), ("bad_text", "picture 1: {'en': '\\x07'}")),
        (draft(pictures=[(UUID(int=2), {})] * 31), ("too_many_pictures", "more than 30")),
        (variant(sku=" COAT"), ("bad_sku", " COAT")),
        (variant(sku=""), ("bad_sku", "")),
        (variant(options={"size": "m"}), ("duplicate_options", "COAT-M: {'size': 'm'}")),
        (variant(options={"size": "xl"}), ("bad_options", "COAT-S: {'size': 'xl'}")),
        (variant(tax_rate_bp=10_001), ("bad_tax_rate", "COAT-S: 10001")),
        (variant(position=-1), ("bad_position", "COAT-S: -1")),
        (variant(prices={"CNY": 0}), ("bad_price", "CNY 0")),
        (variant(prices={"cny": 5}), ("bad_price", "cny 5")),
        (variant(prices={"CNY": 10**12 + 1}), ("bad_price", "CNY 1000000000001")),
    ],
)
def test_a_bad_draft_is_named_by_its_first_problem(bad: ProductDraft, problem: tuple[str, str]) -> None:
    assert check_draft(bad) == problem


def test_a_draft_that_is_not_on_sale_needs_no_price() -> None:
    assert check_draft(draft(variants=[M], state="draft")) is None


def test_a_withdrawn_price_is_acceptable() -> None:
    assert check_prices({"CNY": None, "USD": 1}) is None


@given(st.text(max_size=40))
def test_an_accepted_text_has_no_hidden_characters(words: str) -> None:
    if is_text({"en": words}, 40):
        assert words.strip()
        assert not any(ord(character) < 32 or 0x202A <= ord(character) <= 0x202E for character in words)
        words.encode()


def test_category_drafts_are_checked() -> None:
    name = {"en": "Shoes"}
    assert check_categories([CategoryDraft("shoes", name)]) is None
    assert check_categories([CategoryDraft("Shoes", name)]) == ("bad_code", "Shoes")
    assert check_categories([CategoryDraft("shoes", {})]) == ("bad_name", "shoes")
    assert check_categories([CategoryDraft("shoes", name, position=-1)]) == ("bad_position", "shoes")
    assert check_categories([CategoryDraft("shoes", name)] * 2) == ("duplicate_code", "the same code twice")


def test_a_circle_of_parents_is_found() -> None:
    assert find_cycle({"a": None, "b": "a", "c": "b"}) is None
    assert find_cycle({"a": "a"}) == "a"
    assert find_cycle({"x": None, "a": "c", "b": "a", "c": "b"}) == "a"
