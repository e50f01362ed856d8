"""What sellers do with their products and prices."""

from collections.abc import Mapping
from uuid import UUID

from litestar import get, patch, put
from litestar.params import FromPath
from msgspec import UNSET

from merx.api.catalog.requests import EditProduct, SetPrices
from merx.api.core.answers import Answer, versioned
from merx.api.core.call import open_call, shop_currency
from merx.api.core.errors import PriceGivenTwice
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, expected_version, read_body
from merx.api.core.requests import LocaleCode
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
from merx.infra.db import ReadTx, Tx
from merx.infra.http import PreconditionFailed
from merx.kit.i18n import Text
from merx.queries import catalog as seen_catalog
from merx.queries.identity import Identity

PRODUCT = "/seller/products/{product_id:uuid}"


async def _own_product(tx: ReadTx, seller: Identity, product_id: UUID) -> Product:
    """A product of the sellers one works for. Raises UnknownProduct for all others."""
    product = await product_by_id(tx, product_id=product_id)
    if product.seller_id not in seller.seller_ids:
        raise UnknownProduct
    return product


@get(PRODUCT, opt=operation("seller", seen_catalog.ManagedProduct, auth="seller", etag=True))
async def show_product(request: ApiRequest, product_id: FromPath[UUID]) -> Answer:
    """Show a product in any state."""
    call = await open_call(request)
    seller = call.require_seller()
    async with call.services.db.snapshot() as tx:
        product = await _own_product(tx, seller, product_id)
    return versioned(seen_catalog.seller_product(product), product.version)


@patch(
    PRODUCT,
    opt=operation(
        "seller", seen_catalog.ManagedProduct, body=EditProduct, auth="seller", if_match=True, etag=True
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
    return versioned(seen_catalog.seller_product(product), product.version)


def _text(given: Mapping[LocaleCode, str]) -> Text:
    return {str(locale): text for locale, text in given.items()}


@put(
    "/seller/variants/{variant_id:uuid}/prices",
    opt=operation(
        "seller", seen_catalog.ManagedVariant, body=SetPrices, auth="seller", if_match=True, etag=True
    ),
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
    return versioned(seen_catalog.seller_variant(variant), variant.version)


handlers = [show_product, change_product, change_prices]
