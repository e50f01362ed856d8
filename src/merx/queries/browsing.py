"""What a shopper browses: products as cards with their shop and their score, and a product's whole page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.catalog import ProductCard, UnknownProduct, Variant, list_products, product_by_slug
from merx.infra.crypto import MasterKeys
from merx.infra.db import ReadTx
from merx.kit.money import Money
from merx.queries.catalog import (
    ProductReviewList,
    SeenCard,
    SeenCategory,
    SeenProduct,
    SeenRating,
    SeenSeller,
    card,
    product_review_list,
    rating,
    seen_product,
    seller,
)
from merx.queries.pictures import SeenPicture
from merx.reviews import product_rating
from merx.sellers import delivery_rates, get_sellers


class OfferedCard(SeenCard, frozen=True, kw_only=True):
    """A product in a list, with whose it is. `prices_vary` are the currencies in which not all its variants cost the same."""

    seller: SeenSeller | None
    rating: SeenRating
    prices_vary: list[str]


class OfferedList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list of products; `next_cursor` is null at the end."""

    items: list[OfferedCard]
    next_cursor: str | None


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    """A product with what its buyers say, the least that its delivery costs, and others of its category."""

    product: SeenProduct
    reviews: ProductReviewList
    delivery_from: Money | None
    related: list[OfferedCard]


async def offered_list(
    tx: ReadTx,
    *,
    currency: str,
    category: str | None = None,
    sort: Literal["newest", "price", "-price"] = "newest",
    after: str | None = None,
    limit: int = 20,
) -> OfferedList:
    """Products as cards, of a category and everything below it. Raises UnknownCategory, BadCursor."""
    page = await list_products(tx, category=category, sort=sort, currency=currency, after=after, limit=limit)
    return OfferedList(items=await _offered(tx, page.items), next_cursor=page.next_cursor)


async def _offered(tx: ReadTx, found: Sequence[ProductCard]) -> list[OfferedCard]:
    """Cards with their sellers and their scores: two statements for any number."""
    if not found:
        return []
    sellers = await get_sellers(tx, seller_ids={each.seller_id for each in found})
    ratings = await product_rating(tx, product_ids=[each.id for each in found])
    return [
        OfferedCard(
            **msgspec.structs.asdict(card(each)),
            seller=seller(sellers.get(each.seller_id)),
            rating=rating(ratings[each.id]),
            prices_vary=each.price_varies,
        )
        for each in found
    ]


async def category_pictures(
    tx: ReadTx, *, categories: Sequence[SeenCategory], currency: str
) -> dict[UUID, SeenPicture]:
    """A picture of something in each of these categories: of the second newest, for the newest is shown large already."""
    pictures = {}
    for category in categories:
        found = (await list_products(tx, category=category.code, currency=currency, limit=2)).items
        picture = card(found[-1]).picture if found else None
        if picture is not None:
            pictures[category.id] = picture
    return pictures


async def product_page(
    tx: ReadTx,
    keys: MasterKeys,
    *,
    slug: str,
    currency: str,
    reviews_after: str | None,
    reviews: int,
    related: int,
    now: datetime,
) -> ProductPage:
    """A product's page with at most so many reviews and related products.

    Raises UnknownProduct, also when nothing of it is sold any more, and BadCursor.
    """
    product = await seen_product(tx, slug=slug, now=now)
    if not product.variants:
        raise UnknownProduct
    return ProductPage(
        product=product,
        reviews=await product_review_list(
            tx, keys, product_id=product.id, after=reviews_after, limit=reviews, rated=product.rating
        ),
        delivery_from=await _delivery_from(tx, product, currency),
        related=await _related(tx, product, currency=currency, limit=related),
    )


async def _delivery_from(tx: ReadTx, product: SeenProduct, currency: str) -> Money | None:
    rates = await delivery_rates(tx, seller_ids=[product.seller.id] if product.seller else [])
    amounts = [rate.amount for rate in rates if rate.currency == currency]
    return Money(min(amounts), currency) if amounts else None


async def _related(tx: ReadTx, product: SeenProduct, *, currency: str, limit: int) -> list[OfferedCard]:
    """Others of the same category, the newest first."""
    parents = {each.parent_id for each in product.categories}
    category = next((each for each in product.categories if each.id not in parents), None)
    if category is None:
        return []
    found = await list_products(tx, category=category.code, currency=currency, limit=limit + 1)
    return await _offered(tx, [each for each in found.items if each.id != product.id][:limit])


async def chosen_sku(tx: ReadTx, *, slug: str, choices: Mapping[int, str]) -> str | None:
    """The variant of a product with these values of its first, second … option, else the one that shares most of them.

    None when no option is meant, or nothing of it is sold. Raises UnknownProduct.
    """
    product = await product_by_slug(tx, slug=slug)
    chosen = {
        option.code: choices[index]
        for index, option in enumerate(product.options, start=1)
        if index in choices
    }

    def shared(variant: Variant) -> int:
        return sum(variant.options.get(code) == value for code, value in chosen.items())

    active = [variant for variant in product.variants if variant.state == "active"]
    return max(active, key=shared).sku if active and chosen else None
