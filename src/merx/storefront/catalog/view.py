"""What the pages of the catalogue show. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from merx.catalog import Category, Product, Variant
from merx.kit import links
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.reviews import ProductReview
from merx.storefront.core import views
from merx.storefront.core.present import picture_view
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


def category_trail(tree: Sequence[Category], code: str, *, locale: str) -> tuple[views.CategoryLink, ...]:
    """From the first level down to the category, which is the current one."""
    by_id = {category.id: category for category in tree}
    step = next((category for category in tree if category.code == code), None)
    trail: list[Category] = []
    while step is not None and step not in trail:
        trail.append(step)
        step = by_id.get(step.parent_id) if step.parent_id else None
    return tuple(category_link(each, locale=locale, current=each.code == code) for each in reversed(trail))


def category_link(category: Category, *, locale: str, current: bool = False) -> views.CategoryLink:
    """A way into a category."""
    return views.CategoryLink(
        name=pick(category.name, locale), url=links.category(category.code), current=current
    )


def deepest(
    categories: Iterable[Category], tree: Sequence[Category], *, locale: str
) -> tuple[views.CategoryLink, ...]:
    """The longest trail among a product's categories, for its breadcrumbs."""
    trails = (category_trail(tree, each.code, locale=locale) for each in categories)
    longest = max(trails, key=len, default=())
    return tuple(views.CategoryLink(name=link.name, url=link.url) for link in longest)


def choose_variant(
    product: Product, *, sku: str | None, currency: str, available: Mapping[UUID, int]
) -> Variant | None:
    """The variant to show: the one asked for, else the first that can be bought, else the first."""
    active = [variant for variant in product.variants if variant.state == "active"]
    asked = next((variant for variant in active if variant.sku == sku), None)
    buyable = next((one for one in active if currency in one.prices and available.get(one.id, 0) > 0), None)
    return asked or buyable or (active[0] if active else None)


def variant_for(product: Product, chosen: Mapping[str, str]) -> Variant | None:
    """The variant with these option values (option code → value code), else the one that shares most of them."""
    active = [variant for variant in product.variants if variant.state == "active"]
    return max(
        active,
        key=lambda one: sum(one.options.get(code) == value for code, value in chosen.items()),
        default=None,
    )


def option_views(
    product: Product, variant: Variant, *, locale: str, available: Mapping[UUID, int]
) -> tuple[OptionView, ...]:
    """The choices of a product, with the shown variant's values chosen. Values that no variant has are left out."""
    active = [one for one in product.variants if one.state == "active"]
    stocked = {tuple(sorted(one.options.items())) for one in active if available.get(one.id, 0) > 0}
    shown = []
    for index, option in enumerate(product.options, start=1):
        used = {one.options.get(option.code) for one in active}
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


def review_view(review: ProductReview, *, locale: str) -> ReviewView:
    """A review as strangers read it."""
    pictures = (picture_view(each, locale=locale) for each in review.media)
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
