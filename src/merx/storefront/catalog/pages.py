"""First page, categories, products."""

import re
from typing import Annotated, Literal
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromQuery, QueryParameter

from merx.catalog import LISTS, UnknownCategory
from merx.kit import links
from merx.kit.i18n import pick
from merx.queries.browsing import category_pictures, chosen_sku, offered_list, product_page
from merx.queries.catalog import category_list
from merx.storefront.catalog import view as catalog_view
from merx.storefront.core.cards import card_views
from merx.storefront.core.forms import PlainRequest
from merx.storefront.core.pages import Page, Public, fragment, kept_page, page, see_other
from merx.storefront.core.parameters import Cursor, FromPath, Visiting

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


_OPTION = re.compile(r"o([1-9][0-9]?)")


_KEPT_SECONDS = 60
"""How old a page may be that everybody sees; what a shopper does with it is checked again."""


@get("/")
async def show_home(visit: Visiting) -> Page:
    """What is new, and the ways in."""
    kept, generation = await kept_page(visit)
    if kept:
        return kept
    async with visit.services.db.snapshot() as tx:
        newest = await offered_list(tx, currency=visit.currency, limit=_ON_FIRST_PAGE)
        shown = card_views(visit, newest.items)
        tree = (await category_list(tx)).items
        tops = [each for each in tree if each.parent_id is None]
        pictures = await category_pictures(tx, categories=tops, currency=visit.currency)
        view = catalog_view.HomeView(
            hero=shown[0] if shown else None,
            categories=tuple(
                catalog_view.category_link(each, locale=visit.locale, picture=pictures.get(each.id))
                for each in tops
            ),
            newest=shown,
        )
        return await page(
            visit, tx, "catalog/home.html", view, tree=tree, public=Public(_KEPT_SECONDS, LISTS, generation)
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
        tree = (await category_list(tx)).items
        category = next((each for each in tree if each.code == code), None)
        if category is None:
            raise UnknownCategory
        found = await offered_list(
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
            products=card_views(visit, found.items),
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
        choices = _choices(request)
        if choices:
            return see_other(links.product(slug, await chosen_sku(tx, slug=slug, choices=choices)))
        tree = (await category_list(tx)).items
        found = await product_page(
            tx, visit.services.keys, slug=slug, currency=visit.currency, reviews_after=reviews, reviews=_REVIEWS,
            related=_RELATED, now=visit.now,
        )  # fmt: skip
        view = catalog_view.product_view(
            found, tree, sku=variant, locale=visit.locale, currency=visit.currency
        )
        return await page(
            visit,
            tx,
            "catalog/product.html",
            view,
            tree=tree,
            public=Public(_KEPT_SECONDS, str(found.product.id), generation),
        )


def _choices(request: PlainRequest) -> dict[int, str]:
    """The values chosen for a product's first, second … option."""
    named = ((_OPTION.fullmatch(name), value) for name, value in request.query_params.items())
    return {int(match[1]): value for match, value in named if match}


handlers = [show_home, show_category, show_product]
