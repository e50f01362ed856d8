"""Products, categories and reviews, for everybody."""

import hashlib
import re
from typing import Final

from litestar import get
from litestar.params import FromPath

from merx.api.catalog.requests import ProductQuery
from merx.api.core.answers import PUBLIC, Answer, answer, listed, nothing
from merx.api.core.call import shop_currency
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, matches_none, read_query
from merx.api.core.requests import NoQuery, PageQuery
from merx.catalog import LISTS, UnknownProduct, product_by_slug
from merx.infra.http import keep_public
from merx.queries.catalog import (
    CategoryList,
    ProductList,
    ProductReviewList,
    SeenProduct,
    category_list,
    product_list,
    product_review_list,
    seen_product,
)
from merx.services import Services

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,126}")


_KEPT_SECONDS: Final = 60


def check_slug(slug: str) -> str:
    """A slug that could be one. Raises UnknownProduct."""
    if not _SLUG.fullmatch(slug):
        raise UnknownProduct
    return slug


@get("/products", opt=operation("catalog", ProductList, query=ProductQuery))
async def show_products(request: ApiRequest) -> Answer:
    """List products of a category and everything below it."""
    query = read_query(request, ProductQuery)
    services: Services = request.app.state.services
    currency = shop_currency(services, query.currency)
    async with services.db.read() as tx:
        found = await product_list(
            tx,
            category=query.category,
            sort=query.sort,
            currency=currency,
            after=query.cursor,
            limit=query.limit,
        )
    return listed(request, found, found.next_cursor, headers=PUBLIC | keep_public(_KEPT_SECONDS, LISTS))


@get("/categories", opt=operation("catalog", CategoryList))
async def show_categories(request: ApiRequest) -> Answer:
    """List all categories."""
    read_query(request, NoQuery)
    services: Services = request.app.state.services
    async with services.db.read() as tx:
        found = await category_list(tx)
    return answer(found, headers=PUBLIC | keep_public(_KEPT_SECONDS, LISTS))


@get("/products/{slug:str}", opt=operation("catalog", SeenProduct, etag=True))
async def show_product(request: ApiRequest, slug: FromPath[str]) -> Answer:
    """Show a product with its variants, prices and stock."""
    services: Services = request.app.state.services
    async with services.db.snapshot() as tx:
        found = await seen_product(tx, slug=check_slug(slug), now=services.clock())
    etag = product_tag(found)
    headers = PUBLIC | {"ETag": etag}
    if matches_none(request, etag):
        return nothing(status=304, headers=headers)
    return answer(found, headers=headers | keep_public(_KEPT_SECONDS, str(found.id)))


def product_tag(found: SeenProduct) -> str:
    """The entity tag of a product: its version, and what changes without it."""
    shown = sorted((str(variant.id), variant.available) for variant in found.variants)
    digest = hashlib.sha256(repr((shown, found.rating)).encode()).hexdigest()[:12]
    return f'"{found.version}-{digest}"'


@get("/products/{slug:str}/reviews", opt=operation("catalog", ProductReviewList, query=PageQuery))
async def show_reviews(request: ApiRequest, slug: FromPath[str]) -> Answer:
    """List what buyers say of a product, newest first."""
    query = read_query(request, PageQuery)
    services: Services = request.app.state.services
    async with services.db.snapshot() as tx:
        product = await product_by_slug(tx, slug=check_slug(slug))
        found = await product_review_list(
            tx, services.keys, product_id=product.id, after=query.cursor, limit=query.limit
        )
    return listed(
        request, found, found.next_cursor, headers=PUBLIC | keep_public(_KEPT_SECONDS, str(product.id))
    )


handlers = [show_products, show_categories, show_product, show_reviews]
