"""The steps that several journeys share, each as a person does them."""

import re
import time
from typing import Final

import httpx
import msgspec
from playwright.async_api import expect
from tests.e2e.server import RunningShop
from tests.e2e.visitor import Visitor

from merx.demo import DEMO_LOGINS

PASSWORD: Final = "a kettle, two birds"
_MAIL_SECONDS: Final = 30


class Address(msgspec.Struct, frozen=True):
    """Where somebody lives."""

    recipient: str
    phone: str
    region: str
    city: str
    postal_code: str
    line1: str


SHANGHAI: Final = Address("林知夏", "13800138000", "上海市", "上海", "200040", "南京西路 1266 号")
NANJING: Final = Address("Ada Marsh", "+86 25 8330 1122", "Jiangsu", "Nanjing", "210008", "18 Zhongshan Road")


async def register(visitor: Visitor, *, name: str, email: str) -> None:
    """Open an account."""
    await visitor.go("/register?return_to=/")
    await visitor.field("Your name").fill(name)
    await visitor.field("E-mail address").fill(email)
    await visitor.field("Password").fill(PASSWORD)
    await visitor.look("register")
    await visitor.page.locator("main").get_by_role("button", name=visitor.say("Create an account")).click()
    await expect(visitor.page).to_have_url(f"{visitor.shop.url}/")


async def log_in(visitor: Visitor, email: str) -> None:
    """Enter with one of the demo's logins."""
    await visitor.go("/login")
    await visitor.look("login")
    await visitor.field("E-mail address").fill(email)
    await visitor.field("Password").fill(next(each.password for each in DEMO_LOGINS if each.email == email))
    await visitor.page.locator("main").get_by_role("button", name=visitor.say("Log in")).click()
    await expect(visitor.page).to_have_url(f"{visitor.shop.url}/")


async def put_in_cart(visitor: Visitor, *, count: int) -> None:
    """Put what is shown into the cart, which then holds `count` things."""
    await visitor.button("Add to cart").click()
    await expect(visitor.page.locator("#messages")).to_contain_text(visitor.say("In your cart"))
    await expect(visitor.page.locator("#personal")).to_contain_text(str(count))


async def write_address(visitor: Visitor, address: Address, *, email: str | None) -> None:
    """Fill in the checkout's address; only a guest is asked for an e-mail address."""
    await visitor.field("Recipient").fill(address.recipient)
    await visitor.field("Phone number").fill(address.phone)
    if email is not None:
        await visitor.field("E-mail address").fill(email)
    await visitor.field("Province or state").fill(address.region)
    await visitor.page.get_by_label(visitor.say("City"), exact=True).fill(address.city)
    await visitor.field("Postal code").fill(address.postal_code)
    await visitor.field("Street and house number").fill(address.line1)


async def buy(visitor: Visitor, path: str, address: Address, *, email: str) -> None:
    """From a product as a guest to the provider's cashier."""
    await visitor.go(path)
    await visitor.button("Add to cart").click()
    await visitor.page.locator("#messages").get_by_role("link", name=visitor.say("To the cart")).click()
    await visitor.link("Go to checkout").click()
    await write_address(visitor, address, email=email)
    await visitor.button("Order and pay").click()
    await at_cashier(visitor)


async def at_cashier(visitor: Visitor) -> None:
    """Wait for the simulated provider's page."""
    await visitor.page.wait_for_url(re.compile(r"/gateway\.do|/cashier/"))


async def pay(visitor: Visitor) -> None:
    """Pay at the cashier, which leads back to a confirmed purchase."""
    await visitor.page.get_by_role("button", name="支付").click()
    await visitor.reads(visitor.say("Thank you, your payment is confirmed"))


async def mail_to(shop: RunningShop, address: str, *, about: str) -> str:
    """Wait for a letter that mentions something, and read it."""
    deadline = time.monotonic() + _MAIL_SECONDS
    async with httpx.AsyncClient(base_url=shop.mail_url) as mail:
        while True:
            letters = (await mail.get("/messages", params={"to": address})).json()
            found = [each for each in letters if about in each["text"] or about in each["subject"]]
            if found:
                return f"{found[0]['subject']}\n{found[0]['text']}"
            assert time.monotonic() < deadline, f"no letter to {address} about {about}"
