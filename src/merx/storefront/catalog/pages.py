"""First page, categories, products."""

from collections.abc import Sequence
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from litestar import get
from litestar.params import FromQuery, QueryParameter

from merx.cart import MAX_QUANTITY
from merx.catalog import (
    LISTS,
    Category,
    Product,
    UnknownCategory,
    UnknownProduct,
    Variant,
    category_tree,
    list_products,
    product_by_slug,
)
from merx.infra.db import ReadTx
from merx.inventory import availability
from merx.kit import links
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.reviews import product_rating, product_reviews
from merx.sellers import delivery_rates, get_sellers
from merx.storefront.catalog import view as catalog_view
from merx.storefront.core import present, views
from merx.storefront.core.cards import card_views
from merx.storefront.core.forms import PlainRequest
from merx.storefront.core.pages import Page, Public, fragment, kept_page, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting
from merx.storefront.core.visit import Visit

SortCode = Literal["newest", "price_asc", "price_desc"]


_SORTS: dict[SortCode, Literal["newest", "price", "-price"]] = {
    "newest": "newest",
    "price_asc": "price",
    "price_desc": "-price",
}


_PER_PAGE = 24


_ON_FIRST_PAGE = 12


_RELATED = 4


_REVIEWS = 6


_KEPT_SECONDS = 60
"""How old a page may be that everybody sees; what a shopper does with it is checked again."""


@get("/")
async def show_home(visit: Visiting) -> Page:
    """What is new, and the ways in."""
    kept, generation = await kept_page(visit)
    if kept:
        return kept
    async with visit.services.db.snapshot() as tx:
        newest = await list_products(tx, currency=visit.currency, limit=_ON_FIRST_PAGE)
        shown = await card_views(visit, tx, newest.items)
        tree = await category_tree(tx)
        tops = [await _pictured(visit, tx, category) for category in tree if category.parent_id is None]
        view = catalog_view.HomeView(hero=shown[0] if shown else None, categories=tuple(tops), newest=shown)
        return await page(
            visit, tx, "catalog/home.html", view, tree=tree, public=Public(_KEPT_SECONDS, LISTS, generation)
        )


async def _pictured(visit: Visit, tx: ReadTx, category: Category) -> views.CategoryLink:
    """A category with the picture of something in it: the second newest, for the newest is shown large above."""
    found = (await list_products(tx, category=category.code, currency=visit.currency, limit=2)).items
    return views.CategoryLink(
        name=pick(category.name, visit.locale),
        url=links.category(category.code),
        picture=present.picture_view(found[-1].picture, locale=visit.locale) if found else None,
    )


@get("/categories/{code:str}")
async def show_category(
    visit: Visiting, code: FromPath[str], sort: FromQuery[SortCode] = "newest", after: Cursor = None
) -> Page:
    """The products of a category and of those below it. Raises UnknownCategory, BadCursor."""
    kept, generation = await kept_page(visit)
    if kept:
        return kept
    async with visit.services.db.snapshot() as tx:
        tree = await category_tree(tx)
        category = next((each for each in tree if each.code == code), None)
        if category is None:
            raise UnknownCategory
        found = await list_products(
            tx, category=code, sort=_SORTS[sort], currency=visit.currency, after=after, limit=_PER_PAGE
        )
        trail = catalog_view.category_trail(tree, code, locale=visit.locale)
        url = links.category(code)
        order = {} if sort == "newest" else {"sort": sort}
        view = catalog_view.CategoryView(
            name=pick(category.name, visit.locale),
            url=url,
            trail=trail,
            children=tuple(
                catalog_view.category_link(each, locale=visit.locale)
                for each in tree
                if each.parent_id == category.id
            ),
            sorts=tuple(
                catalog_view.SortLink(
                    code=each, url=url if each == "newest" else f"{url}?sort={each}", current=each == sort
                )
                for each in _SORTS
            ),
            products=await card_views(visit, tx, found.items),
            more_url=f"{url}?{urlencode({**order, 'after': found.next_cursor})}"
            if found.next_cursor
            else None,
            continued=after is not None,
        )
        if visit.partial:
            return fragment(visit, "catalog/category_products.html", view=view)
        top = trail[0].url.removeprefix("/categories/") if trail else None
        return await page(
            visit,
            tx,
            "catalog/category.html",
            view,
            category=top,
            tree=tree,
            public=Public(_KEPT_SECONDS, LISTS, generation),
        )


@get("/products/{slug:str}")
async def show_product(
    request: PlainRequest,
    visit: Visiting,
    slug: FromPath[str],
    variant: Annotated[str | None, QueryParameter(max_length=64)] = None,
    reviews: Annotated[str | None, QueryParameter(max_length=512)] = None,
) -> Page:
    """A product. A chosen combination of options (`o1`, `o2` …) leads to its variant. Raises UnknownProduct, BadCursor."""
    kept, generation = await kept_page(visit)
    if kept:
        return kept
    async with visit.services.db.snapshot() as tx:
        product = await product_by_slug(tx, slug=slug)
        fields = {f"o{index}": option.code for index, option in enumerate(product.options, start=1)}
        chosen = {
            code: request.query_params[field]
            for field, code in fields.items()
            if field in request.query_params
        }
        if chosen:
            match = catalog_view.variant_for(product, chosen)
            return see_other(links.product(slug, match.sku if match else None))
        tree = await category_tree(tx)
        view = await product_view(visit, tx, product, tree, sku=variant, reviews_after=reviews)
        return await page(
            visit,
            tx,
            "catalog/product.html",
            view,
            tree=tree,
            public=Public(_KEPT_SECONDS, str(product.id), generation),
        )


async def product_view(
    visit: Visit,
    tx: ReadTx,
    product: Product,
    tree: Sequence[Category],
    *,
    sku: str | None,
    reviews_after: str | None = None,
) -> catalog_view.ProductView:
    """Everything of a product's page. Raises UnknownProduct when nothing of it is sold any more."""
    available = await availability(tx, variant_ids=[one.id for one in product.variants], now=visit.now)
    chosen = catalog_view.choose_variant(product, sku=sku, currency=visit.currency, available=available)
    if chosen is None:
        raise UnknownProduct
    sellers = await get_sellers(tx, seller_ids=[product.seller_id])
    rating = await product_rating(tx, product_ids=[product.id])
    found = await product_reviews(
        tx, visit.services.keys, product_id=product.id, after=reviews_after, limit=_REVIEWS
    )
    title = pick(product.title, visit.locale)
    pictures = (present.picture_view(each, locale=visit.locale, alt=title) for each in product.pictures)
    left = available.get(chosen.id, 0)
    more = urlencode({"variant": chosen.sku, "reviews": found.next_cursor}) if found.next_cursor else None
    return catalog_view.ProductView(
        title=title,
        url=links.product(product.slug),
        description=pick(product.description, visit.locale),
        seller_name=present.seller_name(sellers, product.seller_id, visit.locale),
        brand=next(
            (pick(each.label, visit.locale) for each in product.facets if each.code == catalog_view.BRAND),
            None,
        ),
        trail=catalog_view.deepest(product.categories, tree, locale=visit.locale),
        pictures=tuple(each for each in pictures if each),
        sku=chosen.sku,
        variant_id=str(chosen.id),
        variant_label=pick(chosen.label, visit.locale),
        options=catalog_view.option_views(product, chosen, locale=visit.locale, available=available),
        price=_price(chosen, visit.currency),
        stock=catalog_view.stock_of(left),
        stock_left=left,
        max_quantity=max(1, min(MAX_QUANTITY, left)),
        delivery_from=await _delivery_from(visit, tx, product.seller_id),
        facts=(
            *((pick(each.name, visit.locale), pick(each.label, visit.locale)) for each in product.facets),
            ("SKU", chosen.sku),
        ),
        rating=present.rating_view(rating.get(product.id)),
        reviews=tuple(catalog_view.review_view(each, locale=visit.locale) for each in found.items),
        reviews_more_url=f"{links.product(product.slug)}?{more}" if more else None,
        related=await _related(visit, tx, product),
    )


def _price(variant: Variant, currency: str) -> Money | None:
    amount = variant.prices.get(currency)
    return None if amount is None else Money(amount, currency)


async def _delivery_from(visit: Visit, tx: ReadTx, seller_id: UUID) -> Money | None:
    rates = await delivery_rates(tx, seller_ids=[seller_id])
    amounts = [rate.amount for rate in rates if rate.currency == visit.currency]
    return Money(min(amounts), visit.currency) if amounts else None


async def _related(visit: Visit, tx: ReadTx, product: Product) -> tuple[views.ProductCard, ...]:
    """Others of the same category, the newest first."""
    parents = {each.parent_id for each in product.categories}
    category = next((each for each in product.categories if each.id not in parents), None)
    if category is None:
        return ()
    found = await list_products(tx, category=category.code, currency=visit.currency, limit=_RELATED + 1)
    return await card_views(visit, tx, [card for card in found.items if card.id != product.id][:_RELATED])


handlers = [show_home, show_category, show_product]
