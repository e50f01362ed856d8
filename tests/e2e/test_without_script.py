"""A browser that runs no script can buy as well."""

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import NewVisitor
from tests.e2e.shopping import NANJING, SHANGHAI, Address, at_cashier, pay, write_address
from tests.e2e.visitor import DESKTOP, PHONE
from tests.e2e.words import CHINESE, ENGLISH


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "size", "address"), [(CHINESE, DESKTOP, SHANGHAI), (ENGLISH, PHONE, NANJING)]
)
async def test_without_script_a_variant_is_chosen_changed_ordered_and_paid(
    visitor: NewVisitor, language: str, size: tuple[int, int], address: Address
) -> None:
    buyer = await visitor(language=language, size=size, script=False)
    page = buyer.page
    await buyer.go("/categories/footwear")
    await page.get_by_role("article").locator("a[href*=fleetra-daily]").click()
    await page.get_by_role("radio", name="44").check()
    await buyer.button("Show this choice").click()
    await expect(page.get_by_role("radio", name="44")).to_be_checked()
    await buyer.look("no-script-product")
    await buyer.button("Add to cart").click()
    await expect(page).to_have_url(f"{buyer.shop.url}/cart")
    await page.get_by_role("spinbutton").fill("3")
    await page.get_by_role("region").get_by_role("button", name=buyer.say("Change"), exact=True).click()
    await expect(page.get_by_role("spinbutton")).to_have_value("3")
    await expect(page.get_by_role("complementary")).to_contain_text("987.00")
    await buyer.look("no-script-cart")

    await buyer.link("Go to checkout").click()
    await write_address(buyer, address, email="reader@example.com")
    await page.get_by_role("radio", name=buyer.say("Express")).check()
    await buyer.button("Only update the total").click()
    await expect(page.locator("#totals")).to_contain_text("1,009.00")
    await expect(buyer.field("Recipient")).to_have_value(address.recipient)
    await buyer.look("no-script-checkout")
    await buyer.button("Order and pay").click()
    await at_cashier(buyer)
    await expect(page.get_by_role("heading", level=1)).to_have_text("¥1,009.00")
    await pay(buyer)
    await buyer.look("no-script-paid")
