"""What browsers send is read strictly; nothing leads out of the shop."""

from uuid import UUID

import pytest

from merx.storefront.account.forms import LogInForm
from merx.storefront.cart.forms import AddLineForm
from merx.storefront.core.forms import BadForm, EmptyForm, decode_form, local_path
from merx.storefront.core.visit import (
    CartKey,
    choose_currency,
    choose_locale,
    purchases_text,
    read_cart_key,
    read_purchases,
)

FORM = "application/x-www-form-urlencoded"
VARIANT = "01931b66-0000-7000-8000-000000000001"


def test_a_form_is_read_with_its_types() -> None:
    read = decode_form(f"variant_id={VARIANT}&quantity=2".encode(), FORM, AddLineForm)
    assert read == AddLineForm(UUID(VARIANT), 2)


def test_words_come_as_they_were_typed() -> None:
    body = "email=a%2Bb%40example.com&password=%E5%AF%86+%E7%A0%81&return_to=%2F"
    assert decode_form(body.encode(), FORM, LogInForm) == LogInForm("a+b@example.com", "密 码", "/")


@pytest.mark.parametrize(
    "body",
    [
        f"variant_id={VARIANT}&quantity=2&price=1",
        f"variant_id={VARIANT}&quantity=2&quantity=3",
        f"variant_id={VARIANT}&quantity=0",
        f"variant_id={VARIANT}&quantity=-1",
        f"variant_id={VARIANT}&quantity=1000",
        f"variant_id={VARIANT}&quantity=1.5",
        f"variant_id={VARIANT}&quantity=%EF%BC%92",
        f"variant_id={VARIANT}&quantity=true",
        f"variant_id={VARIANT}&quantity=+2",
        "variant_id=1&quantity=2",
        "quantity=2",
        "",
        f"variant_id={VARIANT}&quantity=%ff",
        f"variant_id={VARIANT}&quantity",
    ],
)
def test_a_form_that_our_page_does_not_send_is_refused(body: str) -> None:
    with pytest.raises(BadForm):
        decode_form(body.encode(), FORM, AddLineForm)


def test_another_content_type_is_refused() -> None:
    with pytest.raises(BadForm):
        decode_form(b"email=a&password=b", "text/plain", LogInForm)


def test_a_form_without_fields_may_have_no_body() -> None:
    assert decode_form(b"", "", EmptyForm) == EmptyForm()


def test_a_form_that_is_too_large_is_refused() -> None:
    with pytest.raises(BadForm):
        decode_form(b"email=" + b"a" * 70_000 + b"&password=b", FORM, LogInForm)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/cart?x=1#y", "/cart?x=1#y"),
        ("/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("/a b", "/"),
        ("", "/"),
    ],
)
def test_a_way_back_stays_in_the_shop(given: str, path: str) -> None:
    assert local_path(given) == path


@pytest.mark.parametrize(
    ("cookie", "header", "locale"),
    [
        ("en", "zh-CN", "en"),
        ("fr", "zh-TW,zh;q=0.9", "zh-CN"),
        (None, "fr-FR,en-GB;q=0.8,zh;q=0.9", "zh-CN"),
        (None, "de,fr;q=0.5", "zh-CN"),
        (None, "en;q=0,zh;q=x", "zh-CN"),
        (None, "en-US,en;q=0.9", "en"),
        (None, "", "zh-CN"),
    ],
)
def test_the_language_is_chosen_then_negotiated(cookie: str | None, header: str, locale: str) -> None:
    assert choose_locale(cookie, header, "zh-CN") == locale


def test_a_currency_the_shop_does_not_sell_in_is_ignored() -> None:
    assert choose_currency("USD", ("CNY", "USD"), "CNY") == "USD"
    assert choose_currency("EUR", ("CNY", "USD"), "CNY") == "CNY"
    assert choose_currency(None, ("CNY", "USD"), "CNY") == "CNY"


def test_cart_and_purchase_cookies_are_read_back_and_forgeries_are_none() -> None:
    key = CartKey(UUID(VARIANT), "tok-en_1")
    assert read_cart_key(key.text()) == key
    assert read_cart_key("nonsense") is None
    assert read_cart_key(f"{UUID(VARIANT).hex}.") is None
    many = {UUID(int=number): f"t{number}" for number in range(12)}
    assert read_purchases(purchases_text(many)) == {UUID(int=number): f"t{number}" for number in range(4, 12)}
    assert read_purchases("x~y.z") == {}
