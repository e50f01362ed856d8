"""Products and categories, as shoppers and as their sellers see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.catalog import (
    Category,
    Product,
    ProductCard,
    Variant,
    category_tree,
    list_products,
    product_by_slug,
)
from merx.infra.crypto import MasterKeys
from merx.infra.db import ReadTx
from merx.inventory import availability
from merx.kit.i18n import Text
from merx.kit.money import Money
from merx.queries.pictures import SeenPicture, picture
from merx.reviews import ProductReview, Rating, product_rating, product_reviews
from merx.sellers import Seller, get_sellers


class SeenCard(msgspec.Struct, frozen=True, kw_only=True):
    """A product in a list; `prices_from` are the lowest prices of its variants."""

    id: UUID
    slug: str
    title: Text
    seller_id: UUID
    picture: SeenPicture | None
    prices_from: list[Money]
    published_at: datetime


class ProductList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of products; `next_cursor` is null at the end."""

    items: list[SeenCard]
    next_cursor: str | None


class SeenCategory(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the category tree; a root has no parent."""

    id: UUID
    parent_id: UUID | None
    code: str
    name: Text


class CategoryList(msgspec.Struct, frozen=True, kw_only=True):
    """Every category, in order."""

    items: list[SeenCategory]


class SeenOptionValue(msgspec.Struct, frozen=True, kw_only=True):
    """One choice of an option."""

    code: str
    label: Text


class SeenOption(msgspec.Struct, frozen=True, kw_only=True):
    """Something a shopper chooses by."""

    code: str
    name: Text
    values: list[SeenOptionValue]


class SeenFacet(msgspec.Struct, frozen=True, kw_only=True):
    """A property of a product."""

    code: str
    value: str
    name: Text
    label: Text


class SeenSeller(msgspec.Struct, frozen=True, kw_only=True):
    """A shop on the marketplace."""

    id: UUID
    code: str
    name: Text


class SeenRating(msgspec.Struct, frozen=True, kw_only=True):
    """How many reviews there are and their average in tenths: 47 is 4.7 of 5."""

    count: int
    average_tenths: int


class SeenVariant(msgspec.Struct, frozen=True, kw_only=True):
    """What can be put into a cart. `available` is exact up to 99 and says 99 for more."""

    id: UUID
    sku: str
    label: Text
    options: dict[str, str]
    prices: list[Money]
    tax_rate_bp: int
    available: int


class SeenProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product as shoppers see it."""

    id: UUID
    slug: str
    title: Text
    description: Text
    seller: SeenSeller | None
    options: list[SeenOption]
    facets: list[SeenFacet]
    categories: list[SeenCategory]
    pictures: list[SeenPicture]
    variants: list[SeenVariant]
    rating: SeenRating
    published_at: datetime | None
    version: int


class SeenProductReview(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer says of a product; the author's name is masked."""

    score: int
    body: str
    pictures: list[SeenPicture]
    author_name: str
    locale: str
    created_at: datetime


class ProductReviewList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of reviews, newest first."""

    items: list[SeenProductReview]
    rating: SeenRating
    next_cursor: str | None


class ManagedVariant(msgspec.Struct, frozen=True, kw_only=True):
    """A variant for those who manage it. Its ETag carries `version`."""

    id: UUID
    product_id: UUID
    sku: str
    label: Text
    options: dict[str, str]
    state: str
    tax_rate_bp: int
    prices: list[Money]
    version: int


class ManagedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product for those who manage it, in any state. Its ETag carries `version`."""

    id: UUID
    seller_id: UUID
    slug: str
    title: Text
    description: Text
    state: str
    options: list[SeenOption]
    facets: list[SeenFacet]
    categories: list[SeenCategory]
    pictures: list[SeenPicture]
    variants: list[ManagedVariant]
    published_at: datetime | None
    version: int


SHOWN_STOCK = 99


def prices(amounts: Mapping[str, int]) -> list[Money]:
    """Prices, by currency."""
    return [Money(amount, currency) for currency, amount in sorted(amounts.items())]


def card(found: ProductCard) -> SeenCard:
    """A product in a list."""
    return SeenCard(
        id=found.id,
        slug=found.slug,
        title=found.title,
        seller_id=found.seller_id,
        picture=picture(found.picture) if found.picture else None,
        prices_from=prices(found.price_from),
        published_at=found.published_at,
    )


def category(found: Category) -> SeenCategory:
    """A category."""
    return SeenCategory(id=found.id, parent_id=found.parent_id, code=found.code, name=found.name)


def seller(found: Seller | None) -> SeenSeller | None:
    """A seller."""
    return None if found is None else SeenSeller(id=found.id, code=found.code, name=found.name)


def rating(found: Rating) -> SeenRating:
    """A rating."""
    return SeenRating(count=found.count, average_tenths=found.average_tenths)


def _options(found: Product) -> list[SeenOption]:
    return [
        SeenOption(
            code=option.code,
            name=option.name,
            values=[SeenOptionValue(code=value.code, label=value.label) for value in option.values],
        )
        for option in found.options
    ]


def _facets(found: Product) -> list[SeenFacet]:
    return [
        SeenFacet(code=facet.code, value=facet.value, name=facet.name, label=facet.label)
        for facet in found.facets
    ]


async def product_list(
    tx: ReadTx,
    *,
    category: str | None,
    sort: Literal["newest", "price", "-price"],
    currency: str,
    after: str | None = None,
    limit: int = 20,
) -> ProductList:
    """Products of a category and everything below it. Raises UnknownCategory, BadCursor."""
    page = await list_products(tx, category=category, sort=sort, currency=currency, after=after, limit=limit)
    return ProductList(items=[card(each) for each in page.items], next_cursor=page.next_cursor)


async def category_list(tx: ReadTx) -> CategoryList:
    """Every category, in order."""
    return CategoryList(items=[category(each) for each in await category_tree(tx)])


async def seen_product(tx: ReadTx, *, slug: str, now: datetime) -> SeenProduct:
    """A product as shoppers see it: its active variants, with stock up to SHOWN_STOCK. Raises UnknownProduct."""
    found = await product_by_slug(tx, slug=slug)
    active = [variant.id for variant in found.variants if variant.state == "active"]
    stock = await availability(tx, variant_ids=active, now=now)
    rated = (await product_rating(tx, product_ids=[found.id]))[found.id]
    by = (await get_sellers(tx, seller_ids=[found.seller_id])).get(found.seller_id)
    return SeenProduct(
        id=found.id,
        slug=found.slug,
        title=found.title,
        description=found.description,
        seller=seller(by),
        options=_options(found),
        facets=_facets(found),
        categories=[category(each) for each in found.categories],
        pictures=[picture(each) for each in found.pictures],
        variants=[
            SeenVariant(
                id=each.id,
                sku=each.sku,
                label=each.label,
                options=each.options,
                prices=prices(each.prices),
                tax_rate_bp=each.tax_rate_bp,
                available=shown_stock(stock.get(each.id, 0)),
            )
            for each in found.variants
            if each.state == "active"
        ],
        rating=rating(rated),
        published_at=found.published_at,
        version=found.version,
    )


async def product_review_list(
    tx: ReadTx,
    keys: MasterKeys,
    *,
    product_id: UUID,
    after: str | None = None,
    limit: int = 20,
    rated: SeenRating | None = None,
) -> ProductReviewList:
    """What buyers say of a product, newest first; `rated` saves asking for its score again. Raises BadCursor."""
    if rated is None:
        rated = rating((await product_rating(tx, product_ids=[product_id]))[product_id])
    page = await product_reviews(tx, keys, product_id=product_id, after=after, limit=limit)
    return ProductReviewList(
        items=[product_review(each) for each in page.items],
        rating=rated,
        next_cursor=page.next_cursor,
    )


def shown_stock(units: int) -> int:
    """How many units are told to strangers: what a shop has in all is its own business."""
    return max(0, min(units, SHOWN_STOCK))


def seller_product(found: Product) -> ManagedProduct:
    """A product for those who manage it."""
    return ManagedProduct(
        id=found.id,
        seller_id=found.seller_id,
        slug=found.slug,
        title=found.title,
        description=found.description,
        state=found.state,
        options=_options(found),
        facets=_facets(found),
        categories=[category(each) for each in found.categories],
        pictures=[picture(each) for each in found.pictures],
        variants=[seller_variant(each) for each in found.variants],
        published_at=found.published_at,
        version=found.version,
    )


def seller_variant(found: Variant) -> ManagedVariant:
    """A variant for those who manage it."""
    return ManagedVariant(
        id=found.id,
        product_id=found.product_id,
        sku=found.sku,
        label=found.label,
        options=found.options,
        state=found.state,
        tax_rate_bp=found.tax_rate_bp,
        prices=prices(found.prices),
        version=found.version,
    )


def product_review(found: ProductReview) -> SeenProductReview:
    """A review; which order it came from is not said."""
    return SeenProductReview(
        score=found.score,
        body=found.body,
        pictures=[picture(each) for each in found.media],
        author_name=found.author_name,
        locale=found.locale,
        created_at=found.created_at,
    )
