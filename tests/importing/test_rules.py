import string
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.importing.csv_records import MAX_RECORD_CHARS, NotUtf8, check_utf8, read_records, split_record
from merx.importing.reader import MAX_VARIANTS, BadRows, ProductReader
from merx.importing.rules import (
    TAX_RATES,
    BadCell,
    BadHeader,
    FileSettings,
    code_of,
    parse_header,
    parse_price,
    parse_sku,
    parse_slug,
    parse_stock,
)
from merx.kit.money import Money

SETTINGS = FileSettings(currency="CNY", locale="en", tax_rates=TAX_RATES)
PRINTABLE = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


def refusal(field: str, reason: str, value: str) -> tuple[str, str, str]:
    return (field, reason, value)


def found(error: BadCell) -> tuple[str, str, str]:
    return (error.field, error.reason, error.value)


# --- records -----------------------------------------------------------------------------------------------------


@given(st.lists(PRINTABLE, min_size=1, max_size=8))
def test_every_record_written_with_quotes_is_read_back_trimmed(fields: list[str]) -> None:
    text = ",".join('"' + field.replace('"', '""') + '"' for field in fields)
    assert split_record(text + "\r\n") == [field.strip() for field in fields]


@given(PRINTABLE)
def test_any_text_is_a_record_or_refused_and_never_fails(text: str) -> None:
    assert split_record(text) is None or isinstance(split_record(text), list)


def test_columns_padded_with_spaces_after_a_quoted_field_are_read() -> None:
    assert split_record('Laptop   ,"13 inch|8GB"      , 1299.00 \n') == ["Laptop", "13 inch|8GB", "1299.00"]


def test_text_after_a_closing_quote_is_not_csv() -> None:
    assert split_record('"a"b,c') is None
    assert split_record('a"b,c') is None


def test_an_unclosed_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('h\n"a,b\nc,d\n"e\nf",g\n', encoding="utf-8")
    rows = [(record.number, record.fields) for record in read_records(path)]
    assert rows == [(1, ["h"]), (2, None), (3, ["c", "d"]), (4, ["e\nf", "g"])]


def test_a_row_without_end_is_refused_without_being_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("h\n" + "x" * (3 * MAX_RECORD_CHARS) + "\nnext\n", encoding="utf-8")
    rows = [(record.number, record.fields) for record in read_records(path)]
    assert rows == [(1, ["h"]), (2, None), (3, ["next"])]


def test_a_byte_order_mark_is_skipped_and_blank_lines_keep_their_number(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\r\n\r\nc,d")
    assert [(record.number, record.fields) for record in read_records(path)] == [
        (1, ["a", "b"]),
        (3, ["c", "d"]),
    ]


def test_a_file_that_is_not_utf8_is_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("name,sku\n手机,A\n".encode("gb18030"))
    with pytest.raises(NotUtf8) as error:
        check_utf8(path)
    assert error.value.params == {"offset": 9}


# --- cells -------------------------------------------------------------------------------------------------------


@given(st.integers(min_value=1, max_value=10**12), st.sampled_from(["CNY", "USD", "JPY", "KWD"]))
def test_every_amount_is_read_back_from_its_decimal(amount: int, currency: str) -> None:
    assert parse_price(Money(amount, currency).decimal(), currency=currency, field="price") == amount


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        ("12.345", "CNY", "bad_price"),
        ("12.5", "JPY", "bad_price"),
        ("1,299.00", "CNY", "bad_price"),
        ("-1", "CNY", "bad_price"),
        ("1e3", "CNY", "bad_price"),
        ("¥12", "CNY", "bad_price"),
        ("NaN", "CNY", "bad_price"),
        ("0.00", "CNY", "price_out_of_range"),
        ("10000000000.01", "CNY", "price_out_of_range"),
        ("１２.００", "CNY", "full_width"),
        ("12。00", "CNY", "bad_price"),
    ],
)
def test_a_price_that_is_not_exact_is_refused(text: str, currency: str, reason: str) -> None:
    with pytest.raises(BadCell) as error:
        parse_price(text, currency=currency, field="price")
    assert found(error.value) == refusal("price", reason, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-1", "negative_stock"),
        ("1.5", "bad_stock"),
        ("１０", "full_width"),
        ("ten", "bad_stock"),
        ("٣", "bad_stock"),
    ],
)
def test_stock_that_is_no_count_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadCell) as error:
        parse_stock(text, field="stockOnHand")
    assert found(error.value) == refusal("stockOnHand", reason, text)


@given(st.integers(min_value=0, max_value=10**9))
def test_every_count_is_stock(count: int) -> None:
    assert parse_stock(str(count), field="stockOnHand") == count


@pytest.mark.parametrize("slug", ["Laptop", "-laptop", "lap top", "电脑", "a" * 128, "ａbc"])
def test_a_slug_that_would_not_make_an_address_is_refused(slug: str) -> None:
    with pytest.raises(BadCell):
        parse_slug(slug)


@pytest.mark.parametrize(
    ("sku", "reason"),
    [("A B", "bad_sku"), ("A" * 65, "too_long"), ("Ａ1", "full_width"), ("A\u202e1", "control_character")],
)
def test_a_sku_that_could_be_mistaken_is_refused(sku: str, reason: str) -> None:
    with pytest.raises(BadCell) as error:
        parse_sku(sku)
    assert error.value.reason == reason


@given(PRINTABLE)
def test_a_code_is_always_usable_and_stable(text: str) -> None:
    code = code_of(text)
    assert code == code_of(text)
    assert 1 <= len(code) <= 59
    assert set(code) <= set(string.ascii_lowercase + string.digits + "-")
    assert code[0] != "-"


def test_names_that_differ_only_outside_ascii_get_different_codes() -> None:
    codes = {code_of(name) for name in ("红色 XL", "蓝色 XL", "XL", "C", "C++", "C#")}
    assert len(codes) == 6
    assert code_of("Home & Garden") == "home-garden"
    assert code_of("13 inch") == "13-inch"


# --- rows --------------------------------------------------------------------------------------------------------

HEADER = "name,slug,optionGroups,optionValues,sku,price,stockOnHand,taxCategory,facets"


def read(
    lines: Sequence[str], header: str = HEADER
) -> tuple[list[tuple[str, list[str]]], list[tuple[int, str, str]]]:
    """Products with their SKUs, and bad rows, of a file with these rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "products.csv"
        path.write_text("\n".join([header, *lines]), encoding="utf-8", newline="")
        bad = BadRows()
        reader = ProductReader(path, settings=SETTINGS, locations=["shanghai"], bad=bad)
        products = [product for batch in reader.batches(10) for product in batch]
    good = [(product.slug, [variant.sku for variant in product.variants]) for product in products]
    return good, [(row.number, row.field, row.reason) for row in bad.kept()]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (",shoe,,,A,1,1,,", "name", "missing"),
        ("Shoe,Sh oe,,,A,1,1,,", "slug", "bad_slug"),
        ("鞋,,,,A,1,1,,", "slug", "missing"),
        ("Shoe,shoe,size,,A,1,1,,", "optionValues", "option_count"),
        ("Shoe,shoe,size,40|41,A,1,1,,", "optionValues", "option_count"),
        ("Shoe,shoe,size|size,40|41,A,1,1,,", "optionGroups", "duplicate_value"),
        ("Shoe,shoe,,,,1,1,,", "sku", "missing"),
        ("Shoe,shoe,,,A,,1,,", "price", "missing"),
        ("Shoe,shoe,,,A,1,-2,,", "stockOnHand", "negative_stock"),
        ("Shoe,shoe,,,A,1,1,luxury,", "taxCategory", "unknown_tax_category"),
        ("Shoe,shoe,,,A,1,1,,brand", "facets", "bad_facet"),
        (f"{'S' * 201},shoe,,,A,1,1,,", "name", "too_long"),
        ("Sh\x07oe,shoe,,,A,1,1,,", "name", "control_character"),
        ("Shoe,shoe,,,A,1,1", "", "wrong_field_count"),
        ('Sh"oe,shoe,,,A,1,1,,', "", "malformed_csv"),
    ],
)
def test_a_bad_row_is_named_with_its_reason_and_the_next_is_read(row: str, field: str, reason: str) -> None:
    good, bad = read([row, "Hat,hat,,,H,2,3,,"])
    assert good == [("hat", ["H"])]
    assert bad == [(2, field, reason)]


def test_continuation_rows_are_variants_of_the_product_above() -> None:
    good, bad = read(["Shoe,shoe,size,40,A,1,1,,", ",,,41,B,1,1,,", "Hat,,,,H,2,3,,"])
    assert good == [("shoe", ["A", "B"]), ("hat", ["H"])]
    assert bad == []


def test_a_bad_variant_leaves_its_siblings() -> None:
    good, bad = read(["Shoe,shoe,size,40,A,x,1,,", ",,,41,B,1,1,,", ",,,41,C,1,1,,", ",,,42,B,1,1,,"])
    assert good == [("shoe", ["B"])]
    assert bad == [
        (2, "price", "bad_price"),
        (4, "optionValues", "duplicate_options"),
        (5, "sku", "duplicate_sku"),
    ]


def test_variants_of_a_refused_product_never_join_the_product_before_it() -> None:
    good, bad = read(["Hat,hat,,,H,2,3,,", 'Sh"oe,shoe,size,40,A,1,1,,', ",,,,B,1,1,,"])
    assert good == [("hat", ["H"])]
    assert bad == [(3, "", "malformed_csv"), (4, "name", "product_refused")]


def test_a_variant_before_any_product_is_refused() -> None:
    assert read([",,,40,A,1,1,,"]) == ([], [(2, "name", "no_product")])


def test_a_slug_that_stands_twice_refuses_the_second_product() -> None:
    good, bad = read(["Hat,hat,,,H,2,3,,", "Cap,hat,,,C,2,3,,"])
    assert good == [("hat", ["H"])]
    assert bad == [(3, "slug", "duplicate_slug")]


def test_a_product_has_a_bounded_number_of_variants() -> None:
    rows = ["Shoe,shoe,size,s0,A0,1,1,,", *(f",,,s{n},A{n},1,1,," for n in range(1, MAX_VARIANTS + 2))]
    good, bad = read(rows)
    assert len(good[0][1]) == MAX_VARIANTS
    assert bad == [(MAX_VARIANTS + 2, "sku", "too_many"), (MAX_VARIANTS + 3, "sku", "too_many")]


def test_translated_columns_must_have_as_many_entries() -> None:
    header = HEADER + ",optionValues:zh-CN"
    _, bad = read(["Shoe,shoe,size|color,40|red,A,1,1,,,40 码"], header)
    assert bad == [(2, "optionValues", "translation_count")]


@given(st.lists(st.text(st.sampled_from('a1,|:"\n -.'), max_size=30), max_size=12))
def test_no_file_whatever_makes_the_reader_fail(lines: list[str]) -> None:
    good, bad = read(lines)
    assert len(good) >= 0
    assert all(reason for _, _, reason in bad)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (["name", "sku"], "column 'price' is missing"),
        (["name", "sku", "price", "prize"], "unknown column 'prize'"),
        (["name", "sku", "price", "stock:mars"], "unknown column 'stock:mars'"),
        (["name", "sku", "price", "name:fr"], "unknown column 'name:fr'"),
        (["name", "sku", "price", "sku"], "a column stands there twice"),
    ],
)
def test_a_header_of_another_kind_is_refused(fields: list[str], problem: str) -> None:
    with pytest.raises(BadHeader) as error:
        parse_header(fields, locations=["shanghai"])
    assert error.value.params == {"problem": problem}


def test_stock_needs_a_location() -> None:
    with pytest.raises(BadHeader, match="no location"):
        parse_header(["name", "sku", "price", "stockOnHand"], locations=[])


def test_columns_of_custom_fields_are_skipped_and_said() -> None:
    header = parse_header(["name", "sku", "price", "product:vendorCode"], locations=[])
    assert header.ignored == ("product:vendorCode",)
