"""The buyer's orders: follow, receive, review."""

import asyncio
from uuid import UUID

from litestar import get, post

from merx.catalog import MediaSettings, render_picture, save_media
from merx.fulfilment import fulfilments_of, receive
from merx.infra.db import ReadTx
from merx.kit import links
from merx.kit.errors import Conflict, DomainError, Invalid, NotFound
from merx.orders import OrderView, after_sales_days, list_purchases
from merx.payments.providers import Manner
from merx.queries.addresses import opened_address
from merx.queries.parcels import seen_parcel
from merx.returns import ReturnsSettings, returns_of, takes_applications
from merx.reviews import PICTURES_MOST, SCORE_MOST, MyReviews, my_reviews, review_product, review_seller
from merx.sellers import get_sellers
from merx.storefront.core import present
from merx.storefront.core.forms import (
    MAX_PICTURE_BYTES,
    EmptyForm,
    PlainRequest,
    errors_of,
    form_view,
    read_form,
)
from merx.storefront.core.orders import ORDER, own_purchase, pictured
from merx.storefront.core.pages import Page, error_text, fragment, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.core.paying import payment_name
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.orders.forms import NoScore, ProductReviewForm, SellerReviewForm, read_review_form
from merx.storefront.orders.view import OrderRow, OrdersView, order_page, order_row, with_returns

_PER_PAGE = 20


_MAX_REVIEW_BYTES = PICTURES_MOST * MAX_PICTURE_BYTES + 64 * 1024


@get("/orders")
async def show_orders(visit: Visiting, after: Cursor = None) -> Page:
    """The account's orders, the newest first; a guest's are those whose tokens the browser kept. Raises BadCursor."""
    async with visit.services.db.snapshot() as tx:
        found, cursor = await _own_orders(visit, tx, after=after)
        shown = await pictured(tx, found)
        sellers = await get_sellers(tx, seller_ids={each.order.seller_id for each in found})
        rows: list[OrderRow] = [
            order_row(
                each,
                url=links.order(each.order.purchase_id, each.order.id),
                counterpart=present.seller_name(sellers, each.order.seller_id, visit.locale),
                locale=visit.locale,
                pictured=shown,
            )
            for each in found
        ]
        view = OrdersView(rows=tuple(rows), more_url=f"{links.orders()}?after={cursor}" if cursor else None)
        if visit.partial:
            return fragment(visit, "orders/order_rows.html", view=view)
        return await page(visit, tx, "orders/orders.html", view)


async def _own_orders(visit: Visit, tx: ReadTx, *, after: str | None) -> tuple[list[OrderView], str | None]:
    if visit.account_id is not None:
        found = await list_purchases(tx, actor=visit.buyer(), after=after, limit=_PER_PAGE)
        return [order for _, orders in found.items for order in orders], found.next_cursor
    orders: list[OrderView] = []
    for purchase_id in reversed(visit.purchases):
        try:
            orders.extend((await own_purchase(visit, tx, purchase_id)).orders)
        except NotFound:
            continue  # a stale or forged cookie
    return orders, None


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
    async with visit.services.db.snapshot() as tx:
        found = await own_purchase(visit, tx, purchase_id)
        order = next((each for each in found.orders if each.order.id == order_id), None)
        if order is None:
            raise NotFound
        view = order_page(
            order,
            url=links.order(purchase_id, order_id),
            locale=visit.locale,
            purchase=found.purchase,
            payment_name=payment_name(visit, found.purchase),
            address=await opened_address(
                tx, visit.services.keys, person_id=found.address.person_id, sealed=found.address.sealed
            ),
            parcels=[
                seen_parcel(each, actor=visit.buyer())
                for each in await fulfilments_of(tx, order_ids=[order_id])
            ],
            pictured=await pictured(tx, [order]),
            sellers=await get_sellers(tx, seller_ids=[order.order.seller_id]),
            mine=await _mine(visit, tx, order),
            pictures_most=PICTURES_MOST,
            upload_megabytes=visit.services.settings.web.max_body_bytes // 1024 // 1024,
            form=form,
            form_for=form_for,
            at_the_door=visit.services.providers.manner(found.purchase.provider) is Manner.DOOR,
        )
        days = await after_sales_days(
            tx, order_id=order_id, default=visit.services.settings.of(ReturnsSettings).after_sales_days
        )
        view = with_returns(
            view,
            order,
            cases=await returns_of(tx, order_ids=[order_id]),
            apply_at=view.url if takes_applications(order.order, days=days, now=visit.now) else None,
        )
        return await page(visit, tx, "orders/order.html", view, status=status)


async def _mine(visit: Visit, tx: ReadTx, order: OrderView) -> MyReviews | None:
    """What was reviewed already; None for a guest, who has no name to review under."""
    if visit.account_id is None:
        return None
    return await my_reviews(tx, order_ids=[order.order.id])


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
