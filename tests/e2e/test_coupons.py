"""Coupons and codes, as a shopper meets them: claimed, entered, seen in the cart, and on the order that was placed."""

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import NewVisitor
from tests.e2e.shopping import NANJING, SHANGHAI, Address, register, write_address
from tests.e2e.visitor import DESKTOP, PHONE
from tests.e2e.words import CHINESE, ENGLISH


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "size", "address"),
    [(CHINESE, PHONE, SHANGHAI), (ENGLISH, DESKTOP, NANJING)],
    ids=["zh-CN", "en"],
)
async def test_a_coupon_is_claimed_a_code_entered_and_both_come_off(
    visitor: NewVisitor, language: str, size: tuple[int, int], address: Address
) -> None:
    buyer = await visitor(language=language, size=size)
    await register(buyer, name="Ada Marsh", email=f"saver-{language}@example.com")
    await buyer.go("/coupons")
    await buyer.look("coupons")
    free = buyer.page.locator("li").filter(has_text=buyer.say("Free delivery"))
    await free.get_by_role("button").click()
    await expect(free).to_contain_text(buyer.say("Claimed"))
    await buyer.go("/account/coupons")
    await buyer.reads(buyer.say("Free delivery"))
    await buyer.look("my-coupons")

    await buyer.go("/products/strivo-skipping-rope")
    await buyer.button("Add to cart").click()
    await expect(buyer.page.locator("#messages")).to_contain_text(buyer.say("In your cart"))
    await buyer.go("/cart")
    await buyer.field("Promotion code").fill("NOBODY")
    buyer.refusals.add(422)
    await buyer.page.keyboard.press("Enter")
    await buyer.reads("NOBODY")
    await buyer.look("cart-unknown-code")
    await buyer.field("Promotion code").fill("merx10")
    await buyer.page.keyboard.press("Enter")
    await buyer.reads(buyer.say("10% off everything"))
    await buyer.look("cart-with-code")

    await buyer.go("/checkout")
    await write_address(buyer, address, email=None)
    await buyer.page.get_by_role("radio", name=buyer.say("Bank transfer")).check()
    totals = buyer.page.locator("#totals")
    await expect(totals).to_contain_text(buyer.say("10% off everything"))
    await expect(totals).to_contain_text(buyer.say("Free delivery"))
    await buyer.look("checkout-with-discounts")
    await buyer.button("Order and pay").click()
    await buyer.reads(buyer.say("Please transfer the amount"))
    await buyer.go("/orders")
    await buyer.page.locator("main article a, main li a").first.click()
    await buyer.reads(buyer.say("Discounts"))
    await buyer.look("order-with-discounts")
    await buyer.go("/account/coupons")
    await buyer.look("my-coupons-used")
