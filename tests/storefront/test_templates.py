"""Every page draws in both languages, and keeps the rules that the content policy and screen readers need."""

import re
from functools import cache

import pytest
from tests.storefront import samples

from merx.infra.templates import money_text
from merx.kit.money import Money
from merx.storefront.core import views
from merx.storefront.core.pages import templates

LOCALES = (("zh-CN", "CNY"), ("en", "USD"))
NAMES = sorted(samples.pages("en", "USD"))


@cache
def draw(name: str, locale: str, currency: str) -> str:
    template, view = samples.pages(locale, currency)[name]
    return templates().render(template, locale=locale, chrome=samples.chrome(locale, currency), view=view)


@pytest.mark.parametrize(("locale", "currency"), LOCALES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_obeys_the_content_policy(name: str, locale: str, currency: str) -> None:
    page = draw(name, locale, currency)
    assert f'<html lang="{locale}">' in page
    assert not re.search(r"\sstyle=", page)
    assert not re.search(r"\son[a-z]+=", page)
    assert "<style" not in page
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//(?!localhost:8000)', page)


@pytest.mark.parametrize(("locale", "currency"), LOCALES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_can_be_used_without_seeing_it(name: str, locale: str, currency: str) -> None:
    page = draw(name, locale, currency)
    assert len(re.findall(r"<h1[ >]", page)) == 1
    assert len(re.findall(r"<main[ >]", page)) == 1
    assert 'href="#main"' in page
    ids = re.findall(r'\sid="([^"]+)"', page)
    repeated = {each for each in ids if ids.count(each) > 1}
    assert repeated <= set(), repeated
    for tag in re.findall(r"<img[^>]*>", page):
        assert re.search(r'\salt="', tag), tag
        assert re.search(r'\swidth="\d+"', tag), tag
    for name_of in re.findall(r'aria-labelledby="([^"]+)"', page) + re.findall(r'<label for="([^"]+)"', page):
        assert name_of in ids, name_of
    for described in re.findall(r'aria-describedby="([^"]+)"', page):
        assert described in ids, described


@pytest.mark.parametrize("name", NAMES)
def test_no_english_sentence_is_left_in_a_chinese_page(name: str) -> None:
    page = draw(name, "zh-CN", "CNY")
    body = re.sub(r"<[^>]+>", "\n", page[page.index("<body") :])
    sentences = [line for line in body.splitlines() if re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", line)]
    assert sentences == []


def test_what_people_wrote_is_shown_as_they_wrote_it() -> None:
    template, view = samples.pages("en", "USD")["cart"]
    chrome = samples.chrome("en", "USD", personal=views.PersonalView(name="<b>Ada</b>", cart_count=1))
    page = templates().render(template, locale="en", chrome=chrome, view=view)
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page
    assert "<b>Ada" not in page


def test_only_the_marked_part_of_a_page_is_personal() -> None:
    template, view = samples.pages("en", "USD")["home"]
    drawn = [
        templates().render(
            template, locale="en", chrome=samples.chrome("en", "USD", personal=personal), view=view
        )
        for personal in (
            views.PersonalView(),
            views.PersonalView(name="Ada", cart_count=7, sells=True),
        )
    ]
    bare = [re.sub(r"<!--personal-->.*?<!--/personal-->", "", page, flags=re.DOTALL) for page in drawn]
    assert drawn[0] != drawn[1]
    assert bare[0] == bare[1]


@pytest.mark.parametrize(
    ("locale", "amount", "text"),
    [
        ("zh-CN", ("CNY", 949900), "¥9,499.00"),
        ("en", ("CNY", 949900), "CN¥9,499.00"),
        ("en", ("USD", 129), "$1.29"),
    ],
)
def test_amounts_are_written_as_the_language_writes_them(
    locale: str, amount: tuple[str, int], text: str
) -> None:
    assert money_text(Money(amount[1], amount[0]), locale=locale) == text
