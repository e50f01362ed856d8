import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.fulfilment import (
    CARRIERS,
    BadTrackingNumber,
    Carrier,
    UnknownCarrier,
    clean_tracking_number,
    find_carrier,
)


def test_every_carrier_has_a_code_of_its_own_both_names_and_a_pattern() -> None:
    codes = [carrier.code for carrier in CARRIERS]
    assert codes == [
        "shunfeng", "yuantong", "zhongtong", "yunda", "ems", "jd", "dhl", "ups", "fedex", "usps", "other",
    ]  # fmt: skip
    for carrier in CARRIERS:
        assert carrier.name.keys() == {"zh-CN", "en"}
        re.compile(carrier.pattern)


@pytest.mark.parametrize(
    ("carrier", "typed", "number"),
    [
        ("shunfeng", "SF1234567890123", "SF1234567890123"),
        ("shunfeng", " sf 1234 5678 9012\n", "SF123456789012"),
        ("shunfeng", "ＳＦ１２３４５６７８９０１２３", "SF1234567890123"),
        ("yuantong", "YT1234567890123", "YT1234567890123"),
        ("zhongtong", "731234567890", "731234567890"),
        ("yunda", "4312345678901", "4312345678901"),
        ("ems", "EA123456789CN", "EA123456789CN"),
        ("ems", "1234567890123", "1234567890123"),
        ("jd", "JDVA00012345678-1-2-", "JDVA00012345678-1-2-"),
        ("dhl", "1234567890", "1234567890"),
        ("ups", "1z999aa10123456784", "1Z999AA10123456784"),
        ("fedex", "1234 5678 9012", "123456789012"),
        ("usps", "9400 1000 0000 0000 0000 00", "9400100000000000000000"),
        ("other", "ab-12", "AB-12"),
    ],
)
def test_a_number_is_taken_as_the_carrier_writes_it(carrier: str, typed: str, number: str) -> None:
    assert clean_tracking_number(find_carrier(carrier), typed) == number


@pytest.mark.parametrize(
    ("carrier", "typed"),
    [
        ("shunfeng", "SF12345"),
        ("shunfeng", "SF123456789012\x00"),
        ("ems", "EA12345678CN"),
        ("ups", "1Z999AA1012345678"),
        ("fedex", "12345678901"),
        ("other", "abc"),
        ("other", "<script>"),
        ("other", "A" * 41),
        ("other", "-AAAA"),
        ("shunfeng", "٣" * 12),
        ("other", " " * 1_000_000),
        ("other", ""),
    ],
)
def test_a_slip_of_the_pen_is_refused(carrier: str, typed: str) -> None:
    with pytest.raises(BadTrackingNumber):
        clean_tracking_number(find_carrier(carrier), typed)


def test_an_unknown_carrier_is_refused() -> None:
    with pytest.raises(UnknownCarrier):
        find_carrier("pigeon")


@given(carrier=st.sampled_from(CARRIERS), typed=st.text(max_size=100))
def test_whatever_is_typed_gives_a_plain_number_or_a_refusal(carrier: Carrier, typed: str) -> None:
    try:
        number = clean_tracking_number(carrier, typed)
    except BadTrackingNumber:
        return
    assert re.fullmatch("[A-Z0-9-]{4,40}", number, re.ASCII)
    assert clean_tracking_number(carrier, number) == number
