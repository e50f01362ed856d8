"""Somebody without a mouse: Tab, Enter, Space and the arrows are enough, and it can always be seen where one is."""

import pytest
from playwright.async_api import expect
from tests.e2e.conftest import NewVisitor
from tests.e2e.visitor import DESKTOP, Visitor
from tests.e2e.words import ENGLISH

_FOCUS = """
() => {
  const focused = document.activeElement
  const drawn = [focused, focused.closest('.choice')].filter(Boolean).map((e) => getComputedStyle(e))
  const box = focused.getBoundingClientRect()
  return {
    name: focused.getAttribute('aria-label') || focused.labels?.[0]?.innerText || focused.innerText || focused.id,
    kind: focused.tagName === 'INPUT' ? focused.type : focused.tagName.toLowerCase(),
    marked: drawn.some((s) => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2),
    inSight: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  }
}
"""


async def tab_to(visitor: Visitor, name: str, *, kind: str, at_most: int = 40) -> None:
    """Press Tab until something is reached; everything on the way shows that it has the focus."""
    for _ in range(at_most):
        await visitor.page.keyboard.press("Tab")
        focus = await visitor.page.evaluate(_FOCUS)
        assert focus["marked"], f"no visible focus on {focus}"
        assert focus["inSight"], f"the focus is out of sight on {focus}"
        if focus["kind"] == kind and name in focus["name"]:
            return
    raise AssertionError(f"{name} cannot be reached with {at_most} presses of Tab")


@pytest.mark.slow
async def test_the_keyboard_alone_leads_from_a_product_to_the_checkout(visitor: NewVisitor) -> None:
    buyer = await visitor(language=ENGLISH, size=DESKTOP)
    page = buyer.page
    await buyer.go("/products/fleetra-city-running-shoe")
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip-link")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()

    await tab_to(buyer, "40", kind="radio")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("radio", name="42")).to_be_checked()
    await expect(page).to_have_url(f"{buyer.shop.url}/products/fleetra-city-running-shoe?variant=SH-CITY-42")
    await expect(page.get_by_role("radio", name="42")).to_be_focused()
    await tab_to(buyer, "Quantity", kind="number")
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("spinbutton")).to_have_value("2")
    await tab_to(buyer, "Add to cart", kind="button")
    await page.keyboard.press("Space")
    await expect(page.locator("#messages")).to_contain_text("In your cart")
    await expect(page.locator("#personal")).to_contain_text("2")

    await page.get_by_role("link", name="To the cart").focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{buyer.shop.url}/cart")
    await expect(page.get_by_role("spinbutton")).to_have_value("2")
    await tab_to(buyer, "Go to checkout", kind="a")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{buyer.shop.url}/checkout")
    for number, name in enumerate(("Recipient", "Phone number", "E-mail address")):
        await tab_to(buyer, name, kind=("text", "tel", "email")[number])
    await tab_to(buyer, "Order and pay", kind="button")


@pytest.mark.slow
async def test_a_menu_opens_with_enter_and_closes_with_escape(visitor: NewVisitor) -> None:
    buyer = await visitor(language=ENGLISH, size=DESKTOP)
    await buyer.go("/cart")
    await tab_to(buyer, "Language and currency", kind="summary")
    menu = buyer.page.locator("header details").first
    await buyer.page.keyboard.press("Enter")
    await expect(menu).to_have_attribute("open", "")
    await buyer.page.keyboard.press("Tab")
    await buyer.page.keyboard.press("Escape")
    await expect(menu).not_to_have_attribute("open", "")
    await expect(menu.locator("summary")).to_be_focused()
