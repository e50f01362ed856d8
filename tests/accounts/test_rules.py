from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.accounts import (
    BadCountry,
    BadEmail,
    BadPhone,
    BadPostalCode,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
    PostalAddress,
    check_address,
    check_email,
    check_name,
    check_password,
)
from merx.accounts.rules import Limit, network_of
from merx.kit.i18n import TextMissing, TextTooLong, TextUnprintable

SHANGHAI = PostalAddress(
    name="张三",
    phone="+86 138-0013-8000",
    line1="南京西路 1266 号",
    line2="8 楼",
    city="上海",
    region="上海市",
    postal_code="200040",
    country="CN",
    email="zhang@Example.COM",
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("anna@example.com", "anna@example.com"),
        (" Anna.B+shop@Mail.Example.COM ", "Anna.B+shop@mail.example.com"),
        ("a@b.cn", "a@b.cn"),
        ("o'neil@xn--fiqs8s.cn", "o'neil@xn--fiqs8s.cn"),
    ],
)
def test_an_email_is_kept_with_its_host_in_lower_case(typed: str, kept: str) -> None:
    assert check_email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "anna",
        "@example.com",
        "anna@",
        "anna@localhost",
        "an na@example.com",
        "anna@@example.com",
        "anna@example..com",
        ".anna@example.com",
        "anna.@example.com",
        "an..na@example.com",
        "anna@-example.com",
        "anna@example-.com",
        "anna@127.0.0.1",
        "anna@example.com\r\nBcc: all@example.com",
        "anna\n@example.com",
        "anna\x00@example.com",
        "аnna@example.com",
        "anna@exаmple.com",
        "ａnna@example.com",
        "anna\u202e@example.com",
        "\ud800@example.com",
        '"anna b"@example.com',
        "Anna <anna@example.com>",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + ".".join(["b" * 60] * 5) + ".com",
    ],
)
def test_what_is_no_plain_email_is_refused(typed: str) -> None:
    with pytest.raises(BadEmail):
        check_email(typed)


@given(st.text(max_size=300))
def test_an_accepted_email_is_printable_ascii_with_one_at_and_stays_the_same(typed: str) -> None:
    try:
        email = check_email(typed)
    except BadEmail:
        return
    assert email.isascii()
    assert email.isprintable()
    assert email.count("@") == 1
    assert check_email(email) == email


@pytest.mark.parametrize(
    "password",
    ["correct horse", "密码很长而且不常见", " leading and trailing ", "🐎🔋📎🐎🔋📎x1", "a\tb\x00cdefg"],
)
def test_an_uncommon_password_of_eight_characters_is_kept_verbatim(password: str) -> None:
    assert check_password(password) == password


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("", PasswordTooShort),
        ("seven77", PasswordTooShort),
        ("x" * 50 + "abcdefgh" * 10, PasswordTooLong),
        ("password", PasswordTooCommon),
        ("PassWord123", PasswordTooCommon),
        ("12345678", PasswordTooCommon),
        ("woaini1314", PasswordTooCommon),
        ("aaaaaaaaaaaa", PasswordTooCommon),
        ("abcabcabcabc", PasswordTooCommon),
        ("half \ud83d emoji", TextUnprintable),
    ],
)
def test_a_short_long_or_common_password_is_refused(password: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        check_password(password)


def test_a_name_is_composed_and_trimmed() -> None:
    assert check_name("  Zoe\u0308  ") == "Zoë"


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("", TextMissing),
        ("   ", TextMissing),
        ("\u200d", TextMissing),
        ("x" * 81, TextTooLong),
        ("e" + "\u0301" * 10_000, TextTooLong),
        ("Eve\u202egnp.exe", TextUnprintable),
        ("Eve\u2066", TextUnprintable),
        ("Eve\u200b", TextUnprintable),
        ("Eve\r\nBcc: x", TextUnprintable),
        ("Eve\x00", TextUnprintable),
        ("Eve\x85", TextUnprintable),
        ("Eve\ud800", TextUnprintable),
    ],
)
def test_a_name_that_is_empty_long_or_hides_something_is_refused(name: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        check_name(name)


def test_an_address_is_cleaned_and_then_stays_the_same() -> None:
    clean = check_address(SHANGHAI)
    assert clean.email == "zhang@example.com"
    assert clean.name == "张三"
    assert clean.phone == "+86 138-0013-8000"
    assert check_address(clean) == clean


def test_optional_parts_of_an_address_may_be_empty() -> None:
    bare = PostalAddress(
        name="Li", phone="85212345678", line1="1 Queen's Road", city="Hong Kong", country="HK"
    )
    assert check_address(bare) == bare


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("name", "", TextMissing),
        ("phone", "", TextMissing),
        ("phone", "12345", BadPhone),
        ("phone", "1" * 16, BadPhone),
        ("phone", "call me", BadPhone),
        ("phone", "１３８００１３８０００", BadPhone),
        ("phone", "++8613800138000", BadPhone),
        ("line1", " ", TextMissing),
        ("line1", "x" * 201, TextTooLong),
        ("line2", "a\u202eb", TextUnprintable),
        ("city", "", TextMissing),
        ("region", "x" * 81, TextTooLong),
        ("postal_code", "20;40", BadPostalCode),
        ("postal_code", "-", BadPostalCode),
        ("country", "cn", BadCountry),
        ("country", "CHN", BadCountry),
        ("country", "", BadCountry),
        ("country", "C\n", BadCountry),
        ("email", "zhang", BadEmail),
    ],
)
def test_a_wrong_part_of_an_address_is_named(field: str, value: str, refusal: type[Exception]) -> None:
    parts = {name: getattr(SHANGHAI, name) for name in SHANGHAI.__struct_fields__}
    with pytest.raises(refusal) as caught:
        check_address(PostalAddress(**parts | {field: value}))
    assert caught.value.params["field"] == field  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("remote", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", "elsewhere"),
        ("unix:", "elsewhere"),
    ],
)
def test_attempts_are_counted_by_network(remote: str, network: str) -> None:
    assert network_of(remote) == network


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(1, 100_000))  # noqa: DTZ001
def test_a_window_holds_its_moment_and_ends_after_the_wait(moment: datetime, seconds: int) -> None:
    now = moment.replace(tzinfo=UTC)
    limit = Limit("x", 1, timedelta(seconds=seconds))
    start = limit.window_start(now)
    assert start <= now < start + limit.window
    wait = timedelta(seconds=limit.retry_after(now))
    assert limit.window_start(now + wait) == start + limit.window
    assert timedelta(0) < wait <= limit.window + timedelta(seconds=1)
