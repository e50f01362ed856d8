"""Apply for after-sales: one line of an order, how many of it, why, with pictures."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import get, post

from merx.catalog import MediaSettings, cards, render_picture, save_media
from merx.fulfilment import BadTrackingNumber, UnknownCarrier
from merx.infra.db import ReadTx, Tx
from merx.kit import links
from merx.kit.errors import Conflict, DomainError, Invalid
from merx.kit.money import MalformedAmount
from merx.orders import UnknownOrder, get_order
from merx.queries.return_application import return_options
from merx.returns import (
    PICTURES_MOST,
    Application,
    NotReturnable,
    Return,
    ReturnKind,
    ReturnReason,
    ReturnsSettings,
    Wanted,
    request_return,
)
from merx.storefront.core.forms import (
    MAX_PICTURE_BYTES,
    BadForm,
    PlainRequest,
    errors_of,
    form_view,
)
from merx.storefront.core.orders import ORDER
from merx.storefront.core.pages import Page, error_text, page, see_other
from merx.storefront.core.parameters import FromPath, Visiting
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.returns.forms import ReturnForm, read_return_form
from merx.storefront.returns.view import form_page

_MAX_BYTES = PICTURES_MOST * MAX_PICTURE_BYTES + 64 * 1024


_APPLY = ORDER + "/lines/{line_id:uuid}/return"


_FIELDS = {
    BadTrackingNumber.code: "tracking_number",
    UnknownCarrier.code: "carrier",
    MalformedAmount.code: "amount",
    "too_many_pictures": "pictures",
    "not_a_picture": "pictures",
    "picture_too_large": "pictures",
    "not_exchangeable": "instead",
    "mixed_units": "held",
}


_NAMES = {"quantity", "reason", "body", "answer", "amount", "carrier", "tracking_number"}


def returned(visit: Visit, error: DomainError, values: Mapping[str, object]) -> FormView:
    """The form as it was sent, with what is wrong beside its field."""
    text = error_text(visit, error)
    field = _FIELDS.get(error.code)
    errors = {field: text} if field else errors_of(error, text, fields=_NAMES)
    return form_view(values, errors=errors)


@get(_APPLY)
async def show_application(
    visit: Visiting, purchase_id: FromPath[UUID], order_id: FromPath[UUID], line_id: FromPath[UUID]
) -> Page:
    """The form for one line of an order. Raises UnknownPurchase, UnknownOrder, NotReturnable."""
    return await _draw_application(visit, purchase_id, order_id, line_id)


@post(_APPLY, status_code=200, request_max_body_size=_MAX_BYTES)
async def submit_application(
    request: PlainRequest,
    visit: Visiting,
    purchase_id: FromPath[UUID],
    order_id: FromPath[UUID],
    line_id: FromPath[UUID],
) -> Page:
    """Apply for money back or an exchange. Raises UnknownPurchase, UnknownOrder, NotReturnable, BadForm."""
    values: dict[str, object] = {}
    try:
        form, pictures = await read_return_form(request)
        values = msgspec.structs.asdict(form)
        case = await _apply(visit, purchase_id, order_id, line_id, form, pictures)
    except NotReturnable:
        raise
    except (Invalid, Conflict) as error:
        sent = returned(visit, error, values)
        return await _draw_application(visit, purchase_id, order_id, line_id, form=sent, status=422)
    return see_other(links.return_case(case.id))


async def _apply(
    visit: Visit,
    purchase_id: UUID,
    order_id: UUID,
    line_id: UUID,
    form: ReturnForm,
    pictures: Sequence[bytes],
) -> Return:
    """Render the pictures first, outside any transaction, then write everything at once."""
    if form.reason not in set(ReturnReason):
        raise BadForm
    settings = visit.services.settings
    async with visit.services.db.read() as tx:  # nobody else's order makes us render pictures
        await _own_order(visit, tx, purchase_id, order_id)
    drafts = [
        await asyncio.to_thread(render_picture, content, folder=settings.of(MediaSettings).media_dir)
        for content in pictures
    ]

    async def work(tx: Tx) -> Return:
        ids = await save_media(tx, pictures=drafts, now=visit.now)
        return await request_return(
            tx,
            order_id=order_id,
            actor=visit.buyer(),
            application=Application(
                kind=ReturnKind(form.kind),
                reason=ReturnReason(form.reason),
                lines=[
                    Wanted(
                        line_id,
                        form.quantity,
                        variant_id=_variant(form.held),
                        replacement_id=_variant(form.instead) if form.kind == "exchange" else None,
                    )
                ],
                body=form.body,
                media_ids=[ids[draft.sha256] for draft in drafts],
            ),
            default_days=settings.of(ReturnsSettings).after_sales_days,
            now=visit.now,
        )

    return await visit.services.db.write(work)


def _variant(chosen: str) -> UUID | None:
    """A variant of the form's lists, None for the first. Raises BadForm."""
    try:
        return UUID(chosen) if chosen else None
    except ValueError:
        raise BadForm from None


async def _draw_application(
    visit: Visit,
    purchase_id: UUID,
    order_id: UUID,
    line_id: UUID,
    *,
    form: FormView | None = None,
    status: int = 200,
) -> Page:
    settings = visit.services.settings
    async with visit.services.db.snapshot() as tx:
        await _own_order(visit, tx, purchase_id, order_id)
        options = await return_options(
            tx, order_id=order_id, line_id=line_id, actor=visit.buyer(),
            default_days=settings.of(ReturnsSettings).after_sales_days, now=visit.now,
        )  # fmt: skip
        view = form_page(
            options,
            order_url=links.order(purchase_id, order_id),
            locale=visit.locale,
            pictured=await cards(tx, product_ids=[options.line.product_id]),
            upload_megabytes=settings.web.max_body_bytes // 1024 // 1024,
            form=form or form_view({"quantity": 1}),
        )
        return await page(visit, tx, "returns/return_form.html", view, status=status)


async def _own_order(visit: Visit, tx: ReadTx, purchase_id: UUID, order_id: UUID) -> None:
    """Raises UnknownOrder for an order of somebody else, or of another purchase."""
    order = await get_order(tx, order_id=order_id, actor=visit.buyer())
    if order.purchase_id != purchase_id:
        raise UnknownOrder


handlers = [show_application, submit_application]
