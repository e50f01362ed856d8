"""Whole lives of an order: found, bought, paid, sent, received, reviewed; on a phone in Chinese, at a desk in English."""

import re

import msgspec
import pytest
from playwright.async_api import FilePayload, expect
from tests.e2e.conftest import NewVisitor
from tests.e2e.server import RunningShop, a_picture
from tests.e2e.shopping import (
    NANJING,
    SHANGHAI,
    Address,
    at_cashier,
    log_in,
    mail_to,
    pay,
    put_in_cart,
    register,
    write_address,
)
from tests.e2e.visitor import DESKTOP, PHONE, Visitor, amount, prices
from tests.e2e.words import CHINESE, ENGLISH

SELLER = "beacon@merx.example"


class Scene(msgspec.Struct, frozen=True):
    """What differs between the journeys."""

    language: str
    size: tuple[int, int]
    address: Address
    category: str
    tablet: str
    storage: str
    shoe: str
    seller: str
    other_seller: str
    carrier: str
    tracking_number: str
    email: str
    has_account: bool


IN_CHINESE = Scene(
    language=CHINESE, size=PHONE, address=SHANGHAI, category="电子产品", tablet="诺凡手写平板电脑", storage="128 GB",
    shoe="捷岚日常透气跑鞋", seller="灯塔数码", other_seller="野径运动", carrier="顺丰速运", tracking_number="SF1234567890123",
    email="zhixia@example.com", has_account=True,
)  # fmt: skip
IN_ENGLISH = Scene(
    language=ENGLISH, size=DESKTOP, address=NANJING, category="Electronics", tablet="Norvane Slate Tablet",
    storage="128 GB", shoe="Fleetra Daily Running Shoe", seller="Beacon Electronics", other_seller="Fieldhouse Sports",
    carrier="YTO Express", tracking_number="YT1234567890123", email="ada@example.com", has_account=True,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("scene", [IN_CHINESE, IN_ENGLISH], ids=["phone, zh-CN", "desktop, en"])
async def test_an_order_goes_from_the_first_page_to_its_review(
    visitor: NewVisitor, shop: RunningShop, scene: Scene
) -> None:
    buyer = await visitor(language=scene.language, size=scene.size)
    if scene.has_account:
        await register(buyer, name=scene.address.recipient, email=scene.email)
    await find_and_choose(buyer, scene)
    await fill_the_cart(buyer, scene)
    await check_out(buyer, scene)
    order_number, order_url = await pay_and_find_the_order(buyer, scene)

    seller = await visitor(language=scene.language, size=scene.size)
    await send(seller, scene, order_number)
    letter = await mail_to(shop, SELLER, about=order_number)
    await seller.go("/account/notifications")
    await seller.reads(order_number)
    await seller.look("seller-notifications")
    assert "3024.00" in letter.replace(",", "")
    if scene.has_account:
        assert scene.tracking_number in await mail_to(shop, scene.email, about=order_number)

    await receive(buyer, scene, order_url)
    if scene.has_account:
        await review(buyer, scene)
    verified = shop.merx("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


async def find_and_choose(buyer: Visitor, scene: Scene) -> None:
    """First page → category by price → product → variant → cart."""
    await buyer.go("/")
    await buyer.look("home")
    await buyer.page.get_by_role("navigation", name="商品分类" if scene.language == CHINESE else "Categories")\
        .get_by_role("link", name=scene.category).click()  # fmt: skip
    await buyer.look("category")
    await buyer.link("Price: low to high").click()
    await expect(buyer.page).to_have_url(re.compile("sort="))
    shown = await prices(buyer.page.get_by_role("article"))
    assert shown == sorted(shown)
    assert shown[0] == 29.90
    await buyer.look("category-by-price")
    await buyer.page.get_by_role("link", name=scene.tablet).click()
    await buyer.reads(scene.seller)
    await buyer.look("product")
    await buyer.page.get_by_role("radio", name=scene.storage).check()
    await expect(buyer.page.locator("main")).to_contain_text("2,999.00")
    await expect(buyer.page.get_by_role("radio", name=scene.storage)).to_be_checked()
    await put_in_cart(buyer, count=1)
    await buyer.look("product-added")


async def fill_the_cart(buyer: Visitor, scene: Scene) -> None:
    """Something of another seller, then two of it."""
    await buyer.go("/products/fleetra-daily-running-shoe")
    await buyer.page.get_by_role("radio", name="42").check()
    await expect(buyer.page.get_by_role("radio", name="42")).to_be_checked()
    await put_in_cart(buyer, count=2)
    await buyer.page.locator("#messages").get_by_role("link", name=buyer.say("To the cart")).click()
    await buyer.reads("3,328.00")
    await buyer.look("cart")
    shop_of_shoes = buyer.page.get_by_role("region", name=scene.other_seller)
    await shop_of_shoes.get_by_role("button", name=buyer.say("More")).click()
    await expect(buyer.page.get_by_role("complementary")).to_contain_text("3,657.00")
    await expect(shop_of_shoes.get_by_role("spinbutton")).to_have_value("2")
    await expect(buyer.page.locator("#personal")).to_contain_text("3")
    await buyer.look("cart-two")


async def check_out(buyer: Visitor, scene: Scene) -> None:
    """What is missing is said beside its field, by the browser and by the shop; then the order is placed."""
    await buyer.link("Go to checkout").click()
    await buyer.reads(buyer.say("Checkout"))
    await buyer.look("checkout")
    city = buyer.page.get_by_label(buyer.say("City"), exact=True)
    await write_address(buyer, scene.address, email=None if scene.has_account else scene.email)
    await city.fill("")
    await buyer.button("Order and pay").click()
    await expect(city).to_be_focused()
    await city.fill(" ")
    await buyer.field("Phone number").fill("123")
    buyer.refusals.add(422)
    await buyer.button("Order and pay").click()
    phone = buyer.field("Phone number")
    await expect(phone).to_have_accessible_description(
        buyer.say("Write a telephone number of 6 to 15 digits.")
    )
    await expect(phone).to_be_focused()
    await buyer.look("checkout-wrong-phone")
    await phone.fill(scene.address.phone)
    await buyer.button("Order and pay").click()
    await expect(city).to_have_accessible_description(buyer.say("Fill this in."))
    await expect(city).to_be_focused()
    await expect(phone).to_have_value(scene.address.phone)
    await expect(phone).not_to_have_attribute("aria-invalid", "true")
    await buyer.look("checkout-no-city")
    buyer.refusals.clear()
    await city.fill(scene.address.city)
    await buyer.page.get_by_role("radio", name=buyer.say("Express")).check()
    await expect(buyer.page.locator("#totals")).to_contain_text("3,704.00")
    await buyer.look("checkout-express")
    await buyer.button("Order and pay").click()
    await at_cashier(buyer)
    await expect(buyer.page.get_by_role("heading", level=1)).to_have_text("¥3,704.00")


async def pay_and_find_the_order(buyer: Visitor, scene: Scene) -> tuple[str, str]:
    """Paid once, shown as two orders; the number and address of the first seller's."""
    await pay(buyer)
    await buyer.look("paid")
    await expect(buyer.page.locator("#personal")).not_to_contain_text("3")
    await buyer.go("/orders")
    await expect(buyer.page.locator("main").get_by_role("listitem")).to_have_count(2)
    await buyer.look("orders")
    await buyer.page.locator("main").get_by_role("link", name=scene.seller).click()
    await buyer.reads(buyer.say("Paid, being prepared"))
    await buyer.reads(scene.address.line1)
    await buyer.look("order-paid")
    heading = await buyer.page.get_by_role("heading", level=1).inner_text()
    return heading.split()[-1], buyer.path


async def send(seller: Visitor, scene: Scene, number: str) -> None:
    """The seller finds the paid order, sends it and marks it delivered."""
    await log_in(seller, SELLER)
    await seller.page.get_by_label("我的账号" if scene.language == CHINESE else "My account").click()
    await seller.link("My shop's orders").click()
    row = seller.page.get_by_role("listitem").filter(has_text=number)
    await expect(row).to_contain_text(seller.say("Paid, being prepared"))
    assert amount(await row.locator(".price").inner_text()) == 3024.00
    await seller.look("seller-orders")
    await row.get_by_role("link").click()
    await seller.reads(scene.address.recipient)
    await seller.look("seller-order")
    await seller.field("Carrier").select_option(label=scene.carrier)
    await seller.field("Tracking number").fill(scene.tracking_number)
    await seller.button("Handed to the carrier").click()
    await seller.reads(scene.tracking_number)
    await seller.reads(seller.say("On its way"))
    await seller.look("seller-order-sent")
    await seller.button("Mark as delivered").click()
    await seller.reads(seller.say("Delivered"))
    await expect(seller.button("Mark as delivered")).to_have_count(0)
    await seller.look("seller-order-delivered")


async def receive(buyer: Visitor, scene: Scene, order_url: str) -> None:
    """The buyer follows the parcel and confirms that it came."""
    await buyer.go(order_url)
    await buyer.reads(scene.carrier)
    await buyer.reads(scene.tracking_number)
    await expect(buyer.page.locator("main .badge").first).to_have_text(buyer.say("Delivered"))
    await buyer.look("order-delivered")
    await buyer.button("I have received it").click()
    await expect(buyer.page.locator("main .badge").first).to_have_text(buyer.say("Received"))
    await buyer.look("order-received")


async def review(buyer: Visitor, scene: Scene) -> None:
    """Stars, words and a picture for the product, stars and words for the shop."""
    page = buyer.page
    text = (
        "屏幕清晰，手写顺滑。" if scene.language == CHINESE else "Clear screen, and the pen writes smoothly."
    )
    await page.get_by_text(buyer.say("Write a review")).click()
    form = page.locator("details[open]")
    await form.get_by_role("radio").nth(3).check()
    await form.get_by_label(buyer.say("What should others know?")).fill(text)
    picture = FilePayload(name="tablet.png", mimeType="image/png", buffer=a_picture(999))
    await form.get_by_label(buyer.say("Pictures")).set_input_files([picture])
    await buyer.look("review")
    await form.get_by_role("button", name=buyer.say("Publish the review")).click()
    await buyer.reads(buyer.say("You have reviewed this. Thank you."))
    await page.get_by_text(buyer.say("Rate the shop")).click()
    form = page.locator("details[open]")
    await form.get_by_role("radio").nth(4).check()
    await form.get_by_label(buyer.say("What should others know?")).fill("发货很快。")
    await form.get_by_role("button", name=buyer.say("Publish the review")).click()
    await expect(page.get_by_text(buyer.say("Rate the shop"))).to_have_count(0)
    await buyer.look("order-reviewed")

    await page.get_by_role("link", name=scene.tablet).click()
    written = page.locator("#reviews").get_by_role("listitem").filter(has_text=text)
    await expect(written).to_have_count(1)
    await expect(written.get_by_role("img", name=re.compile("^4"))).to_be_visible()
    await expect(written).not_to_contain_text(scene.address.recipient)
    await expect(written.locator("picture img")).to_have_js_property("complete", value=True)
    assert await written.locator("picture img").evaluate("(image) => image.naturalWidth") > 0
    await buyer.look("product-reviewed")
