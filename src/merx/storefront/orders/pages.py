"""The buyer's orders: follow, receive, review."""

import asyncio
from uuid import UUID

from litestar import get, post

from merx.catalog import MediaSettings, cards, render_picture, save_media
from merx.fulfilment import receive
from merx.kit import links
from merx.kit.errors import Conflict, DomainError, Invalid
from merx.queries.buyer_orders import buyer_order
from merx.queries.purchases import purchase_list, purchases_shown
from merx.returns import ReturnsSettings
from merx.reviews import PICTURES_MOST, SCORE_MOST, review_product, review_seller
from merx.storefront.core.forms import (
    MAX_PICTURE_BYTES,
    EmptyForm,
    PlainRequest,
    errors_of,
    form_view,
    read_form,
)
from merx.storefront.core.orders import ORDER
from merx.storefront.core.pages import Page, error_text, fragment, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.core.paying import payment_name
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.orders.buyer_view import buyer_list, buyer_page
from merx.storefront.orders.forms import NoScore, ProductReviewForm, SellerReviewForm, read_review_form

_PER_PAGE = 20


_MAX_REVIEW_BYTES = PICTURES_MOST * MAX_PICTURE_BYTES + 64 * 1024


@get("/orders")
async def show_orders(visit: Visiting, after: Cursor = None) -> Page:
    """The account's orders, the newest first; a guest's are those whose tokens the browser kept. Raises BadCursor."""
    async with visit.services.db.snapshot() as tx:
        if visit.account_id is None:
            mine = tuple(reversed(visit.purchases))
            found = await purchases_shown(tx, actor=visit.buyer(), purchase_ids=mine)
        else:
            found = await purchase_list(tx, actor=visit.buyer(), after=after, limit=_PER_PAGE)
        orders = [order for purchase in found.items for order in purchase.orders]
        shown = await cards(tx, product_ids={line.product_id for each in orders for line in each.lines})
        view = buyer_list(found, locale=visit.locale, pictured=shown)
        if visit.partial:
            return fragment(visit, "orders/order_rows.html", view=view)
        return await page(visit, tx, "orders/orders.html", view)


@get(ORDER)
async def show_order(visit: Visiting, purchase_id: FromPath[UUID], order_id: FromPath[UUID]) -> Page:
    """One order with its parcels. Raises UnknownPurchase, NotFound."""
    return await draw_order(visit, purchase_id, order_id)


async def draw_order(
    visit: Visit,
    purchase_id: UUID,
    order_id: UUID,
    *,
    form: FormView | None = None,
    form_for: str | None = None,
    status: int = 200,
) -> Page:
    """The order's page, perhaps with a review that came back."""
    services = visit.services
    async with services.db.snapshot() as tx:
        found = await buyer_order(
            tx, services.keys, services.providers, purchase_id=purchase_id, order_id=order_id,
            actor=visit.buyer(), default_days=services.settings.of(ReturnsSettings).after_sales_days, now=visit.now,
        )  # fmt: skip
        view = buyer_page(
            found,
            payment_name=payment_name(visit, found.payment_method),
            locale=visit.locale,
            pictured=await cards(tx, product_ids={line.product_id for line in found.lines}),
            pictures_most=PICTURES_MOST,
            upload_megabytes=services.settings.web.max_body_bytes // 1024 // 1024,
            form=form,
            form_for=form_for,
        )
        return await page(visit, tx, "orders/order.html", view, status=status)


@post(ORDER + "/parcels/{parcel_id:uuid}/receive", status_code=200)
async def submit_received(
    request: PlainRequest,
    visit: Visiting,
    purchase_id: FromPath[UUID],
    order_id: FromPath[UUID],
    parcel_id: FromPath[UUID],
) -> Page:
    """The buyer has it. Raises UnknownParcel, ParcelMoved."""
    await read_form(request, EmptyForm)
    async with visit.services.db.transaction() as tx:
        await receive(tx, fulfilment_id=parcel_id, actor=visit.buyer(), now=visit.now)
    return see_other(links.order(purchase_id, order_id))


@post(ORDER + "/lines/{line_id:uuid}/review", status_code=200, request_max_body_size=_MAX_REVIEW_BYTES)
async def submit_product_review(
    request: PlainRequest,
    visit: Visiting,
    purchase_id: FromPath[UUID],
    order_id: FromPath[UUID],
    line_id: FromPath[UUID],
) -> Page:
    """Stars, words and pictures for one bought line. Raises Unauthenticated."""
    account = visit.require_identity().account
    form = ProductReviewForm(body="", score=None, pictures=())
    try:
        form = await read_review_form(request)
        if form.score is None:
            raise NoScore(field="score", most=SCORE_MOST)
        await _publish(visit, account.id, line_id, form)
    except (Invalid, Conflict) as error:
        sent = _returned(visit, error, body=form.body, score=form.score)
        return await draw_order(visit, purchase_id, order_id, form=sent, form_for=str(line_id), status=422)
    return see_other(links.order(purchase_id, order_id))


async def _publish(visit: Visit, account_id: UUID, line_id: UUID, form: ProductReviewForm) -> None:
    """Render the pictures first, outside any transaction, then write everything at once."""
    folder = visit.services.settings.of(MediaSettings).media_dir
    drafts = [await asyncio.to_thread(render_picture, content, folder=folder) for content in form.pictures]
    async with visit.services.db.transaction() as tx:
        ids = await save_media(tx, pictures=drafts, now=visit.now)
        await review_product(
            tx, account_id=account_id, order_line_id=line_id, score=form.score or 0, body=form.body,
            media_ids=[ids[draft.sha256] for draft in drafts], locale=visit.locale, now=visit.now,
        )  # fmt: skip


@post(ORDER + "/review", status_code=200)
async def submit_seller_review(
    request: PlainRequest, visit: Visiting, purchase_id: FromPath[UUID], order_id: FromPath[UUID]
) -> Page:
    """Stars and words for the shop. Raises Unauthenticated."""
    account = visit.require_identity().account
    form = await read_form(request, SellerReviewForm)
    try:
        if form.score is None:
            raise NoScore(field="score", most=SCORE_MOST)
        async with visit.services.db.transaction() as tx:
            await review_seller(
                tx, account_id=account.id, order_id=order_id, score=form.score, body=form.body,
                locale=visit.locale, now=visit.now,
            )  # fmt: skip
    except (Invalid, Conflict) as error:
        sent = _returned(visit, error, body=form.body, score=form.score)
        return await draw_order(visit, purchase_id, order_id, form=sent, form_for="seller", status=422)
    return see_other(links.order(purchase_id, order_id))


def _returned(visit: Visit, error: DomainError, *, body: str, score: int | None) -> FormView:
    field = "pictures" if error.code in {"not_a_picture", "picture_too_large"} else error.params.get("field")
    text = error_text(visit, error)
    errors = {"pictures": text} if field == "pictures" else errors_of(error, text, fields={"body", "score"})
    return form_view({"body": body, "score": score}, errors=errors)


handlers = [show_orders, show_order, submit_received, submit_product_review, submit_seller_review]
