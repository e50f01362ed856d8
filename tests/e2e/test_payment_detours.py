"""What can come between an order and its payment: a refusal, a change of mind, a walk around."""

import re

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import NewVisitor
from tests.e2e.shopping import NANJING, SHANGHAI, at_cashier, buy, pay
from tests.e2e.test_keyboard import tab_to
from tests.e2e.visitor import DESKTOP, PHONE
from tests.e2e.words import CHINESE, ENGLISH


@pytest.mark.slow
async def test_after_a_refusal_and_after_leaving_the_cashier_the_same_purchase_can_be_paid(
    visitor: NewVisitor,
) -> None:
    buyer = await visitor(language=ENGLISH, size=PHONE)
    await buy(buyer, "/products/strivo-skipping-rope", NANJING, email="ada@example.com")
    await buyer.page.get_by_role("button", name="拒绝").click()
    await expect(buyer.page.get_by_role("alert")).to_contain_text("Payment declined")
    await buyer.page.get_by_role("link", name="离开").click()
    await buyer.reads(buyer.say("Waiting for your payment"))
    await buyer.look("payment-waiting")
    purchase = buyer.path

    await buyer.go("/")
    await buyer.go("/orders")
    await buyer.page.locator("main").get_by_role("listitem").get_by_role("link").click()
    await buyer.look("order-unpaid")
    await buyer.button("Pay now").click()
    await at_cashier(buyer)
    await expect(buyer.page.get_by_role("heading", level=1)).to_have_text("¥49.90")
    await pay(buyer)
    assert buyer.path == purchase


@pytest.mark.slow
async def test_an_unpaid_order_can_be_cancelled_and_can_then_not_be_paid(visitor: NewVisitor) -> None:
    buyer = await visitor(language=CHINESE, size=DESKTOP)
    await buy(buyer, "/products/potted-aloe", SHANGHAI, email="zhixia@example.com")
    cashier = buyer.page.url
    await buyer.page.get_by_role("link", name="离开").click()
    await buyer.reads(buyer.say("Waiting for your payment"))
    await buyer.button("Cancel the order").click()
    await buyer.reads(buyer.say("This order was cancelled"))
    await buyer.look("payment-cancelled")
    await expect(buyer.button("Go to payment")).to_have_count(0)
    await buyer.go("/orders")
    await buyer.reads(buyer.say("Cancelled"))
    await buyer.look("orders-cancelled")

    await buyer.page.goto(cashier)
    await expect(buyer.page.get_by_role("button", name="支付")).to_have_count(0)
    await expect(buyer.page.locator("h2")).to_have_text(re.compile("关闭"))


@pytest.mark.slow
async def test_a_waiting_purchase_is_paid_another_way_with_the_keyboard_alone(visitor: NewVisitor) -> None:
    buyer = await visitor(language=ENGLISH, size=DESKTOP)
    await buy(buyer, "/products/potted-aloe", NANJING, email="ada@example.com")
    await buyer.page.get_by_role("link", name="离开").click()
    await buyer.reads(buyer.say("Waiting for your payment"))
    ways = buyer.page.locator("#ways")
    await expect(ways.get_by_role("button", name="Alipay", exact=True)).to_have_count(0)
    await tab_to(buyer, "WeChat Pay", kind="button")
    await expect(ways.get_by_role("button", name="WeChat Pay")).to_be_focused()
    await buyer.page.wait_for_event(
        "response", lambda answer: "/purchases/" in answer.url
    )  # the page asks again
    await expect(ways.get_by_role("button", name="WeChat Pay")).to_be_focused()
    await buyer.page.keyboard.press("Enter")
    await expect(buyer.page.locator("#scan")).to_contain_text("WeChat Pay")
    await expect(ways.get_by_role("button", name="WeChat Pay")).to_have_count(0)
    await buyer.look("payment-another-way")
