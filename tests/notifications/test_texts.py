from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from merx.accounts import Account
from merx.fulfilment import CARRIERS
from merx.kit.i18n import LOCALES
from merx.kit.ids import new_id
from merx.notifications import KINDS, MailRefused, Wording, after_sales, disputes
from merx.notifications.kinds import (
    order_authorized,
    order_paid,
    order_withdrawn,
    parcel_shipped,
    payment_confirmed,
)
from merx.notifications.letter import compose
from merx.notifications.model import Letter
from merx.notifications.rules import ATTEMPTS_MOST, next_attempt
from merx.notifications.smtp import build_message
from merx.returns import BUYER_ANSWERS, RETURN_EVENTS, SELLER_ANSWERS, SELLER_INSPECTS, SELLER_REPLACES

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
ORDER = new_id()
PURCHASE = new_id()
DISPUTE = disputes.Told(
    order_id=ORDER, order_number="261121ABCDEFGHJK-1", state="needs_response", amount=3000, currency="CNY", due_at=None
)  # fmt: skip
EXAMPLES: dict[str, Any] = {
    "order_paid": order_paid.Told(
        order_id=ORDER, order_number="261121ABCDEFGHJK-1", total=123450, currency="CNY"
    ),
    "order_authorized": order_authorized.Told(
        order_id=ORDER,
        order_number="261121ABCDEFGHJK-1",
        total=123450,
        currency="CNY",
        provider="cash_on_delivery",
    ),
    "order_withdrawn": order_withdrawn.Told(order_id=ORDER, order_number="261121ABCDEFGHJK-1"),
    "payment_confirmed": payment_confirmed.Told(
        purchase_id=PURCHASE, order_id=ORDER, order_number="261121ABCDEFGHJK-1", amount=123450, currency="CNY"
    ),
    "parcel_shipped": parcel_shipped.Told(
        purchase_id=PURCHASE,
        order_id=ORDER,
        order_number="261121ABCDEFGHJK-1",
        carrier="shunfeng",
        tracking_number="SF1234567890123",
    ),
    "return_for_buyer": after_sales.Told(
        purchase_id=PURCHASE,
        order_id=ORDER,
        order_number="261121ABCDEFGHJK-1",
        return_id=new_id(),
        step="ReturnProposed",
        amount=3000,
        currency="CNY",
    ),
    "return_for_seller": after_sales.Told(
        purchase_id=PURCHASE,
        order_id=ORDER,
        order_number="261121ABCDEFGHJK-1",
        return_id=new_id(),
        step="ReturnRequested",
        amount=3000,
        currency="CNY",
    ),
    "dispute_for_seller": DISPUTE,
    "dispute_for_staff": DISPUTE,
}


def word(kind: str, told: Any, *, locale: str) -> Wording:
    return KINDS[kind].word(told, locale=locale)


def person(**changes: str) -> Account:
    values = {"email": "anna@example.com", "name": "Anna", "locale": "en"} | changes
    return Account(id=new_id(), state="active", version=1, created_at=NOW, **values)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_worded_in_every_language_with_its_facts(kind: str, locale: str) -> None:
    wording = word(kind, EXAMPLES[kind], locale=locale)
    assert "261121ABCDEFGHJK-1" in wording.title
    assert wording.path == "/staff/disputes" if kind == "dispute_for_staff" else str(ORDER) in wording.path
    assert ("订单" in wording.title) == (locale == "zh-CN")
    whole = wording.title + wording.text + wording.path
    assert "{" not in whole
    assert "%" not in whole
    assert whole.isprintable()


@pytest.mark.parametrize("locale", LOCALES)
def test_an_exchange_speaks_of_money_only_when_it_became_a_refund(locale: str) -> None:
    facts = msgspec.structs.replace(EXAMPLES["return_for_buyer"], exchange=True)
    for step in ("ReturnRequested", "ReturnApproved", "ReturnInspected", "ReturnSettled"):
        text = word("return_for_buyer", msgspec.structs.replace(facts, step=step), locale=locale).text
        assert "30.00" not in text, step
        assert text
    refunded = msgspec.structs.replace(facts, step="ReturnConverted", exchange=False)
    assert "30.00" in word("return_for_buyer", refunded, locale=locale).text


@pytest.mark.parametrize("locale", LOCALES)
def test_the_days_that_a_side_has_are_those_of_the_rules(locale: str) -> None:
    told = EXAMPLES["return_for_buyer"]
    says = {
        each.__name__: word(
            "return_for_buyer", msgspec.structs.replace(told, step=each.__name__), locale=locale
        ).text
        for each in RETURN_EVENTS
    }
    days = "{} days" if locale == "en" else "{} 天内"
    for step, window in (
        ("ReturnRequested", SELLER_ANSWERS), ("ReturnProposed", BUYER_ANSWERS), ("ReturnDeclined", SELLER_ANSWERS),
        ("ReturnApproved", BUYER_ANSWERS), ("ReturnSentBack", SELLER_INSPECTS),
    ):  # fmt: skip
        assert days.format(window.days) in says[step]
    exchanged = msgspec.structs.replace(told, step="ReturnInspected", exchange=True)
    assert days.format(SELLER_REPLACES.days) in word("return_for_buyer", exchanged, locale=locale).text


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("order_paid", {"order_id": str(ORDER), "order_number": "1", "total": 1, "currency": "CNY"}),
        (
            "return_for_seller",
            {
                "purchase_id": str(PURCHASE), "order_id": str(ORDER), "order_number": "1", "return_id": str(ORDER),
                "step": "ReturnSentBack", "amount": 1, "currency": "CNY",
            },
        ),
        (
            "dispute_for_staff",
            {
                "order_id": str(ORDER), "order_number": "1", "state": "won", "amount": 1, "currency": "CNY",
                "due_at": "2026-12-01T00:00:00Z",
            },
        ),
    ],
)  # fmt: skip
def test_what_was_stored_long_ago_is_still_said(kind: str, data: dict[str, Any]) -> None:
    assert "1" in KINDS[kind].word(KINDS[kind].read(data), locale="en").title


def test_amounts_and_carriers_are_written_as_the_reader_writes_them() -> None:
    assert word("order_paid", EXAMPLES["order_paid"], locale="zh-CN").text == (
        "买家已支付 ¥1,234.50，请尽快发货。"
    )
    assert word("order_paid", EXAMPLES["order_paid"], locale="en").text == (
        "The buyer has paid CN¥1,234.50. Please ship it soon."
    )
    names = {carrier.code: carrier.name for carrier in CARRIERS}["shunfeng"]
    for locale in LOCALES:
        assert names[locale] in word("parcel_shipped", EXAMPLES["parcel_shipped"], locale=locale).text


def test_a_carrier_that_is_no_longer_offered_keeps_its_code() -> None:
    old = parcel_shipped.Told(
        purchase_id=PURCHASE, order_id=ORDER, order_number="1", carrier="pigeon", tracking_number="P1"
    )
    assert "Carrier: pigeon." in word("parcel_shipped", old, locale="en").text


def test_a_letter_speaks_the_recipients_language_and_links_to_the_order() -> None:
    letter = compose(
        new_id(), word("parcel_shipped", EXAMPLES["parcel_shipped"], locale="zh-CN"),
        recipient=person(name="{title} 张三", locale="zh-CN"), public_url="https://shop.example/",
    )  # fmt: skip
    assert letter.to == "anna@example.com"
    assert letter.subject == "您的订单 261121ABCDEFGHJK-1 已发货"
    assert letter.text.startswith("{title} 张三")
    assert f"https://shop.example/purchases/{PURCHASE}/orders/{ORDER}\n" in letter.text


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("anna@example.com\r\nBcc: all@example.com", "Hello"),
        ("anna@example.com\nBcc: all@example.com", "Hello"),
        ("anna@example.com", "Hello\r\nBcc: all@example.com"),
        ("anna@example.com", "Hello\nBcc: all@example.com"),
        ("anna@example.com, all@example.com", "Hello"),
        ("", "Hello"),
    ],
)
def test_nothing_in_a_letter_can_add_a_header_or_a_recipient(to: str, subject: str) -> None:
    letter = Letter(id=new_id(), to=to, subject=subject, text="x", locale="en")
    with pytest.raises(MailRefused):
        build_message(letter, sender="shop@merx.example", now=NOW)


def test_pauses_grow_and_then_it_has_been_enough() -> None:
    minutes = [
        None if (at := next_attempt(attempts=attempts, now=NOW)) is None else (at - NOW).total_seconds() / 60
        for attempts in range(1, ATTEMPTS_MOST + 2)
    ]
    assert minutes == [1, 5, 30, 120, 360, None, None]
