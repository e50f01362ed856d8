"""The page of the cart: also drawn where an order meets something to settle in it."""

from merx.cart import cart_view
from merx.infra.db import ReadTx
from merx.kit.money import Money
from merx.sellers import get_sellers
from merx.storefront.core import present, views
from merx.storefront.core.cards import newest_cards
from merx.storefront.core.carts import find_cart
from merx.storefront.core.pages import Page, page
from merx.storefront.core.visit import Visit


async def draw_cart(visit: Visit, tx: ReadTx, *, notice: str | None = None, status: int = 200) -> Page:
    """The cart's page, with a sentence on top when something stands in the way."""
    cart = await find_cart(visit, tx)
    if cart is None or not cart.lines:
        empty = views.CartView(
            groups=(), count=0, total=Money(0, visit.currency), can_check_out=False, notice=notice,
            suggestions=await newest_cards(visit, tx),
        )  # fmt: skip
        return await page(visit, tx, "cart/cart.html", empty, status=status)
    found = await cart_view(tx, cart=cart, now=visit.now)
    sellers = await get_sellers(tx, seller_ids={line.seller_id for line in found.lines if line.seller_id})
    good = [line for line in found.lines if line.problem is None]
    view = views.CartView(
        groups=present.group_views(found.lines, sellers=sellers, locale=visit.locale, currency=cart.currency),
        count=sum(line.quantity for line in good),
        total=Money(found.quote.goods if found.quote else 0, cart.currency),
        can_check_out=len(good) == len(found.lines),
        notice=notice,
    )
    return await page(visit, tx, "cart/cart.html", view, status=status)
