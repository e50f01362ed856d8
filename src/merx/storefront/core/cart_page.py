"""The page of the cart: also drawn where an order meets something to settle in it."""

from merx.cart import cart_view
from merx.infra.db import ReadTx
from merx.kit.money import Money
from merx.queries.promotions import cart_promotions
from merx.sellers import get_sellers
from merx.storefront.core import present, views
from merx.storefront.core.cards import newest_cards
from merx.storefront.core.carts import find_cart
from merx.storefront.core.pages import Page, page
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit


async def draw_cart(
    visit: Visit, tx: ReadTx, *, notice: str | None = None, code: FormView | None = None, status: int = 200
) -> Page:
    """The cart's page, with a sentence on top when something stands in the way, or a code that came back."""
    cart = await find_cart(visit, tx)
    if cart is None or not cart.lines:
        empty = views.CartView(
            groups=(), count=0, goods=Money(0, visit.currency), total=Money(0, visit.currency), can_check_out=False,
            notice=notice,
            suggestions=await newest_cards(visit, tx),
        )  # fmt: skip
        return await page(visit, tx, "cart/cart.html", empty, status=status)
    found = await cart_view(tx, cart=cart, now=visit.now)
    sellers = await get_sellers(tx, seller_ids={line.seller_id for line in found.lines if line.seller_id})
    good = [line for line in found.lines if line.problem is None]
    goods = found.quote.goods if found.quote else 0
    discounts = present.discount_rows(found.quote, visit.locale) if found.quote else ()
    promotions = cart_promotions(cart, found.promotions)
    view = views.CartView(
        groups=present.group_views(found.lines, sellers=sellers, locale=visit.locale, currency=cart.currency),
        count=sum(line.quantity for line in good),
        goods=Money(goods, cart.currency),
        total=Money(goods - sum(off.amount for _, off in discounts), cart.currency),
        can_check_out=len(good) == len(found.lines),
        discounts=discounts,
        codes=tuple(cart.codes),
        missed=present.missed_views(promotions, visit.locale),
        code=code or FormView(),
        notice=notice,
    )
    return await page(visit, tx, "cart/cart.html", view, status=status)
