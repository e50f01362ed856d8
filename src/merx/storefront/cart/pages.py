"""The cart: look, put in, change, take out."""

from uuid import UUID

import msgspec
from litestar import get, post

from merx.cart import access_cart, cart_view, put_line, remove_line
from merx.infra.db import ReadTx
from merx.kit import links
from merx.kit.errors import DomainError
from merx.kit.i18n import pick
from merx.queries.pictures import maybe_picture
from merx.storefront.cart.forms import AddLineForm, QuantityForm
from merx.storefront.cart.view import AddedView
from merx.storefront.core import present
from merx.storefront.core.cart_page import draw_cart
from merx.storefront.core.carts import ensure_cart, find_cart
from merx.storefront.core.forms import EmptyForm, PlainRequest, read_form
from merx.storefront.core.pages import Page, error_text, fragment, personal_view, see_other
from merx.storefront.core.parameters import FromPath, Visiting
from merx.storefront.core.visit import CART, Visit, keep


@get("/cart")
async def show_cart(visit: Visiting) -> Page:
    """What is in the cart, and what keeps it from being ordered."""
    async with visit.services.db.snapshot() as tx:
        return await draw_cart(visit, tx)


@post("/cart/lines", status_code=200)
async def add_line(request: PlainRequest, visit: Visiting) -> Page:
    """Put a variant in; a script gets a message, a browser without one the cart."""
    form = await read_form(request, AddLineForm)
    try:
        async with visit.services.db.transaction() as tx:
            cart, key = await ensure_cart(visit, tx)
            visit = msgspec.structs.replace(visit, cart_key=key or visit.cart_key)
            await put_line(
                tx, cart_id=cart.id, actor=visit.buyer(), variant_id=form.variant_id, quantity=form.quantity,
                add=True, now=visit.now,
            )  # fmt: skip
    except DomainError as error:
        if visit.partial:
            return fragment(visit, "core/refused.html", status=409, message=error_text(visit, error))
        raise
    if visit.partial:
        async with visit.services.db.snapshot() as tx:
            response: Page = await _added(
                visit, tx, cart_id=cart.id, variant_id=form.variant_id, added=form.quantity
            )
    else:
        response = see_other(links.cart())
    if key is not None:
        keep(response, visit, CART, key.text())
    return response


async def _added(visit: Visit, tx: ReadTx, *, cart_id: UUID, variant_id: UUID, added: int) -> Page:
    """The message, and the header with its new count."""
    cart = await access_cart(tx, cart_id=cart_id, actor=visit.buyer())
    one = msgspec.structs.replace(cart, lines=[line for line in cart.lines if line.variant_id == variant_id])
    line = (await cart_view(tx, cart=one, now=visit.now)).lines[0]
    title = pick(line.title, visit.locale)
    view = AddedView(
        title=title,
        quantity=added,
        picture=present.picture_view(maybe_picture(line.picture), locale=visit.locale, alt=title),
    )
    return fragment(
        visit,
        "cart/added.html",
        view=view,
        personal=await personal_view(visit, tx, cart=cart),
        replacing=True,
    )


@post("/cart/lines/{variant_id:uuid}", status_code=200)
async def change_line(request: PlainRequest, visit: Visiting, variant_id: FromPath[UUID]) -> Page:
    """Set how many."""
    form = await read_form(request, QuantityForm)
    async with visit.services.db.transaction() as tx:
        cart = await find_cart(visit, tx)
        if cart is not None:
            await put_line(
                tx, cart_id=cart.id, actor=visit.buyer(), variant_id=variant_id, quantity=form.quantity,
                add=False, now=visit.now,
            )  # fmt: skip
    return see_other(links.cart())


@post("/cart/lines/{variant_id:uuid}/remove", status_code=200)
async def take_out(request: PlainRequest, visit: Visiting, variant_id: FromPath[UUID]) -> Page:
    """Take a line out."""
    await read_form(request, EmptyForm)
    async with visit.services.db.transaction() as tx:
        cart = await find_cart(visit, tx)
        if cart is not None:
            await remove_line(tx, cart_id=cart.id, actor=visit.buyer(), variant_id=variant_id, now=visit.now)
    return see_other(links.cart())


handlers = [show_cart, add_line, change_line, take_out]
