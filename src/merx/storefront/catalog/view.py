"""What the pages of the catalogue show. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlencode

from merx.cart import MAX_QUANTITY
from merx.kit import links
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.queries.browsing import ProductPage
from merx.queries.catalog import SHOWN_STOCK, SeenCategory, SeenProduct, SeenProductReview, SeenVariant
from merx.queries.pictures import SeenPicture
from merx.storefront.core import present, views
from merx.storefront.core.views import CategoryLink, PictureView, ProductCard, RatingView, View


class HomeView(View, frozen=True, kw_only=True):
    """The first page."""

    hero: ProductCard | None
    categories: tuple[CategoryLink, ...]
    newest: tuple[ProductCard, ...]


class SortLink(View, frozen=True, kw_only=True):
    """An order that a list can be in."""

    code: Literal["newest", "price_asc", "price_desc"]
    url: str
    current: bool


class CategoryView(View, frozen=True, kw_only=True):
    """A part of a category; `more_url` leads to the next part."""

    name: str
    url: str
    trail: tuple[CategoryLink, ...]
    children: tuple[CategoryLink, ...]
    sorts: tuple[SortLink, ...]
    products: tuple[ProductCard, ...]
    more_url: str | None
    continued: bool = False


class OptionValueView(View, frozen=True, kw_only=True):
    """One value of one option. `in_stock` is about the variant with this value and the other chosen values."""

    value: str
    label: str
    chosen: bool
    in_stock: bool


class OptionView(View, frozen=True, kw_only=True):
    """A choice a shopper makes; `field` is its name in the address, e.g. `o1`."""

    field: str
    name: str
    values: tuple[OptionValueView, ...]


class ReviewView(View, frozen=True, kw_only=True):
    """A review as strangers read it; `variant` may be empty."""

    author: str
    stars: int
    text: str
    variant: str
    written_at: datetime
    pictures: tuple[PictureView, ...] = ()


class ProductView(View, frozen=True, kw_only=True):
    """A product's page, for one of its variants."""

    title: str
    url: str
    description: str
    seller_name: str
    brand: str | None
    trail: tuple[CategoryLink, ...]
    pictures: tuple[PictureView, ...]
    sku: str
    variant_id: str
    variant_label: str
    options: tuple[OptionView, ...]
    price: Money | None
    stock: Literal["in_stock", "few_left", "sold_out"]
    stock_left: int
    max_quantity: int
    delivery_from: Money | None
    facts: tuple[tuple[str, str], ...]
    rating: RatingView | None
    reviews: tuple[ReviewView, ...]
    reviews_more_url: str | None
    related: tuple[ProductCard, ...] = ()


FEW: Final = 5


BRAND: Final = "brand"


def category_trail(tree: Sequence[SeenCategory], code: str, *, locale: str) -> tuple[views.CategoryLink, ...]:
    """From the first level down to the category, which is the current one."""
    by_id = {category.id: category for category in tree}
    step = next((category for category in tree if category.code == code), None)
    trail: list[SeenCategory] = []
    while step is not None and step not in trail:
        trail.append(step)
        step = by_id.get(step.parent_id) if step.parent_id else None
    return tuple(category_link(each, locale=locale, current=each.code == code) for each in reversed(trail))


def category_link(
    category: SeenCategory, *, locale: str, current: bool = False, picture: SeenPicture | None = None
) -> views.CategoryLink:
    """A way into a category, perhaps with a picture of something in it."""
    return views.CategoryLink(
        name=pick(category.name, locale),
        url=links.category(category.code),
        current=current,
        picture=present.picture_view(picture, locale=locale),
    )


def _deepest(
    categories: Iterable[SeenCategory], tree: Sequence[SeenCategory], *, locale: str
) -> tuple[views.CategoryLink, ...]:
    """The longest trail among a product's categories, for its breadcrumbs."""
    trails = (category_trail(tree, each.code, locale=locale) for each in categories)
    longest = max(trails, key=len, default=())
    return tuple(views.CategoryLink(name=link.name, url=link.url) for link in longest)


def product_view(
    found: ProductPage, tree: Sequence[SeenCategory], *, sku: str | None, locale: str, currency: str
) -> ProductView:
    """Everything of a product's page, for the variant with this `sku` or one that can be bought."""
    product, title = found.product, pick(found.product.title, locale)
    chosen = _choose_variant(product.variants, sku=sku, currency=currency)
    pictures = (present.picture_view(each, locale=locale, alt=title) for each in product.pictures)
    cursor = found.reviews.next_cursor
    more = urlencode({"variant": chosen.sku, "reviews": cursor}) if cursor else None
    return ProductView(
        title=title,
        url=links.product(product.slug),
        description=pick(product.description, locale),
        seller_name=pick(product.seller.name, locale) if product.seller else "",
        brand=next((pick(each.label, locale) for each in product.facets if each.code == BRAND), None),
        trail=_deepest(product.categories, tree, locale=locale),
        pictures=tuple(each for each in pictures if each),
        sku=chosen.sku,
        variant_id=str(chosen.id),
        variant_label=pick(chosen.label, locale),
        options=_option_views(product, chosen, locale=locale),
        price=present.price_in(chosen.prices, currency),
        stock=stock_of(chosen.available),
        stock_left=chosen.available,
        max_quantity=MAX_QUANTITY if chosen.available >= SHOWN_STOCK else max(1, chosen.available),
        delivery_from=found.delivery_from,
        facts=(
            *((pick(each.name, locale), pick(each.label, locale)) for each in product.facets),
            ("SKU", chosen.sku),
        ),
        rating=present.rating_view(product.rating),
        reviews=tuple(_review_view(each, locale=locale) for each in found.reviews.items),
        reviews_more_url=f"{links.product(product.slug)}?{more}" if more else None,
        related=tuple(present.card_view(each, locale=locale, currency=currency) for each in found.related),
    )


def _choose_variant(variants: Sequence[SeenVariant], *, sku: str | None, currency: str) -> SeenVariant:
    """The variant to show: the one asked for, else the first that can be bought, else the first."""
    asked = next((each for each in variants if each.sku == sku), None)
    buyable = (each for each in variants if each.available > 0 and present.price_in(each.prices, currency))
    return asked or next(buyable, variants[0])


def _option_views(product: SeenProduct, variant: SeenVariant, *, locale: str) -> tuple[OptionView, ...]:
    """The choices of a product, with the shown variant's values chosen. Values that no variant has are left out."""
    stocked = {tuple(sorted(one.options.items())) for one in product.variants if one.available > 0}
    shown = []
    for index, option in enumerate(product.options, start=1):
        used = {one.options.get(option.code) for one in product.variants}
        values = tuple(
            OptionValueView(
                value=value.code,
                label=pick(value.label, locale),
                chosen=variant.options.get(option.code) == value.code,
                in_stock=tuple(sorted({**variant.options, option.code: value.code}.items())) in stocked,
            )
            for value in option.values
            if value.code in used
        )
        if len(values) > 1:
            shown.append(OptionView(field=f"o{index}", name=pick(option.name, locale), values=values))
    return tuple(shown)


def _review_view(review: SeenProductReview, *, locale: str) -> ReviewView:
    """A review as strangers read it."""
    pictures = (present.picture_view(each, locale=locale) for each in review.pictures)
    return ReviewView(
        author=review.author_name,
        stars=review.score,
        text=review.body,
        variant="",
        written_at=review.created_at,
        pictures=tuple(each for each in pictures if each),
    )


def stock_of(available: int) -> Literal["in_stock", "few_left", "sold_out"]:
    """How much is left, in words."""
    if available <= 0:
        return "sold_out"
    return "few_left" if available <= FEW else "in_stock"
