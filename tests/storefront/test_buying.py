"""A purchase through the pages, by a guest and by an account, to the review."""

import io
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from tests.world.pages import NewBrowser, fields_of, text_of
from tests.world.shop import Shop

from merx.cashier import ask_provider
from merx.sellers import add_member
from merx.services import Services
from merx.simulators import AlipaySimulator

pytestmark = pytest.mark.usefixtures("shop")

PASSWORD = "correct horse battery"
ADDRESS = {
    "name": "Ada Byron", "phone": "+86 138 0013 8000", "country": "CN", "region": "上海", "city": "上海",
    "postal_code": "200031", "line1": "武康路 100 号", "line2": "",
}  # fmt: skip
GUEST = {**ADDRESS, "email": "ada@example.com"}


async def put_in(browser: httpx.AsyncClient, shop: Shop, **lines: int) -> None:
    for sku, quantity in lines.items():
        await browser.post(
            "/cart/lines", data={"variant_id": str(shop.variants[sku]), "quantity": str(quantity)}
        )


async def order(browser: httpx.AsyncClient, address: dict[str, str], **changes: str) -> httpx.Response:
    page = await browser.get("/checkout")
    assert page.status_code == 200, page.headers
    return await browser.post(
        "/checkout", data={**fields_of(page.text, "/checkout"), **address, "action": "order", **changes}
    )


async def register(browser: httpx.AsyncClient, email: str = "ada@example.com") -> None:
    form = {"name": "Ada Byron", "email": email, "password": PASSWORD, "return_to": "/"}
    done = await browser.post("/register", data=form)
    assert done.status_code == 303, text_of(done.text)


async def pay(services: Services, simulator: AlipaySimulator, ordered: httpx.Response, owner: Any) -> str:
    """Follow the browser to the provider, pay there, and let the shop ask; returns the purchase's page."""
    assert ordered.status_code == 303, text_of(ordered.text)
    gateway = urlsplit(ordered.headers["location"])
    assert gateway.netloc == "alipay.test", ordered.headers["location"]
    async with httpx.AsyncClient(transport=simulator.transport(), base_url="http://alipay.test") as visitor:
        await visitor.get(ordered.headers["location"])
    payment = await owner.fetchrow("SELECT * FROM payments ORDER BY created_at DESC LIMIT 1")
    simulator.pay(payment["number"])
    assert await ask_provider(services.db, services.providers, payment_id=payment["id"], now=services.clock())
    return f"/purchases/{payment['purchase_id']}"


async def test_a_guest_buys_and_follows_the_order(
    browser: httpx.AsyncClient,
    new_browser: NewBrowser,
    shop: Shop,
    services: Services,
    simulator: AlipaySimulator,
    owner: Any,
) -> None:
    await put_in(browser, shop, TEA=1, POT=1)
    checkout = await browser.get("/checkout")
    assert "CN¥257.90" in text_of(checkout.text)
    url = await pay(services, simulator, await order(browser, GUEST), owner)
    paid = text_of((await browser.get(url)).text)
    assert "Thank you, your payment is confirmed" in paid
    assert "Order at Tea House" in paid
    assert "Order at Pottery" in paid
    assert "Your cart is empty" in text_of((await browser.get("/cart")).text)
    listed = await browser.get("/orders")
    assert "Paid, being prepared" in text_of(listed.text)
    stranger = await new_browser().get(url)
    assert stranger.status_code == 404
    assert (await new_browser().post(f"{url}/cancel")).status_code == 404


async def test_a_guests_mistakes_stand_beside_their_fields_and_nothing_is_ordered(
    browser: httpx.AsyncClient, shop: Shop, owner: Any
) -> None:
    await put_in(browser, shop, TEA=1)
    for wrong, field, text in [
        ({"phone": "12"}, "phone", "Write a telephone number of 6 to 15 digits."),
        ({"email": ""}, "email", "Write an e-mail address such as name@example.com."),
        ({"line1": " "}, "line1", "Fill this in."),
        (
            {"payment": "cash"},
            "payment",
            "This cannot be paid this way at the moment. Choose another payment method.",
        ),
        ({"delivery": "express"}, "delivery", "Choose a delivery method of the list."),
        ({"country": "FR"}, "delivery", "Choose a delivery method of the list."),
    ]:
        page = await order(browser, {**GUEST, **wrong})
        assert page.status_code == 422, wrong
        assert f'id="{field}-error"' in page.text
        assert text in text_of(page.text)
        assert 'value="Ada Byron"' in page.text
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 0


async def test_a_price_that_changed_is_shown_and_asked_about_again(
    browser: httpx.AsyncClient, shop: Shop, owner: Any
) -> None:
    await put_in(browser, shop, TEA=1)
    page = await order(browser, GUEST, expected_total="1")
    assert page.status_code == 409
    assert "The total has changed since you last saw it." in text_of(page.text)
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 0
    again = await browser.post("/checkout", data={**fields_of(page.text, "/checkout"), "action": "order"})
    assert again.status_code == 303
    assert await owner.fetchval("SELECT total FROM purchases") == 5790


async def test_the_same_order_sent_twice_is_one_purchase(
    browser: httpx.AsyncClient, shop: Shop, owner: Any
) -> None:
    await put_in(browser, shop, TEA=1)
    page = await browser.get("/checkout")
    form = {**fields_of(page.text, "/checkout"), **GUEST, "action": "order"}
    cookies = dict(browser.cookies)
    first = await browser.post("/checkout", data=form)
    browser.cookies.update(cookies)
    second = await browser.post("/checkout", data=form)
    assert (first.status_code, second.status_code) == (303, 303)
    purchase_id = await owner.fetchval("SELECT id FROM purchases")
    assert second.headers["location"] == f"/purchases/{purchase_id}"
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 1


async def test_goods_that_sold_out_meanwhile_lead_back_to_the_cart(
    browser: httpx.AsyncClient, new_browser: NewBrowser, shop: Shop, owner: Any
) -> None:
    other = new_browser()
    await put_in(browser, shop, POT=1)
    await put_in(other, shop, POT=1)
    page = await browser.get("/checkout")
    assert (await order(other, GUEST)).status_code == 303
    late = await browser.post(
        "/checkout", data={**fields_of(page.text, "/checkout"), **GUEST, "action": "order"}
    )
    assert late.status_code in {409, 303, 422}
    assert "Sold out" in text_of((await browser.get("/cart")).text)
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 1


async def test_an_unpaid_purchase_can_be_cancelled_and_frees_its_stock(
    browser: httpx.AsyncClient, shop: Shop, owner: Any
) -> None:
    await put_in(browser, shop, POT=1)
    assert (await order(browser, GUEST)).status_code == 303
    purchase_id = await owner.fetchval("SELECT id FROM purchases")
    waiting = await browser.get(f"/purchases/{purchase_id}")
    assert "Waiting for your payment" in text_of(waiting.text)
    part = await browser.get(f"/purchases/{purchase_id}", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert 'hx-trigger="every 2s"' in part.text
    await browser.post(f"/purchases/{purchase_id}/cancel")
    assert "This order was cancelled" in text_of((await browser.get(f"/purchases/{purchase_id}")).text)
    assert await owner.fetchval("SELECT sum(held) FROM allotments") == 0


async def test_an_account_buys_receives_and_reviews_with_a_picture(
    browser: httpx.AsyncClient,
    new_browser: NewBrowser,
    shop: Shop,
    services: Services,
    simulator: AlipaySimulator,
    owner: Any,
) -> None:
    await put_in(browser, shop, TEA=2)
    await register(browser)
    assert "CN¥99.80" in text_of((await browser.get("/cart")).text)
    url = await pay(services, simulator, await order(browser, ADDRESS), owner)
    assert "武康路 100 号" in text_of((await browser.get("/account/addresses")).text)
    found = await owner.fetchrow("SELECT * FROM orders")
    order_url = f"{url}/orders/{found['id']}"

    seller = new_browser()
    await register(seller, "seller@example.com")
    assert (await seller.get("/seller/orders")).status_code == 403
    account_id = await owner.fetchval("SELECT id FROM accounts ORDER BY created_at DESC, id DESC LIMIT 1")
    async with services.db.transaction() as tx:
        await add_member(
            tx, seller_id=shop.sellers["tea-house"], account_id=account_id, role="owner", now=services.clock()
        )
    sale = f"/seller/orders/{found['id']}"
    assert found["number"] in text_of((await seller.get(sale)).text)
    assert "武康路 100 号" in text_of((await seller.get(sale)).text)
    wrong = await seller.post(f"{sale}/ship", data={"carrier": "shunfeng", "tracking_number": "x"})
    assert wrong.status_code == 422
    assert 'id="tracking_number-error"' in wrong.text
    sent = await seller.post(
        f"{sale}/ship", data={"carrier": "shunfeng", "tracking_number": "SF1234567890123"}
    )
    assert (sent.status_code, sent.headers["location"]) == (303, sale)
    parcel_id = await owner.fetchval("SELECT id FROM fulfilments")
    await seller.post(f"{sale}/parcels/{parcel_id}/delivered")

    page = await browser.get(order_url)
    assert "SF1234567890123" in page.text
    assert "Write a review" not in text_of(page.text)
    assert (await new_browser().post(f"{order_url}/parcels/{parcel_id}/receive")).status_code == 404
    received = await browser.post(f"{order_url}/parcels/{parcel_id}/receive")
    assert (received.status_code, received.headers["location"]) == (303, order_url)
    line_id = await owner.fetchval("SELECT id FROM order_lines")
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(picture, "JPEG")
    review = f"{order_url}/lines/{line_id}/review"
    no_picture = await browser.post(
        review, data={"body": "Good", "score": "5"}, files={"pictures": ("a.jpg", b"GIF89a")}
    )
    assert no_picture.status_code == 422
    assert f'id="pictures-{line_id}-error"' in no_picture.text
    assert await owner.fetchval("SELECT count(*) FROM product_reviews") == 0
    written = await browser.post(
        review,
        data={"body": "Smells of mountains.", "score": "5"},
        files={"pictures": ("a.jpg", picture.getvalue())},
    )
    assert (written.status_code, written.headers["location"]) == (303, order_url)
    await browser.post(f"{order_url}/review", data={"body": "Kind people.", "score": "4"})
    assert await owner.fetchval("SELECT score FROM seller_reviews") == 4
    product = await new_browser().get("/products/tea")
    assert "Smells of mountains." in product.text
    assert "A*" in text_of(product.text)
    assert "Ada" not in product.text
    assert "/media/" in product.text
    assert "You have reviewed this. Thank you." in text_of((await browser.get(order_url)).text)


async def test_only_members_see_the_sellers_side(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/seller/orders")
    assert (page.status_code, page.headers["location"]) == (303, "/login?return_to=%2Fseller%2Forders")


async def test_log_in_and_out(browser: httpx.AsyncClient) -> None:
    await register(browser)
    assert "Ada Byron" in (await browser.get("/")).text
    out = await browser.post("/logout")
    assert out.headers["location"] == "/"
    assert "Ada Byron" not in (await browser.get("/")).text
    wrong = await browser.post(
        "/login", data={"email": "ada@example.com", "password": "not this one", "return_to": "/"}
    )
    assert wrong.status_code == 422
    assert "The e-mail address or the password is wrong." in text_of(wrong.text)
    assert "not this one" not in wrong.text
    back = await browser.post(
        "/login", data={"email": "ada@example.com", "password": PASSWORD, "return_to": "//evil.example"}
    )
    assert (back.status_code, back.headers["location"]) == (303, "/")
    assert "HttpOnly" in back.headers["set-cookie"]
    assert "SameSite=lax" in back.headers["set-cookie"]


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"email": "ada"}, "email", "Write an e-mail address such as name@example.com."),
        ({"password": "short"}, "password", "Choose a password of at least 8 characters."),
        ({"name": ""}, "name", "Fill this in."),
    ],
)
async def test_a_registration_says_which_field_is_wrong(
    browser: httpx.AsyncClient, owner: Any, change: dict[str, str], field: str, text: str
) -> None:
    form = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD, "return_to": "/", **change}
    page = await browser.post("/register", data=form)
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert text in text_of(page.text)
    assert await owner.fetchval("SELECT count(*) FROM accounts") == 0


async def test_addresses_are_kept_changed_preferred_and_deleted(
    browser: httpx.AsyncClient, new_browser: NewBrowser, owner: Any
) -> None:
    await register(browser)
    assert (await browser.post("/account/addresses/new", data=ADDRESS)).status_code == 303
    assert (
        await browser.post("/account/addresses/new", data={**ADDRESS, "line1": "Second"})
    ).status_code == 303
    first, second = [
        row["id"] for row in await owner.fetch("SELECT id FROM addresses ORDER BY created_at, id")
    ]
    await browser.post(f"/account/addresses/{second}/default")
    assert await owner.fetchval("SELECT id FROM addresses WHERE is_default") == second
    page = await browser.get(f"/account/addresses/{first}")
    form = fields_of(page.text, f"/account/addresses/{first}")
    changed = await browser.post(f"/account/addresses/{first}", data={**form, "city": "杭州"})
    assert changed.status_code == 303
    stale = await browser.post(f"/account/addresses/{first}", data={**form, "city": "苏州"})
    assert stale.status_code == 422
    assert "杭州" in text_of((await browser.get("/account/addresses")).text)
    other = new_browser()
    await register(other, "eve@example.com")
    assert (await other.get(f"/account/addresses/{first}")).status_code == 404
    assert (await other.post(f"/account/addresses/{first}/delete")).status_code == 404
    assert await owner.fetchval("SELECT count(*) FROM addresses") == 2
    await browser.post(f"/account/addresses/{first}/delete")
    assert await owner.fetchval("SELECT count(*) FROM addresses") == 1
