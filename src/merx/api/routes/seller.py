"""What sellers do: their orders, parcels, products and prices."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from litestar import get, patch, post, put
from litestar.params import FromPath
from msgspec import UNSET

from merx.api import order_views, render, render_orders, views
from merx.api.answers import Answer, answer, done, listed, versioned
from merx.api.call import open_call, perform
from merx.api.errors import PriceGivenTwice
from merx.api.operations import operation
from merx.api.reading import ApiRequest, expected_version, read_body, read_query, required_key
from merx.api.requests import EditProduct, LocaleCode, SellerOrderQuery, SetPrices, Ship
from merx.api.routes.catalog import shop_currency
from merx.catalog import (
    Product,
    ProductChanges,
    StaleVersion,
    UnknownProduct,
    Variant,
    edit_product,
    product_by_id,
    set_prices,
)
from merx.fulfilment import FulfilmentSettings, fulfilments_of, mark_delivered, ship
from merx.infra.db import ReadTx, Tx
from merx.infra.http import PreconditionFailed
from merx.kit.i18n import Text
from merx.orders import OrderState, get_order_view, list_seller_orders
from merx.queries.addresses import opened_address
from merx.queries.identity import Identity

ORDER = "/seller/orders/{order_id:uuid}"
PRODUCT = "/seller/products/{product_id:uuid}"


@get(
    "/seller/orders",
    opt=operation("seller", order_views.SellerOrderListView, query=SellerOrderQuery, auth="seller"),
)
async def show_orders(request: ApiRequest) -> Answer:
    """List the orders of the sellers one works for, newest first."""
    query = read_query(request, SellerOrderQuery)
    call = await open_call(request)
    seller = call.require_seller()
    states = [query.state] if query.state else [state.value for state in OrderState]
    async with call.services.db.snapshot() as tx:
        page = await list_seller_orders(
            tx, seller_ids=seller.seller_ids, states=states, after=query.cursor, limit=query.limit
        )
    view = order_views.SellerOrderListView(
        items=[render_orders.seller_order_summary(each) for each in page.items],
        next_cursor=page.next_cursor,
    )
    return listed(request, view, page.next_cursor)


@get(ORDER, opt=operation("seller", order_views.SellerOrderView, auth="seller"))
async def show_order(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """Show an order with the address to ship to."""
    call = await open_call(request)
    seller = call.seller()
    async with call.services.db.snapshot() as tx:
        found = await get_order_view(tx, order_id=order_id, actor=seller)
        assert found.address is not None
        address = await opened_address(
            tx, call.services.keys, person_id=found.address.person_id, sealed=found.address.sealed
        )
        parcels = await fulfilments_of(tx, order_ids=[order_id])
    return answer(render_orders.seller_order(found, address=address, parcels=parcels))


@post(
    f"{ORDER}/fulfilments",
    opt=operation("seller", order_views.ParcelView, status=201, body=Ship, auth="seller", key="required"),
)
async def ship_parcel(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """Hand a parcel of a paid order to a carrier."""
    key = required_key(request)
    wanted = await read_body(request, Ship)
    call = await open_call(request)
    seller = call.seller()
    days = call.services.settings.of(FulfilmentSettings).auto_receive_days
    lines = wanted.lines

    async def hand_over(tx: Tx) -> order_views.ParcelView:
        parcel = await ship(
            tx,
            order_id=order_id,
            actor=seller,
            carrier=wanted.carrier,
            tracking_number=wanted.tracking_number,
            lines=None if lines is None else [(line.order_line_id, line.quantity) for line in lines],
            now=call.now,
            auto_receive_after=timedelta(days=days),
        )
        return render_orders.parcel(parcel)

    parcel, replayed = await perform(
        call,
        hand_over,
        key=key,
        route="orders.ship",
        request=(order_id, wanted),
        outcome=order_views.ParcelView,
    )
    return done(parcel, status=201, replayed=replayed)


@post(
    "/seller/fulfilments/{fulfilment_id:uuid}/delivered",
    status_code=200,
    opt=operation("seller", order_views.ParcelView, auth="seller"),
)
async def parcel_delivered(request: ApiRequest, fulfilment_id: FromPath[UUID]) -> Answer:
    """Record that a parcel reached its buyer. Recording it again changes nothing."""
    call = await open_call(request)
    seller = call.seller()
    parcel = await call.services.db.write(
        lambda tx: mark_delivered(tx, fulfilment_id=fulfilment_id, actor=seller, now=call.now)
    )
    return answer(render_orders.parcel(parcel))


async def _own_product(tx: ReadTx, seller: Identity, product_id: UUID) -> Product:
    """A product of the sellers one works for. Raises UnknownProduct for all others."""
    product = await product_by_id(tx, product_id=product_id)
    if product.seller_id not in seller.seller_ids:
        raise UnknownProduct
    return product


@get(PRODUCT, opt=operation("seller", views.SellerProductView, auth="seller", etag=True))
async def show_product(request: ApiRequest, product_id: FromPath[UUID]) -> Answer:
    """Show a product in any state."""
    call = await open_call(request)
    seller = call.require_seller()
    async with call.services.db.snapshot() as tx:
        product = await _own_product(tx, seller, product_id)
    return versioned(render.seller_product(product), product.version)


@patch(
    PRODUCT,
    opt=operation(
        "seller", views.SellerProductView, body=EditProduct, auth="seller", if_match=True, etag=True
    ),
)
async def change_product(request: ApiRequest, product_id: FromPath[UUID]) -> Answer:
    """Change a product's texts, or whether it is on sale. What is left out stays."""
    call = await open_call(request)
    seller = call.require_seller()
    version = expected_version(request)
    wanted = await read_body(request, EditProduct)
    changes = ProductChanges(
        title=None if wanted.title is UNSET else _text(wanted.title),
        description=None if wanted.description is UNSET else _text(wanted.description),
        state=None if wanted.state is UNSET else wanted.state,
    )

    async def change(tx: Tx) -> Product:
        present = await _own_product(tx, seller, product_id)
        return await edit_product(
            tx,
            product_id=product_id,
            seller_ids=seller.seller_ids,
            expected_version=present.version if version is None else version,
            changes=changes,
            now=call.now,
            actor_id=seller.account.id,
        )

    try:
        product = await call.services.db.write(change)
    except StaleVersion as error:
        raise PreconditionFailed(**error.params) from error
    return versioned(render.seller_product(product), product.version)


def _text(given: Mapping[LocaleCode, str]) -> Text:
    return {str(locale): text for locale, text in given.items()}


@put(
    "/seller/variants/{variant_id:uuid}/prices",
    opt=operation("seller", views.SellerVariantView, body=SetPrices, auth="seller", if_match=True, etag=True),
)
async def change_prices(request: ApiRequest, variant_id: FromPath[UUID]) -> Answer:
    """Set prices of a variant, tax included; If-Match is the variant's version."""
    call = await open_call(request)
    seller = call.require_seller()
    version = expected_version(request)
    wanted = await read_body(request, SetPrices)
    prices = {shop_currency(call.services, price.currency): price.amount for price in wanted.prices}
    if len(prices) < len(wanted.prices):
        raise PriceGivenTwice(field="prices")

    async def change(tx: Tx, expected: int) -> Variant:
        return await set_prices(
            tx,
            variant_id=variant_id,
            seller_ids=seller.seller_ids,
            expected_version=expected,
            prices=prices,
            now=call.now,
            actor_id=seller.account.id,
        )

    async def change_as_asked(tx: Tx) -> Variant:
        try:
            return await change(tx, version or 0)
        except StaleVersion as error:
            if version is not None:
                raise PreconditionFailed(**error.params) from error
            return await change(tx, error.params["current"])  # "*" is any version: the one just locked

    variant = await call.services.db.write(change_as_asked)
    return versioned(render.seller_variant(variant), variant.version)


handlers = [
    show_orders,
    show_order,
    ship_parcel,
    parcel_delivered,
    show_product,
    change_product,
    change_prices,
]
