"""The codes of promotions in a cart: enter one, take one out."""

from litestar import post

from merx.cart import add_code, remove_code
from merx.kit import links
from merx.kit.errors import Conflict, Invalid, NotFound
from merx.storefront.core.cart_page import draw_cart
from merx.storefront.core.carts import find_cart
from merx.storefront.core.forms import PlainRequest, form_view, read_form
from merx.storefront.core.pages import Page, error_text, see_other
from merx.storefront.core.parameters import Visiting
from merx.storefront.promotions.forms import CodeForm


@post("/cart/codes", status_code=200)
async def enter_code(request: PlainRequest, visit: Visiting) -> Page:
    """Put a code into the cart; one that is refused stands beside its field with the reason."""
    form = await read_form(request, CodeForm)
    try:
        async with visit.services.db.transaction() as tx:
            cart = await find_cart(visit, tx)
            if cart is not None:
                await add_code(
                    tx, cart_id=cart.id, actor=visit.buyer(),
                    code=form.code, now=visit.now,
                )  # fmt: skip
    except (Invalid, Conflict, NotFound) as error:
        sent = form_view({"code": form.code}, errors={"code": error_text(visit, error)})
        async with visit.services.db.snapshot() as read:
            return await draw_cart(visit, read, code=sent, status=422)
    return see_other(links.cart())


@post("/cart/codes/remove", status_code=200)
async def remove_entered(request: PlainRequest, visit: Visiting) -> Page:
    """Take a code out of the cart."""
    form = await read_form(request, CodeForm)
    async with visit.services.db.transaction() as tx:
        cart = await find_cart(visit, tx)
        if cart is not None:
            await remove_code(
                tx, cart_id=cart.id, actor=visit.buyer(),
                code=form.code, now=visit.now,
            )  # fmt: skip
    return see_other(links.cart())


handlers = [enter_code, remove_entered]
