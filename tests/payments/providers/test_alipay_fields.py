"""Amounts, times and parameters as Alipay writes them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kit.money import Money
from merx.payments.providers.alipay.fields import (
    MAX_FEN,
    format_time,
    is_number,
    parse_amount,
    parse_parameters,
    parse_status,
    parse_time,
)
from merx.payments.providers.model import ProviderStatus


@given(st.integers(1, MAX_FEN))
def test_every_amount_of_a_trade_survives_the_wire_exactly(fen: int) -> None:
    assert parse_amount(Money(fen, "CNY").decimal()) == Money(fen, "CNY")


@pytest.mark.parametrize(("text", "fen"), [("1", 100), ("1.5", 150), ("0.01", 1), ("100000000.00", MAX_FEN)])
def test_short_forms_are_read_exactly(text: str, fen: int) -> None:
    assert parse_amount(text) == Money(fen, "CNY")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1.001", "1e2", "1E2", " 1.00", "1.00 ", "1.00\n", "+1.00", "-1.00", "1,000.00", "1.", ".5", "1..0",
        "\uff11.\uff10\uff10", "٣.00", "0", "0.00", "100000000.01", "99999999999999999999", "NaN", "Infinity", "0x10", "1_0.00",
    ],
)  # fmt: skip
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|range"):
        parse_amount(text)


@given(st.text())
def test_any_text_is_an_exact_amount_or_refused(text: str) -> None:
    try:
        amount = parse_amount(text)
    except ValueError:
        return
    assert text.isascii()
    assert amount.decimal() == f"{int(text.partition('.')[0])}.{text.partition('.')[2]:0<2}"


@given(st.datetimes(datetime(2000, 1, 2), datetime(2199, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_times_survive_the_wire_to_the_second(instant: datetime) -> None:
    assert parse_time(format_time(instant)) == instant.replace(microsecond=0)


def test_times_are_written_eight_hours_ahead_of_utc() -> None:
    assert format_time(datetime(2026, 2, 28, 16, 0, 0, 999_999, UTC)) == "2026-03-01 00:00:00"
    assert parse_time("2026-03-01 00:00:00.123") == datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
    assert parse_time("2026-03-01 00:00:00").utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text", ["", "2026-03-01", "2026-13-01 00:00:00", "2026-03-01T00:00:00Z", "\uff12026-03-01 00:00:00"]
)
def test_what_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's own words vary
        parse_time(text)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("WAIT_BUYER_PAY", ProviderStatus.WAITING),
        ("TRADE_SUCCESS", ProviderStatus.CAPTURED),
        ("TRADE_FINISHED", ProviderStatus.CAPTURED),
        ("TRADE_CLOSED", ProviderStatus.CLOSED),
    ],
)
def test_statuses_are_translated(word: str, status: ProviderStatus) -> None:
    assert parse_status(word) is status


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(ValueError, match="not a trade status"):
        parse_status("TRADE_PENDING")


@pytest.mark.parametrize("text", ["", "a" * 65, "a-b", "a b", "单号", "a\n", "a&b"])
def test_numbers_of_the_wrong_form_are_known(text: str) -> None:
    assert not is_number(text)
    assert is_number("A_z09" * 12)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.text(st.characters(exclude_categories=["Cs"])),
        max_size=20,
    )
)
def test_parameters_are_decoded_exactly_once(parameters: dict[str, str]) -> None:
    parameters.pop("", None)
    assert parse_parameters(urlencode(parameters)) == parameters


@pytest.mark.parametrize(
    "text", ["a=1&a=1", "a=1&b=2&a=3", "a=1&%61=2", "a=%ff", "&".join(f"p{i}=1" for i in range(201))]
)
def test_ambiguous_or_unreadable_parameters_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's own words vary
        parse_parameters(text)
