"""Codes in the cart: entered, refused beside their field, applied to the total that is ordered."""

from datetime import datetime
from typing import Any

import httpx
import pytest
from tests.storefront.test_buying import GUEST, order, put_in
from tests.world.offers import FIVE_YUAN, FREE_DELIVERY, TEN_PERCENT, an_offer
from tests.world.pages import text_of
from tests.world.shop import Shop

from merx.infra.db import Database
from merx.promotions import Trigger


@pytest.mark.parametrize(("typed", "text"), [
    ("NOBODY", "There is no promotion with the code NOBODY. Check the spelling."),
    ("a b", "A code has 3 to 32 letters, digits or hyphens, and begins with a letter or a digit."),
])  # fmt: skip
async def test_a_code_that_is_refused_stands_beside_its_field(
    browser: httpx.AsyncClient, shop: Shop, owner: Any, typed: str, text: str
) -> None:
    await put_in(browser, shop, TEA=1)
    page = await browser.post("/cart/codes", data={"code": typed})
    assert page.status_code == 422
    assert text in text_of(page.text)
    assert f'value="{typed}"' in page.text
    assert await owner.fetchval("SELECT codes FROM carts") == []


async def test_a_code_says_what_is_missing_then_applies_and_is_what_is_paid(
    browser: httpx.AsyncClient, shop: Shop, db: Database, now: datetime, owner: Any
) -> None:
    await an_offer(db, shop, now=now, trigger=Trigger.CODE, code="TEA-5", threshold=6000, **FIVE_YUAN)
    await put_in(browser, shop, TEA=1)
    entered = await browser.post("/cart/codes", data={"code": " tea-5 "})
    assert (entered.status_code, entered.headers["location"]) == (303, "/cart")
    assert "CN¥10.10 more and it applies." in text_of((await browser.get("/cart")).text)
    await put_in(browser, shop, CUP=1)
    cart = text_of((await browser.get("/cart")).text)
    assert "− CN¥5.00" in cart
    assert "CN¥57.40" in cart
    checkout = text_of((await browser.get("/checkout")).text)
    assert "− CN¥5.00" in checkout
    ordered = await order(browser, GUEST)
    assert ordered.status_code == 303, text_of(ordered.text)
    assert await owner.fetchval("SELECT total FROM purchases") == 4990 + 1250 - 500 + 800


async def test_a_code_is_taken_out_again(
    browser: httpx.AsyncClient, shop: Shop, db: Database, now: datetime, owner: Any
) -> None:
    await an_offer(db, shop, now=now, trigger=Trigger.CODE, code="TEA-5", **FIVE_YUAN)
    await put_in(browser, shop, TEA=1)
    await browser.post("/cart/codes", data={"code": "TEA-5"})
    assert await owner.fetchval("SELECT codes FROM carts") == ["TEA-5"]
    assert (await browser.post("/cart/codes/remove", data={"code": "TEA-5"})).status_code == 303
    assert await owner.fetchval("SELECT codes FROM carts") == []
    assert "− CN¥" not in text_of((await browser.get("/cart")).text)


async def test_automatic_offers_are_in_the_total_that_is_ordered_and_on_the_orders_page(
    browser: httpx.AsyncClient, shop: Shop, db: Database, now: datetime, owner: Any
) -> None:
    await an_offer(db, shop, now=now, **TEN_PERCENT)
    await an_offer(db, shop, now=now, of=None, **FREE_DELIVERY)
    await put_in(browser, shop, TEA=1)
    ordered = await order(browser, GUEST)
    assert ordered.status_code == 303, text_of(ordered.text)
    purchase = await owner.fetchrow(
        "SELECT p.id, p.total, o.id AS order_id FROM purchases p JOIN orders o ON true"
    )
    assert purchase["total"] == 4990 - 499
    page = text_of((await browser.get(f"/purchases/{purchase['id']}/orders/{purchase['order_id']}")).text)
    assert "− CN¥12.99" in page
    assert "CN¥44.91" in page
