"""Another language or another currency: the same page, the same cart."""

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import NewVisitor
from tests.e2e.shopping import put_in_cart
from tests.e2e.visitor import DESKTOP, PHONE
from tests.e2e.words import CHINESE, ENGLISH


@pytest.mark.slow
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_language_and_currency_change_on_the_spot_and_the_cart_comes_along(
    visitor: NewVisitor, size: tuple[int, int]
) -> None:
    buyer = await visitor(language=ENGLISH, size=size)
    page = buyer.page
    menu = page.locator("header details").first
    await buyer.go("/products/norvane-slate-tablet?variant=TB-SLATE-128")
    await put_in_cart(buyer, count=1)
    await menu.locator("summary").click()
    await menu.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("诺凡手写平板电脑")
    assert page.url == f"{buyer.shop.url}/products/norvane-slate-tablet?variant=TB-SLATE-128"
    await expect(page.get_by_role("radio", name="128 GB")).to_be_checked()
    await expect(page.locator("#personal")).to_contain_text("1")
    buyer.language = CHINESE
    await buyer.look("product-switched")

    await menu.locator("summary").click()
    await menu.get_by_role("button", name="USD").click()
    await expect(page.locator("main")).to_contain_text("US$445.00")
    assert page.url == f"{buyer.shop.url}/products/norvane-slate-tablet?variant=TB-SLATE-128"
    await buyer.go("/cart")
    await expect(page.get_by_role("complementary")).to_contain_text("US$445.00")
    await buyer.look("cart-in-dollars")
    await buyer.go("/checkout")
    await expect(page.get_by_role("radio", name="银行卡")).to_be_visible()  # the one that takes dollars
    await expect(page.get_by_role("radio", name="支付宝")).to_have_count(0)
    await buyer.look("checkout-in-dollars")

    await menu.locator("summary").click()
    await menu.get_by_role("button", name="CNY").click()
    assert buyer.path == "/checkout"
    await expect(page.locator("#totals")).to_contain_text("¥2,999.00")
    await menu.locator("summary").click()
    await menu.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Checkout")
    assert buyer.path == "/checkout"


@pytest.mark.slow
async def test_a_page_that_does_not_exist_says_so_and_leads_back(visitor: NewVisitor) -> None:
    for language, size in ((CHINESE, PHONE), (ENGLISH, DESKTOP)):
        buyer = await visitor(language=language, size=size)
        buyer.refusals.add(404)
        await buyer.go("/products/there-is-no-such-thing")
        await buyer.look("not-found")
        await buyer.page.locator("main").get_by_role("link").last.click()
        await expect(buyer.page).to_have_url(f"{buyer.shop.url}/")
