"""Every way to pay, as a person meets it: a code, a card, a bank transfer, cash at the door, and a change of mind."""

import re
from typing import Final

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import NewVisitor
from tests.e2e.server import RunningShop
from tests.e2e.shopping import NANJING, SHANGHAI, Address, at_cashier, log_in, pay, write_address
from tests.e2e.visitor import DESKTOP, PHONE, Visitor
from tests.e2e.words import CHINESE, ENGLISH

PLATFORM: Final = "platform@merx.example"
SELLER: Final = "fieldhouse@merx.example"
ROPE: Final = "/products/strivo-skipping-rope"
DECLINED_CARD: Final = "4000 0000 0000 0002"
CARD_WITH_3D_SECURE: Final = "4000 0025 0000 3155"


@pytest.mark.slow
async def test_a_code_is_paid_with_the_wallet_while_the_page_follows(visitor: NewVisitor) -> None:
    buyer = await visitor(language=CHINESE, size=DESKTOP)
    await order(buyer, SHANGHAI, way="WeChat Pay")
    await expect(buyer.page.get_by_role("img", name="支付 ¥49.90 的二维码")).to_be_visible()
    await buyer.look("payment-code")
    async with buyer.context.expect_page() as opened:
        await buyer.link("Open the simulated wallet").click()
    wallet = await opened.value
    await wallet.get_by_role("button", name="支付").click()
    await expect(wallet.get_by_role("heading", level=2)).to_have_text("支付成功")
    await buyer.reads(buyer.say("Thank you, your payment is confirmed"))
    await expect(buyer.page.locator("#scan")).to_have_count(0)


@pytest.mark.slow
async def test_a_declined_card_is_followed_by_one_that_its_bank_verifies(visitor: NewVisitor) -> None:
    buyer = await visitor(language=ENGLISH, size=PHONE)
    await order(buyer, NANJING, way="Bank card")
    buyer.refusals.add(402)
    await charge(buyer, DECLINED_CARD)
    await expect(buyer.page.get_by_role("alert")).to_contain_text("Nothing was charged")
    await charge(buyer, CARD_WITH_3D_SECURE)
    await expect(buyer.page.get_by_role("heading", level=2)).to_contain_text("3-D Secure")
    await buyer.page.get_by_role("button", name="Complete").click()
    await buyer.reads(buyer.say("Thank you, your payment is confirmed"))
    await buyer.look("paid-by-card")


@pytest.mark.slow
async def test_a_bank_transfer_waits_for_the_platform_to_find_it(visitor: NewVisitor) -> None:
    buyer = await visitor(language=CHINESE, size=PHONE)
    await order(buyer, SHANGHAI, way="Bank transfer")
    await buyer.reads(buyer.say("Please transfer the amount"))
    await buyer.look("payment-transfer")
    entry = buyer.page.locator("dl > div").filter(has_text=buyer.say("Reference"))
    number = (await entry.locator("dd").inner_text()).strip()

    staff = await visitor(language=ENGLISH, size=DESKTOP)
    await log_in(staff, PLATFORM)
    await staff.page.get_by_label("My account").click()
    await staff.look("staff-menu")
    await staff.link("Payments to confirm").click()
    await staff.field("Number that the payer named").fill(number)
    await staff.button("Find").click()
    found = staff.page.get_by_role("article", name=number)
    await found.get_by_text(staff.say("The money came")).click()
    await found.get_by_label("The bank's number").fill("ICBC-20261122-17")
    await staff.look("payment-to-confirm")
    await found.get_by_role("button", name=re.compile("^Confirm")).click()
    await staff.reads(staff.say("Confirmed. The order is paid."))
    await staff.look("payment-confirmed")

    await buyer.page.reload()
    await buyer.reads(buyer.say("Thank you, your payment is confirmed"))


@pytest.mark.slow
async def test_cash_is_authorized_at_checkout_and_confirmed_by_the_seller(
    visitor: NewVisitor, shop: RunningShop
) -> None:
    buyer = await visitor(language=ENGLISH, size=DESKTOP)
    await order(buyer, NANJING, way="Cash on delivery")
    await buyer.reads(buyer.say("Thank you, your order is placed"))
    await buyer.look("order-at-the-door")
    await buyer.page.get_by_role("link", name=re.compile("^Order at")).click()
    await buyer.look("order-cash-on-delivery")
    order_url = buyer.path

    seller = await visitor(language=CHINESE, size=PHONE)
    await log_in(seller, SELLER)
    await seller.go(f"/seller/orders/{order_url.rpartition('/')[2]}")
    await seller.field("Carrier").select_option(label="顺丰速运")
    await seller.field("Tracking number").fill("SF1234567890123")
    await seller.button("Handed to the carrier").click()
    await seller.reads(seller.say("On its way"))
    await seller.page.get_by_text(seller.say("Cash received")).click()
    await seller.field("Number of the receipt").fill("R-20261122-3")
    await seller.look("seller-order-cash")
    await seller.page.get_by_role("button", name="确认收到").click()
    await expect(seller.field("Number of the receipt")).to_have_count(0)
    await seller.look("seller-order-cash-received")
    verified = shop.merx("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.slow
async def test_after_the_card_page_was_left_the_purchase_is_paid_at_another_cashier(
    visitor: NewVisitor,
) -> None:
    buyer = await visitor(language=CHINESE, size=PHONE)
    await order(buyer, SHANGHAI, way="Bank card")
    await buyer.page.get_by_role("link", name="离开").click()
    await buyer.reads(buyer.say("Waiting for your payment"))
    await buyer.look("payment-waiting-for-card")
    purchase = buyer.path
    await buyer.page.locator("#ways").get_by_role("button", name=buyer.say("Alipay"), exact=True).click()
    await at_cashier(buyer)
    await pay(buyer)
    assert buyer.path == purchase


async def order(buyer: Visitor, address: Address, *, way: str) -> None:
    """One thing as a guest, to be paid in a way that is chosen at the checkout."""
    await buyer.go(ROPE)
    await buyer.button("Add to cart").click()
    await expect(buyer.page.locator("#messages")).to_contain_text(buyer.say("In your cart"))
    await buyer.go("/checkout")
    await write_address(buyer, address, email="zhixia@example.com")
    await buyer.page.get_by_role("radio", name=buyer.say(way)).check()
    await buyer.look("checkout-ways")
    await buyer.button("Order and pay").click()


async def charge(buyer: Visitor, number: str) -> None:
    """Fill in the card page's form and send it."""
    await buyer.page.get_by_label("Card number").fill(number)
    await buyer.page.get_by_role("button", name="Pay").click()
