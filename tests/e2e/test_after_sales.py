"""After-sales as people see it: two things bought and received, one of them sent back, its money returned."""

import re
import time
from typing import Final

import pytest
from playwright.async_api import FilePayload, expect
from tests.e2e.conftest import NewVisitor
from tests.e2e.server import RunningShop, a_picture
from tests.e2e.shopping import SHANGHAI, log_in, pay, write_address
from tests.e2e.visitor import PHONE, Visitor
from tests.e2e.words import CHINESE

SELLER: Final = "fieldhouse@merx.example"
ROPE: Final = "/products/strivo-skipping-rope"
BALLS: Final = "/products/arcette-tennis-balls"
_REFUND_SECONDS: Final = 30


@pytest.mark.slow
async def test_one_of_two_things_goes_back_and_its_money_returns(
    visitor: NewVisitor, shop: RunningShop
) -> None:
    buyer = await visitor(language=CHINESE, size=PHONE)
    order_url = await buy_two(buyer)
    seller = await visitor(language=CHINESE, size=PHONE)
    await log_in(seller, SELLER)
    sale = f"/seller/orders/{order_url.rpartition('/')[2]}"
    await send(seller, sale)
    await buyer.go(order_url)
    await buyer.button("I have received it").click()
    await buyer.reads(buyer.say("Received"))
    await buyer.look("order-with-after-sales")

    case = await apply(buyer)
    await approve(seller, sale)
    await send_back(buyer)
    await inspect(seller)
    for person in (buyer, seller):
        await sees_the_money_back(person)
    await exchange(buyer, seller, order_url, sale)
    await buyer.go("/account/returns")
    await expect(buyer.page.get_by_role("listitem").filter(has_text="退货退款")).to_contain_text("已退款")
    await expect(buyer.page.get_by_role("listitem").filter(has_text="换货")).to_contain_text("换货商品已发出")
    await buyer.look("returns")
    await seller.go("/seller/returns")
    await expect(seller.page.locator(f"a[href$='{case}']")).to_have_count(1)
    await seller.look("seller-returns")
    verified = shop.merx("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


async def buy_two(buyer: Visitor) -> str:
    """Two things of one shop as a guest; the address of the order."""
    for path in (ROPE, BALLS):
        await buyer.go(path)
        await buyer.button("Add to cart").click()
        await expect(buyer.page.locator("#messages")).to_contain_text(buyer.say("In your cart"))
    await buyer.go("/checkout")
    await write_address(buyer, SHANGHAI, email="zhixia@example.com")
    await buyer.button("Order and pay").click()
    await pay(buyer)
    await buyer.go("/orders")
    await buyer.page.locator("main").get_by_role("listitem").get_by_role("link").click()
    await buyer.reads(buyer.say("Paid, being prepared"))
    return buyer.path


async def send(seller: Visitor, sale: str) -> None:
    """Both things go out in one parcel."""
    await seller.go(sale)
    await seller.field("Carrier").select_option(label="顺丰速运")
    await seller.field("Tracking number").fill("SF1234567890123")
    await seller.button("Handed to the carrier").click()
    await seller.reads(seller.say("On its way"))


async def apply(buyer: Visitor) -> str:
    """The first line goes back, with words and a picture; the address of the case."""
    page = buyer.page
    await page.get_by_role("link", name="申请售后").first.click()
    await page.get_by_role("radio", name="退货退款").check()
    await page.get_by_label("原因").select_option(label="商品破损")
    await page.get_by_label("问题描述").fill("手柄裂了。")
    picture = FilePayload(name="handle.png", mimeType="image/png", buffer=a_picture(998))
    await page.get_by_label("图片").set_input_files([picture])
    await buyer.look("return-form")
    await page.get_by_role("button", name="提交申请").click()
    await buyer.reads("待商家审核")
    await buyer.reads("手柄裂了。")
    await buyer.reads("¥39.90")
    await buyer.look("return-requested")
    return buyer.path.rpartition("/")[2]


async def approve(seller: Visitor, sale: str) -> None:
    """The seller finds the case at the order and agrees."""
    await seller.go(sale)
    await seller.page.get_by_role("link", name=re.compile("的售后")).click()
    await seller.reads("手柄裂了。")
    await seller.look("seller-return")
    await seller.page.get_by_role("button", name="同意申请").click()
    await seller.reads("请买家寄回商品")
    await seller.look("seller-return-approved")


async def send_back(buyer: Visitor) -> None:
    """The buyer hands the thing to a carrier."""
    await buyer.page.reload()
    await buyer.field("Carrier").select_option(label="顺丰速运")
    await buyer.field("Tracking number").fill("SF9876543210123")
    await buyer.look("return-approved")
    await buyer.page.get_by_role("button", name="我已寄回").click()
    await buyer.reads("退货途中")
    await buyer.look("return-in-transit")


async def inspect(seller: Visitor) -> None:
    """It came back and cannot be sold again."""
    await seller.page.reload()
    await seller.page.get_by_label("可再次销售").fill("0")
    await seller.look("seller-return-in-transit")
    await seller.page.get_by_role("button", name="确认收到并验收").click()
    await seller.reads("报损 1 件")


async def exchange(buyer: Visitor, seller: Visitor, order_url: str, sale: str) -> None:
    """The other thing is replaced by the same again: back by one carrier, out by another."""
    await buyer.go(order_url)
    await buyer.page.get_by_role("link", name="申请售后").click()
    await buyer.page.get_by_role("radio", name="换货").check()
    await buyer.page.get_by_label("原因").select_option(label="商品破损")
    await buyer.look("exchange-form")
    await buyer.page.get_by_role("button", name="提交申请").click()
    await buyer.reads("待商家审核")
    case = buyer.path.rpartition("/")[2]
    await seller.go("/seller/return-addresses")
    await seller.page.get_by_role("textbox").last.fill("上海市人民路 9 号\n售后组")
    await seller.page.get_by_role("button", name="保存").last.click()
    await seller.look("seller-return-address")
    await seller.go(f"/seller/returns/{case}")
    await seller.look("seller-exchange")
    await seller.page.get_by_role("button", name="同意申请").click()
    await seller.reads("请买家寄回商品")
    await buyer.page.reload()
    await buyer.reads("上海市人民路 9 号")
    await send_back(buyer)
    await seller.page.reload()
    await seller.page.get_by_role("button", name="确认收到并验收").click()
    await seller.look("seller-exchange-inspected")
    await seller.go(sale)
    await seller.look("seller-order-with-replacement")
    await seller.field("Carrier").select_option(label="顺丰速运")
    await seller.field("Tracking number").fill("SF1234567890999")
    await seller.button("Handed to the carrier").click()
    await buyer.go(order_url)
    await buyer.reads("SF1234567890999")
    await buyer.look("order-with-replacement")
    deadline = time.monotonic() + _REFUND_SECONDS
    await buyer.go(f"/account/returns/{case}")
    while await buyer.page.locator(".badge-success").count() == 0:
        assert time.monotonic() < deadline, "the exchange is not settled"
        await buyer.page.reload()
    await buyer.reads("换货商品已发出")
    await buyer.look("exchange-settled")


async def sees_the_money_back(person: Visitor) -> None:
    """Reload until the provider has paid back, as an impatient person does."""
    deadline = time.monotonic() + _REFUND_SECONDS
    while await person.page.locator(".badge-success").count() == 0:
        assert time.monotonic() < deadline, "the money does not come back"
        await person.page.reload()
    await person.reads("款项已原路退回")
    await person.look("return-settled")
