"""Products, categories and reviews, for everybody."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from litestar import get
from litestar.params import FromPath

from merx.api import render, views
from merx.api.catalog.requests import ProductQuery
from merx.api.core.answers import PUBLIC, Answer, answer, listed, nothing
from merx.api.core.call import shop_currency
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, matches_none, read_query
from merx.api.core.requests import NoQuery, PageQuery
from merx.catalog import LISTS, Product, UnknownProduct, category_tree, list_products, product_by_slug
from merx.infra.http import keep_public
from merx.inventory import availability
from merx.reviews import Rating, product_rating, product_reviews
from merx.sellers import get_sellers
from merx.services import Services

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,126}")


_KEPT_SECONDS: Final = 60


def check_slug(slug: str) -> str:
    """A slug that could be one. Raises UnknownProduct."""
    if not _SLUG.fullmatch(slug):
        raise UnknownProduct
    return slug


@get("/products", opt=operation("catalog", views.ProductListView, query=ProductQuery))
async def show_products(request: ApiRequest) -> Answer:
    """List products of a category and everything below it."""
    query = read_query(request, ProductQuery)
    services: Services = request.app.state.services
    currency = shop_currency(services, query.currency)
    async with services.db.read() as tx:
        page = await list_products(
            tx,
            category=query.category,
            sort=query.sort,
            currency=currency,
            after=query.cursor,
            limit=query.limit,
        )
    view = views.ProductListView(
        items=[render.card(each) for each in page.items], next_cursor=page.next_cursor
    )
    return listed(request, view, page.next_cursor, headers=PUBLIC | keep_public(_KEPT_SECONDS, LISTS))


@get("/categories", opt=operation("catalog", views.CategoryListView))
async def show_categories(request: ApiRequest) -> Answer:
    """List all categories."""
    read_query(request, NoQuery)
    services: Services = request.app.state.services
    async with services.db.read() as tx:
        found = await category_tree(tx)
    view = views.CategoryListView(items=[render.category(each) for each in found])
    return answer(view, headers=PUBLIC | keep_public(_KEPT_SECONDS, LISTS))


@get("/products/{slug:str}", opt=operation("catalog", views.ProductView, etag=True))
async def show_product(request: ApiRequest, slug: FromPath[str]) -> Answer:
    """Show a product with its variants, prices and stock."""
    services: Services = request.app.state.services
    async with services.db.snapshot() as tx:
        product = await product_by_slug(tx, slug=check_slug(slug))
        active = [variant.id for variant in product.variants if variant.state == "active"]
        stock = await availability(tx, variant_ids=active, now=services.clock())
        rated = (await product_rating(tx, product_ids=[product.id]))[product.id]
        sellers = await get_sellers(tx, seller_ids=[product.seller_id])
    etag = product_tag(product, stock, rated)
    headers = PUBLIC | {"ETag": etag}
    if matches_none(request, etag):
        return nothing(status=304, headers=headers)
    view = render.product(product, by=sellers.get(product.seller_id), stock=stock, rated=rated)
    return answer(view, headers=headers | keep_public(_KEPT_SECONDS, str(product.id)))


def product_tag(product: Product, stock: Mapping[UUID, int], rated: Rating) -> str:
    """The entity tag of what `render.product` shows: the version, and what changes without it."""
    shown = sorted((str(variant_id), render.shown_stock(units)) for variant_id, units in stock.items())
    digest = hashlib.sha256(repr((shown, rated)).encode()).hexdigest()[:12]
    return f'"{product.version}-{digest}"'


@get("/products/{slug:str}/reviews", opt=operation("catalog", views.ProductReviewListView, query=PageQuery))
async def show_reviews(request: ApiRequest, slug: FromPath[str]) -> Answer:
    """List what buyers say of a product, newest first."""
    query = read_query(request, PageQuery)
    services: Services = request.app.state.services
    async with services.db.snapshot() as tx:
        product = await product_by_slug(tx, slug=check_slug(slug))
        rated = (await product_rating(tx, product_ids=[product.id]))[product.id]
        page = await product_reviews(
            tx, services.keys, product_id=product.id, after=query.cursor, limit=query.limit
        )
    view = views.ProductReviewListView(
        items=[render.product_review(each) for each in page.items],
        rating=render.rating(rated),
        next_cursor=page.next_cursor,
    )
    return listed(
        request, view, page.next_cursor, headers=PUBLIC | keep_public(_KEPT_SECONDS, str(product.id))
    )


handlers = [show_products, show_categories, show_product, show_reviews]
