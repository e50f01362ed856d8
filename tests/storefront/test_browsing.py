"""Looking around: pages, languages, currencies, carts."""

import re
from datetime import datetime
from html import unescape
from typing import Any

import httpx
import pytest
from tests.world.pages import NewBrowser, fields_of, text_of
from tests.world.shop import Shop

from merx.catalog import (
    CategoryDraft,
    Option,
    OptionValue,
    ProductDraft,
    VariantDraft,
    upsert_categories,
    upsert_products,
)
from merx.infra.db import Database

pytestmark = pytest.mark.usefixtures("shop")


async def test_the_first_page_shows_what_is_new(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    text = text_of(page.text)
    assert "Tea" in text
    assert "Pottery" in text
    assert "CN¥49.90" in text
    assert "set-cookie" not in page.headers


async def test_two_new_visitors_get_the_same_bytes(new_browser: NewBrowser) -> None:
    pages = [(await new_browser().get("/products/tea")).content for _ in range(2)]
    assert pages[0] == pages[1]


async def test_a_page_speaks_the_visitors_language(new_browser: NewBrowser) -> None:
    english = await new_browser("en-GB").get("/products/tea")
    chinese = await new_browser("zh-CN,zh;q=0.9").get("/products/tea")
    assert "In stock" in english.text
    assert "现货" in chinese.text
    assert "商品 tea" in chinese.text
    assert "茶馆" in chinese.text


async def test_the_language_and_the_currency_can_be_switched_and_the_page_stays(
    browser: httpx.AsyncClient,
) -> None:
    switched = await browser.post("/preferences", data={"return_to": "/products/tea", "locale": "zh-CN"})
    assert (switched.status_code, switched.headers["location"]) == (303, "/products/tea")
    await browser.post("/preferences", data={"return_to": "/products/tea", "currency": "USD"})
    page = await browser.get("/products/tea")
    assert '<html lang="zh-CN">' in page.text
    assert "US$7.12" in text_of(page.text)


async def test_a_currency_that_is_not_offered_is_refused(browser: httpx.AsyncClient) -> None:
    refused = await browser.post("/preferences", data={"return_to": "/", "currency": "EUR"})
    assert refused.status_code == 422
    assert "merx_currency" not in refused.cookies


async def test_the_currency_switch_takes_the_cart_along(
    browser: httpx.AsyncClient, shop: Shop, owner: Any
) -> None:
    await browser.post("/cart/lines", data={"variant_id": str(shop.variants["TEA"]), "quantity": "2"})
    await browser.post("/preferences", data={"return_to": "/cart", "currency": "USD"})
    assert await owner.fetchval("SELECT currency FROM carts") == "USD"
    assert "$14.24" in text_of((await browser.get("/cart")).text)


async def test_an_unknown_product_is_a_page_with_a_way_out(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/products/nothing")
    assert page.status_code == 404
    assert "This product does not exist or is not on sale." in text_of(page.text)
    assert 'href="/"' in page.text


async def test_an_unknown_category_and_a_broken_cursor_are_refused(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/categories/nothing")).status_code == 404
    assert (await browser.get("/orders?after=zzz")).status_code == 200
    assert (await browser.get("/products/tea?reviews=zzz")).status_code == 422


async def test_a_line_is_put_in_changed_and_taken_out_without_scripts(
    browser: httpx.AsyncClient, shop: Shop, owner: Any
) -> None:
    product = await browser.get("/products/tea")
    form = fields_of(product.text, "/cart/lines")
    assert form == {"variant_id": str(shop.variants["TEA"]), "quantity": "1"}
    added = await browser.post("/cart/lines", data={**form, "quantity": "2"})
    assert (added.status_code, added.headers["location"]) == (303, "/cart")
    cart = text_of((await browser.get("/cart")).text)
    assert "CN¥99.80" in cart
    line = f"/cart/lines/{shop.variants['TEA']}"
    assert (await browser.post(line, data={"quantity": "3"})).headers["location"] == "/cart"
    assert "CN¥149.70" in text_of((await browser.get("/cart")).text)
    await browser.post(f"{line}/remove")
    assert "Your cart is empty" in text_of((await browser.get("/cart")).text)
    assert await owner.fetchval("SELECT count(*) FROM cart_lines") == 0


async def test_a_script_gets_a_message_and_the_new_count(browser: httpx.AsyncClient, shop: Shop) -> None:
    added = await browser.post(
        "/cart/lines",
        data={"variant_id": str(shop.variants["TEA"]), "quantity": "2"},
        headers={"HX-Request": "true"},
    )
    assert added.status_code == 200
    assert "<html" not in added.text
    assert 'hx-swap-oob="true"' in added.text
    assert "In your cart" in text_of(added.text)
    assert 'aria-label="Cart, 2 items"' in added.text


async def test_a_cart_that_asks_for_too_many_says_so_and_cannot_be_checked_out(
    browser: httpx.AsyncClient, shop: Shop
) -> None:
    await browser.post("/cart/lines", data={"variant_id": str(shop.variants["POT"]), "quantity": "2"})
    text = text_of((await browser.get("/cart")).text)
    assert "Only 1 left. Choose fewer to go on." in text
    assert "Go to checkout" not in text
    assert (await browser.get("/checkout")).headers["location"] == "/cart"


async def test_an_unknown_variant_changes_nothing(browser: httpx.AsyncClient, shop: Shop, owner: Any) -> None:
    refused = await browser.post(
        "/cart/lines", data={"variant_id": str(shop.sellers["pottery"]), "quantity": "1"}
    )
    assert refused.status_code == 404
    assert await owner.fetchval("SELECT count(*) FROM carts") == 0


async def test_somebody_elses_cart_cookie_shows_nothing(
    new_browser: NewBrowser, shop: Shop, owner: Any
) -> None:
    mine = new_browser()
    await mine.post("/cart/lines", data={"variant_id": str(shop.variants["TEA"]), "quantity": "1"})
    cart_id = await owner.fetchval("SELECT id FROM carts")
    thief = new_browser(Cookie=f"merx_cart={cart_id.hex}.guess")
    assert "Your cart is empty" in text_of((await thief.get("/cart")).text)


async def test_a_form_on_another_site_changes_nothing(
    new_browser: NewBrowser, owner: Any, shop: Shop
) -> None:
    victim = new_browser(Origin="http://evil.example")
    data = {"variant_id": str(shop.variants["TEA"]), "quantity": "1"}
    assert (await victim.post("/cart/lines", data=data)).status_code == 403
    assert await owner.fetchval("SELECT count(*) FROM carts") == 0


async def test_an_address_that_no_page_has_is_a_page(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/no/such/page")
    assert page.status_code == 404
    assert "This page is not here" in text_of(page.text)
    assert (await browser.get("/purchases/not-an-id")).status_code == 404
    assert (await browser.get("/purchases/01931b66-0000-7000-8000-000000000001")).status_code == 404


async def test_a_category_lists_sorts_and_goes_on(
    browser: httpx.AsyncClient, shop: Shop, db: Database, now: datetime
) -> None:
    async with db.transaction() as tx:
        await upsert_categories(tx, categories=[CategoryDraft("all", {"zh-CN": "全部", "en": "Everything"})])
        drafts = [
            ProductDraft(
                slug=f"item-{number}",
                seller_id=shop.sellers["tea-house"],
                title={"en": f"Item {number}"},
                category_codes=["all"],
                state="published",
                variants=[VariantDraft(sku=f"I{number}", prices={"CNY": 1000 + number})],
            )
            for number in range(30)
        ]
        assert not (await upsert_products(tx, products=drafts, now=now)).refusals
    first = await browser.get("/categories/all?sort=price_asc")
    titles = re.findall(r"Item \d+(?=</a>)", first.text)
    assert titles == [f"Item {number}" for number in range(24)]
    assert '<a href="/categories/all" aria-current="page">Everything</a>' in first.text
    more = unescape(re.search(r'<a href="([^"]*after=[^"]*)" rel="next"', first.text)[1])  # type: ignore[index]
    rest = await browser.get(more, headers={"HX-Request": "true"})
    assert "<html" not in rest.text
    assert re.findall(r"Item \d+(?=</a>)", rest.text) == [f"Item {number}" for number in range(24, 30)]
    assert 'rel="next"' not in rest.text
    assert (await browser.get("/categories/all?sort=cheapest")).status_code in {400, 422}
    assert (await browser.get("/categories/all?after=zzz")).status_code == 422


async def test_a_choice_of_options_leads_to_its_variant(
    browser: httpx.AsyncClient, shop: Shop, db: Database, now: datetime
) -> None:
    size = Option(
        "size", {"en": "Size"}, [OptionValue("s", {"en": "Small"}), OptionValue("l", {"en": "Large"})]
    )
    draft = ProductDraft(
        slug="bowl", seller_id=shop.sellers["pottery"], title={"en": "Bowl"}, options=[size], state="published",
        variants=[
            VariantDraft(sku="BOWL-S", prices={"CNY": 1000}, label={"en": "Small"}, options={"size": "s"}),
            VariantDraft(sku="BOWL-L", prices={"CNY": 2000}, label={"en": "Large"}, options={"size": "l"}),
        ],
    )  # fmt: skip
    async with db.transaction() as tx:
        await upsert_products(tx, products=[draft], now=now)
    chosen = await browser.get("/products/bowl?o1=l")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/products/bowl?variant=BOWL-L")
    page = text_of((await browser.get("/products/bowl?variant=BOWL-L")).text)
    assert "CN¥20.00" in page
    assert "Sold out" in page
    assert "Add to cart" not in page
