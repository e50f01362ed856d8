"""Promotions through the pages: made by their keepers, claimed and entered by buyers, explained in cart and order."""

from typing import Any

import httpx
import pytest
from tests.storefront.test_buying import GUEST, order, put_in, register
from tests.world.offers import FIVE_YUAN, an_offer
from tests.world.pages import NewBrowser, fields_of, text_of
from tests.world.shop import Shop

from merx.accounts import appoint_staff
from merx.promotions import Trigger
from merx.sellers import add_member
from merx.services import Services

NEW = {
    "name_zh": "满减", "name_en": "Savings", "kind": "amount_off", "amount": "5", "threshold": "20", "currency": "CNY",
    "trigger": "automatic", "scope": "everything", "priority": "100", "given_back": "yes",
}  # fmt: skip


async def _keeper(
    new_browser: NewBrowser, services: Services, owner: Any, *sellers: Any
) -> httpx.AsyncClient:
    """Somebody of these shops, or of the platform's staff."""
    browser = new_browser()
    email = f"keeper{len(sellers)}@example.com"
    await register(browser, email)
    account_id = await owner.fetchval("SELECT id FROM accounts ORDER BY created_at DESC, id DESC LIMIT 1")
    async with services.db.transaction() as tx:
        for seller_id in sellers:
            await add_member(
                tx, seller_id=seller_id, account_id=account_id, role="owner", now=services.clock()
            )
        if not sellers:
            await appoint_staff(tx, account_id=account_id, now=services.clock())
    return browser


async def test_a_guest_is_led_to_log_in_and_a_buyer_claims_and_uses(
    new_browser: NewBrowser, browser: httpx.AsyncClient, services: Services, shop: Shop
) -> None:
    assert "No coupons at the moment" in (await browser.get("/coupons")).text
    made = await an_offer(
        services.db, shop, now=services.clock(), trigger=Trigger.COUPON, uses_total=1, uses_per_person=1, **FIVE_YUAN
    )  # fmt: skip
    claim = f"/coupons/{made.id}/claim"
    page = text_of((await browser.get("/coupons")).text)
    assert "CN¥5.00 off" in page
    assert "Everything from Tea House" in page
    assert "1 left" in page
    assert "Log in and claim" in page
    assert (await browser.post(claim)).headers["location"] == "/login?return_to=%2Fcoupons"
    await register(browser)
    assert "You have no coupons yet" in (await browser.get("/account/coupons")).text
    assert (await browser.post(claim)).headers["location"] == "/coupons"
    assert "Use it" in (await browser.get("/coupons")).text
    assert "Ready to use" in (await browser.get("/account/coupons")).text
    again = await browser.post(claim)
    assert again.status_code == 409
    late = new_browser()
    await register(late, "late@example.com")
    refused = await late.post(claim)
    assert refused.status_code == 409
    assert "All coupons of this promotion have been claimed." in refused.text
    assert "All claimed" in refused.text
    await put_in(browser, shop, CUP=2)
    cart = text_of((await browser.get("/cart")).text)
    assert "− CN¥5.00" in cart


async def test_an_order_shows_what_was_taken_off(
    browser: httpx.AsyncClient, services: Services, shop: Shop, owner: Any
) -> None:
    await an_offer(services.db, shop, now=services.clock(), **FIVE_YUAN)
    await put_in(browser, shop, CUP=1)
    done = await order(browser, GUEST)
    assert done.status_code == 303, text_of(done.text)
    purchase_id, order_id = await owner.fetchrow("SELECT purchase_id, id FROM orders")
    words = text_of((await browser.get(f"/purchases/{purchase_id}/orders/{order_id}")).text)
    assert "Discounts − CN¥5.00" in words
    assert "CN¥15.50" in words


async def test_a_choice_of_delivery_prices_the_promotions_anew(
    browser: httpx.AsyncClient, services: Services, shop: Shop
) -> None:
    await an_offer(services.db, shop, now=services.clock(), **FIVE_YUAN)
    await put_in(browser, shop, CUP=1)
    page = await browser.get("/checkout")
    fields = fields_of(page.text, "/checkout")
    assert fields["expected_total"] == str(1250 + 800 - 500)
    totals = await browser.post("/checkout/totals", data=fields)
    assert "− CN¥5.00" in text_of(totals.text)


async def test_a_seller_makes_one_and_nothing_typed_is_lost(
    new_browser: NewBrowser, services: Services, shop: Shop, owner: Any
) -> None:
    seller = await _keeper(new_browser, services, owner, shop.sellers["tea-house"])
    assert "No promotions yet" in (await seller.get("/seller/promotions")).text
    form = await seller.get("/seller/promotions/new")
    sent = {**fields_of(form.text, "/seller/promotions/new"), **NEW}
    bad = {
        **sent, "kind": "percentage", "percent": "200", "name_zh": "", "name_en": "", "scope": "products", "things": "POT",
        "uses_total": "many", "starts_at": "soon",
    }  # fmt: skip
    refused = await seller.post("/seller/promotions/new", data=bad)
    assert refused.status_code == 422
    words = text_of(refused.text)
    assert "Write a percentage of at most 100, such as 12.5." in words
    assert "Nothing is called POT here." in words
    assert "Write a whole number, or leave it empty." in words
    assert "Choose a date and a time." in words
    for typed in ('value="200"', 'value="many"', ">POT</textarea>", 'value="soon"'):
        assert typed in refused.text
    mended = {
        **sent, "kind": "percentage", "percent": "12.5", "scope": "products", "things": "CUP", "ends_at": "2099-01-01T08:00",
        "threshold": "", "uses_total": "10",
    }  # fmt: skip
    made = await seller.post("/seller/promotions/new", data=mended)
    assert made.status_code == 303, text_of(made.text)
    row = await owner.fetchrow("SELECT * FROM promotions")
    assert (row["percent_bp"], row["currency"], row["uses_total"]) == (1250, None, 10)
    assert row["ends_at"].isoformat() == "2099-01-01T00:00:00+00:00"
    assert list(row["scope_ids"]) == [shop.products["CUP"]]
    page = text_of((await seller.get(made.headers["location"])).text)
    assert "12.5% off" in page
    assert "10 of 10" in page
    assert "Savings" in (await seller.get("/seller/promotions")).text


async def test_a_promotion_is_changed_paused_resumed_and_ended(
    new_browser: NewBrowser, services: Services, shop: Shop, owner: Any
) -> None:
    seller = await _keeper(new_browser, services, owner, shop.sellers["tea-house"])
    made = await an_offer(services.db, shop, now=services.clock(), uses_total=3, **FIVE_YUAN)
    url = f"/seller/promotions/{made.id}"
    change = {"name_zh": "新名", "name_en": "New name", "ends_at": "2001-01-01T00:00", "uses_total": "5"}
    refused = await seller.post(url, data=change)
    assert refused.status_code == 422
    assert "A promotion ends after it has started, and in the future." in refused.text
    assert 'value="New name"' in refused.text
    assert (await seller.post(url, data={**change, "ends_at": ""})).status_code == 303
    assert "New name" in (await seller.get(url)).text
    for verb, said in (("pause", "Paused"), ("resume", "Running"), ("end", "Ended")):
        assert (await seller.post(f"{url}/{verb}")).status_code == 303
        assert said in text_of((await seller.get(url)).text)
    assert (await seller.post(f"{url}/pause")).status_code == 409


@pytest.mark.parametrize("path", ["", "/pause", "/resume", "/end"])
async def test_another_sellers_promotion_is_not_there(
    new_browser: NewBrowser, services: Services, shop: Shop, owner: Any, path: str
) -> None:
    seller = await _keeper(new_browser, services, owner, shop.sellers["pottery"])
    staff = await _keeper(new_browser, services, owner)
    made = await an_offer(services.db, shop, now=services.clock(), **FIVE_YUAN)
    for keeper, side in ((seller, "seller"), (staff, "staff")):
        assert (await keeper.get(f"/{side}/promotions/{made.id}")).status_code == 404
        sent = await keeper.post(
            f"/{side}/promotions/{made.id}{path}", data={"name_en": "x"} if not path else {}
        )
        assert sent.status_code == 404
    foreign = {**NEW, "seller_id": str(shop.sellers["tea-house"])}
    assert (await seller.post("/seller/promotions/new", data=foreign)).status_code == 404


@pytest.mark.usefixtures("shop")
async def test_staff_make_a_code_for_shops_and_no_code_twice(
    new_browser: NewBrowser, services: Services, owner: Any
) -> None:
    staff = await _keeper(new_browser, services, owner)
    assert "/staff/promotions" in (await staff.get("/")).text
    sent = {**NEW, "trigger": "code", "code": "tea-5", "scope": "sellers", "things": "tea-house"}
    made = await staff.post("/staff/promotions/new", data=sent)
    assert made.status_code == 303, text_of(made.text)
    assert "With the code TEA-5" in text_of((await staff.get(made.headers["location"])).text)
    twice = await staff.post("/staff/promotions/new", data=sent)
    assert twice.status_code == 422
    assert "The code TEA-5 belongs to another promotion. Choose another one." in twice.text


async def test_who_keeps_nothing_is_turned_away(browser: httpx.AsyncClient) -> None:
    login = await browser.get("/seller/promotions")
    assert login.headers["location"].startswith("/login")
    await register(browser)
    for path in (
        "/seller/promotions",
        "/seller/promotions/new",
        "/staff/promotions",
        "/staff/promotions/new",
    ):
        assert (await browser.get(path)).status_code == 403
