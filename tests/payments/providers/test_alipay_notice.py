"""Notices and returns: what is believed, and everything that is not."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kit.money import Money
from merx.payments.providers.alipay.notice import MerchantIdentity, read_notice, read_return
from merx.payments.providers.alipay.signing import (
    AlipayKeys,
    load_private_key,
    load_public_key,
    notice_text,
    sign,
)
from merx.payments.providers.errors import NoticeProblem, NoticeRejected
from merx.payments.providers.model import ProviderNotice, ProviderStatus
from merx.simulators.keys import new_key_pair

PAIR, FORGER = new_key_pair(), new_key_pair()
PRIVATE = {pair.private_pem: load_private_key(pair.private_pem) for pair in (PAIR, FORGER)}
MERCHANT = MerchantIdentity(
    app_id="9021", seller_id="2088", alipay_keys=AlipayKeys(load_public_key(PAIR.public_pem))
)
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
FIELDS = {
    "notify_time": "2026-03-01 12:00:05",
    "notify_type": "trade_status_sync",
    "notify_id": "2026030100222abc",
    "app_id": "9021",
    "charset": "utf-8",
    "version": "1.0",
    "sign_type": "RSA2",
    "trade_no": "2026030122001",
    "out_trade_no": "M1",
    "trade_status": "TRADE_SUCCESS",
    "total_amount": "123.45",
    "subject": "红茶 50% & more = a+b",
    "seller_id": "2088",
    "gmt_payment": "2026-03-01 12:00:03",
    "passback_params": "a%3D1%26b",
}


def encode(fields: dict[str, str], *, private_pem: str = PAIR.private_pem) -> bytes:
    signed = fields | {"sign": sign(notice_text(fields), PRIVATE[private_pem])}
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in signed.items()).encode()


def read(body: bytes, headers: dict[str, str] = FORM) -> ProviderNotice:
    return read_notice(headers, body, merchant=MERCHANT, provider="alipay")


def problem_of(body: bytes, headers: dict[str, str] = FORM) -> NoticeProblem:
    with pytest.raises(NoticeRejected) as caught:
        read(body, headers)
    return caught.value.reason


def test_a_signed_notice_is_read_exactly() -> None:
    body = encode(FIELDS)
    notice = read(body)
    sent_sign = notice.raw["sign"]
    assert notice == ProviderNotice(
        provider="alipay",
        notice_id="2026030100222abc",
        number="M1",
        provider_reference="2026030122001",
        status=ProviderStatus.CAPTURED,
        amount=Money(12_345, "CNY"),
        occurred_at=datetime(2026, 3, 1, 4, 0, 3, tzinfo=UTC),
        app_id="9021",
        seller_id="2088",
        raw=FIELDS | {"sign": sent_sign},
    )


def test_a_closed_trade_is_dated_by_its_closing_and_a_waiting_one_by_its_notice() -> None:
    closed = FIELDS | {"trade_status": "TRADE_CLOSED", "gmt_close": "2026-03-01 12:30:00"}
    waiting = FIELDS | {"trade_status": "WAIT_BUYER_PAY"}
    assert read(encode(closed)).occurred_at == datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
    assert read(encode(closed)).status is ProviderStatus.CLOSED
    assert read(encode(waiting)).occurred_at == datetime(2026, 3, 1, 4, 0, 5, tzinfo=UTC)


def test_a_partly_refunded_trade_is_still_captured() -> None:
    notice = read(encode(FIELDS | {"refund_fee": "3.00", "gmt_refund": "2026-03-02 09:00:00"}))
    assert (notice.status, notice.amount) == (ProviderStatus.CAPTURED, Money(12_345, "CNY"))


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"charset"}))
def test_changing_or_dropping_any_field_is_a_bad_signature(name: str) -> None:
    signature = sign(notice_text(FIELDS), PRIVATE[PAIR.private_pem])
    for changed in (
        FIELDS | {name: FIELDS[name] + "1"},
        {key: value for key, value in FIELDS.items() if key != name},
        FIELDS | {"extra": ""},
    ):
        body = "&".join(f"{k}={quote_plus(v)}" for k, v in (changed | {"sign": signature}).items()).encode()
        assert problem_of(body) is NoticeProblem.BAD_SIGNATURE


def test_a_forgers_key_is_a_bad_signature() -> None:
    assert problem_of(encode(FIELDS, private_pem=FORGER.private_pem)) is NoticeProblem.BAD_SIGNATURE


def test_the_weaker_signature_type_is_refused() -> None:
    assert problem_of(encode(FIELDS | {"sign_type": "RSA"})) is NoticeProblem.BAD_SIGNATURE
    assert (
        problem_of(encode({k: v for k, v in FIELDS.items() if k != "sign_type"}))
        is NoticeProblem.BAD_SIGNATURE
    )


def test_a_notice_for_another_application_or_merchant_is_refused() -> None:
    assert problem_of(encode(FIELDS | {"app_id": "9999"})) is NoticeProblem.WRONG_APP
    assert problem_of(encode(FIELDS | {"seller_id": "2089"})) is NoticeProblem.WRONG_SELLER
    without = {k: v for k, v in FIELDS.items() if k != "seller_id"}
    assert problem_of(encode(without)) is NoticeProblem.WRONG_SELLER


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("total_amount", "1.001"), ("total_amount", "1e2"), ("total_amount", " 1.00"), ("total_amount", "\uff11.00"),
        ("total_amount", "-5.00"), ("total_amount", ""), ("trade_status", "PAID"), ("out_trade_no", "a b"),
        ("out_trade_no", ""), ("trade_no", "x" * 65), ("notify_id", ""), ("notify_id", "x" * 129),
        ("gmt_payment", "yesterday"),
    ],
)  # fmt: skip
def test_a_signed_notice_with_a_senseless_field_is_malformed(name: str, value: str) -> None:
    assert problem_of(encode(FIELDS | {name: value})) is NoticeProblem.MALFORMED


@pytest.mark.parametrize("name", ["notify_id", "out_trade_no", "trade_no", "trade_status", "total_amount"])
def test_a_signed_notice_without_a_needed_field_is_malformed(name: str) -> None:
    assert problem_of(encode({k: v for k, v in FIELDS.items() if k != name})) is NoticeProblem.MALFORMED


def test_a_repeated_parameter_is_malformed_even_with_the_same_value() -> None:
    body = encode(FIELDS)
    assert problem_of(body + b"&total_amount=123.45") is NoticeProblem.MALFORMED
    assert problem_of(b"total_amount=0.01&" + body) is NoticeProblem.MALFORMED


def test_a_value_cannot_be_cut_into_parameters_with_the_same_signed_text() -> None:
    smuggling = FIELDS | {
        "subject": "x&total_amount=9999.00&trade_no=1&trade_status=TRADE_SUCCESS&version=1.0&z=y"
    }
    signature = sign(notice_text(smuggling), PRIVATE[PAIR.private_pem])
    rest = notice_text(smuggling).partition("&z=")[2]
    recut = {
        **{k: v for k, v in FIELDS.items() if k < "subject" and k != "sign_type"},
        "subject": "x", "total_amount": "9999.00", "trade_no": "1", "trade_status": "TRADE_SUCCESS",
        "version": "1.0", "z": rest, "sign_type": "RSA2",
    }  # fmt: skip
    assert notice_text(recut) == notice_text(smuggling)
    body = "&".join(f"{k}={quote_plus(v)}" for k, v in (recut | {"sign": signature}).items()).encode()
    assert problem_of(body) is NoticeProblem.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, b""),
        (FORM, b"\xff\xfe"),
        (FORM, b"a=%ff&b=1"),
        ({"content-type": "application/json"}, b"{}"),
        ({"content-type": "application/x-www-form-urlencoded; charset=GBK"}, encode(FIELDS)),
        (FORM, encode(FIELDS | {"charset": "gbk"})),
    ],
)
def test_what_is_not_a_utf8_form_is_rejected(headers: dict[str, str], body: bytes) -> None:
    assert problem_of(body, headers) in (NoticeProblem.MALFORMED, NoticeProblem.BAD_SIGNATURE)


def test_headers_may_be_missing_or_in_any_case() -> None:
    assert read(encode(FIELDS), {}).number == "M1"
    assert read(encode(FIELDS), {"CONTENT-TYPE": "application/x-www-form-urlencoded"}).number == "M1"


@given(st.binary(max_size=300))
def test_no_body_is_believed_by_accident_or_breaks_the_reader(body: bytes) -> None:
    assert problem_of(body) in (NoticeProblem.MALFORMED, NoticeProblem.BAD_SIGNATURE)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(texts, texts)
def test_any_unicode_in_free_fields_is_read_as_it_was_signed(subject: str, passback: str) -> None:
    notice = read(encode(FIELDS | {"subject": subject, "passback_params": passback}))
    assert (notice.raw["subject"], notice.raw["passback_params"]) == (subject, passback)


RETURN = {
    "charset": "utf-8",
    "out_trade_no": "M1",
    "method": "alipay.trade.page.pay.return",
    "total_amount": "123.45",
    "sign_type": "RSA2",
    "trade_no": "2026030122001",
    "app_id": "9021",
    "seller_id": "2088",
    "timestamp": "2026-03-01 12:00:04",
}


def test_a_signed_return_names_our_payment() -> None:
    assert read_return(encode(RETURN).decode(), merchant=MERCHANT) == "M1"


@pytest.mark.parametrize(
    "change",
    [
        lambda: encode(RETURN, private_pem=FORGER.private_pem),
        lambda: encode(RETURN | {"app_id": "1"}),
        lambda: encode(RETURN | {"seller_id": "1"}),
        lambda: encode(RETURN | {"out_trade_no": "a/../b"}),
        lambda: encode(RETURN) + b"&out_trade_no=M2",
        lambda: encode(RETURN).replace(b"out_trade_no=M1", b"out_trade_no=M2"),
        lambda: b"",
    ],
)
def test_a_return_that_was_not_signed_for_us_names_nothing(change: Callable[[], bytes]) -> None:
    assert read_return(change().decode(), merchant=MERCHANT) is None
