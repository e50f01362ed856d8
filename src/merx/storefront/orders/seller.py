"""The seller's side: paid orders, and sending them."""

from datetime import timedelta
from uuid import UUID

import msgspec
from litestar import get, post

from merx.cashier import confirm_cash, void_now
from merx.catalog import cards
from merx.fulfilment import (
    BadTrackingNumber,
    FulfilmentSettings,
    UnknownCarrier,
    mark_delivered,
    ship,
)
from merx.infra.db import Tx
from merx.kit import links
from merx.kit.errors import Conflict, Invalid
from merx.kit.money import parse_decimal
from merx.orders import OrderState, get_order
from merx.queries.orders import seller_order, seller_order_list
from merx.queries.returns import order_returns
from merx.returns import Wanted, record_undelivered
from merx.storefront.core.forms import (
    EmptyForm,
    MoneyForm,
    PlainRequest,
    ShipForm,
    errors_of,
    form_view,
    read_form,
    read_restocked,
)
from merx.storefront.core.pages import Page, error_text, fragment, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.orders.seller_view import seller_list, seller_page

_PER_PAGE = 20


_PAID = (OrderState.PLACED.value, OrderState.CLOSED.value)


_FIELDS = {BadTrackingNumber.code: "tracking_number", UnknownCarrier.code: "carrier"}


@get("/seller/orders")
async def show_seller_orders(visit: Visiting, after: Cursor = None) -> Page:
    """Paid orders, the newest first. Raises Unauthenticated, NoShop, BadCursor."""
    seller = visit.seller()
    async with visit.services.db.snapshot() as tx:
        found = await seller_order_list(tx, actor=seller, states=_PAID, after=after, limit=_PER_PAGE)
        shown = await cards(tx, product_ids={line.product_id for each in found.items for line in each.lines})
        view = seller_list(found, locale=visit.locale, pictured=shown)
        if visit.partial:
            return fragment(visit, "orders/order_rows.html", view=view)
        return await page(visit, tx, "orders/seller_orders.html", view)


@get("/seller/orders/{order_id:uuid}")
async def show_seller_order(visit: Visiting, order_id: FromPath[UUID]) -> Page:
    """One order with the address to send it to. Raises Unauthenticated, NoShop, UnknownOrder."""
    return await _draw(visit, order_id)


@post("/seller/orders/{order_id:uuid}/ship", status_code=200)
async def submit_ship(request: PlainRequest, visit: Visiting, order_id: FromPath[UUID]) -> Page:
    """Everything that is left has gone to a carrier. Raises Unauthenticated, NoShop, UnknownOrder."""
    seller = visit.seller()
    form = await read_form(request, ShipForm)
    try:
        async with visit.services.db.transaction() as tx:
            await ship(
                tx, order_id=order_id, actor=seller, carrier=form.carrier, tracking_number=form.tracking_number,
                lines=None, now=visit.now,
                auto_receive_after=timedelta(days=visit.services.settings.of(FulfilmentSettings).auto_receive_days),
            )  # fmt: skip
    except (Invalid, Conflict) as error:
        field = _FIELDS.get(error.code, "form")
        sent = form_view(msgspec.structs.asdict(form), errors={field: error_text(visit, error)})
        return await _draw(visit, order_id, form=sent, form_for="ship", status=422)
    return see_other(links.seller_order(order_id))


@post("/seller/orders/{order_id:uuid}/parcels/{parcel_id:uuid}/delivered", status_code=200)
async def submit_delivered(
    request: PlainRequest, visit: Visiting, order_id: FromPath[UUID], parcel_id: FromPath[UUID]
) -> Page:
    """The carrier has delivered it. Raises Unauthenticated, NoShop, UnknownParcel, ParcelMoved."""
    seller = visit.seller()
    await read_form(request, EmptyForm)
    async with visit.services.db.transaction() as tx:
        await mark_delivered(tx, fulfilment_id=parcel_id, actor=seller, now=visit.now)
    return see_other(links.seller_order(order_id))


@post("/seller/orders/{order_id:uuid}/cash", status_code=200)
async def submit_cash(request: PlainRequest, visit: Visiting, order_id: FromPath[UUID]) -> Page:
    """The cash was taken at the door. Raises Unauthenticated, NoShop, UnknownOrder, UnknownPayment."""
    seller = visit.seller()
    form = await read_form(request, MoneyForm)

    async def work(tx: Tx) -> None:
        order = await get_order(tx, order_id=order_id, actor=seller)
        await confirm_cash(
            tx, visit.services.providers, order_id=order_id, actor=seller, amount=parse_decimal(form.amount.strip(), order.currency),
            reference=form.reference, now=visit.now,
        )  # fmt: skip

    try:
        await visit.services.db.write(work)
    except (Invalid, Conflict) as error:
        errors = errors_of(error, error_text(visit, error), fields={"amount", "reference"})
        sent = form_view(msgspec.structs.asdict(form), errors=errors)
        return await _draw(visit, order_id, form=sent, form_for="cash", status=422)
    return see_other(links.seller_order(order_id))


@post("/seller/orders/{order_id:uuid}/undelivered", status_code=200)
async def submit_undelivered(request: PlainRequest, visit: Visiting, order_id: FromPath[UUID]) -> Page:
    """The parcels were refused at the door and came back: which units can be sold again.

    Raises Unauthenticated, NoShop, UnknownOrder, UnknownPayment, BadForm.
    """
    seller = visit.seller()
    restocked = [Wanted(line_id, quantity) for line_id, quantity in (await read_restocked(request)).items()]
    services = visit.services
    try:
        unwanted = await services.db.write(
            lambda tx: record_undelivered(
                tx, services.providers, order_id=order_id, actor=seller, restocked=restocked, now=visit.now
            )
        )
    except (Invalid, Conflict) as error:
        values = {f"restocked-{each.order_line_id}": each.quantity for each in restocked}
        sent = form_view(values, errors={"form": error_text(visit, error)})
        return await _draw(visit, order_id, form=sent, form_for="undelivered", status=422)
    await void_now(services.db, services.providers, unwanted, now=visit.now)
    return see_other(links.seller_order(order_id))


async def _draw(
    visit: Visit, order_id: UUID, *, form: FormView | None = None, form_for: str | None = None, status: int = 200
) -> Page:  # fmt: skip
    seller = visit.seller()
    async with visit.services.db.snapshot() as tx:
        found = await seller_order(
            tx, visit.services.keys, visit.services.providers, order_id=order_id, actor=seller
        )
        cases = await order_returns(tx, order_ids=[order_id], actor=seller)
        shown = await cards(tx, product_ids={line.product_id for line in found.lines})
        view = seller_page(
            found, cases=cases.items, locale=visit.locale, pictured=shown, form=form, form_for=form_for
        )
        return await page(visit, tx, "orders/seller_order.html", view, status=status)


handlers = [
    show_seller_orders,
    show_seller_order,
    submit_ship,
    submit_delivered,
    submit_cash,
    submit_undelivered,
]
