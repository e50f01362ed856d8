"""From the catalogue and the cart to what their pages show. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from merx.cart import CartLineView as PricedLine
from merx.catalog import Category, Picture, Product, ProductCard, Variant
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.pricing import Quote
from merx.reviews import ProductReview, Rating
from merx.sellers import Seller
from merx.storefront import views

MEDIA: Final = "/media/"
FEW: Final = 5
MOST: Final = 999
BRAND: Final = "brand"
_SHOWN_WIDTH: Final = 640

Problem = Literal["sold_out", "fewer_left", "withdrawn", "no_price"]
_PROBLEMS: Final[Mapping[str, Problem]] = {
    "unavailable": "withdrawn",
    "out_of_stock": "sold_out",
    "insufficient_stock": "fewer_left",
    "no_price": "no_price",
}


def picture_view(picture: Picture | None, *, locale: str, alt: str = "") -> views.PictureView | None:
    """A picture in all its files; `alt` stands in where it has no words of its own."""
    if picture is None or not picture.files:
        return None
    fitting = [file for file in picture.files if file.format == "webp"] or list(picture.files)
    shown = min(fitting, key=lambda file: abs(file.width - _SHOWN_WIDTH))
    return views.PictureView(
        src=MEDIA + shown.path,
        avif=_srcset(picture, "avif"),
        webp=_srcset(picture, "webp"),
        width=picture.width,
        height=picture.height,
        colour=picture.colour,
        alt=pick(picture.alt, locale) or alt,
    )


def _srcset(picture: Picture, form: str) -> str:
    return ", ".join(f"{MEDIA}{file.path} {file.width}w" for file in picture.files if file.format == form)


def rating_view(rating: Rating | None) -> views.RatingView | None:
    """The score, when somebody gave one."""
    if rating is None or rating.count == 0:
        return None
    return views.RatingView(average=Decimal(rating.average_tenths) / 10, count=rating.count)


def seller_name(sellers: Mapping[UUID, Seller], seller_id: UUID | None, locale: str) -> str:
    """What a shop calls itself in the page's language."""
    return pick(sellers[seller_id].name, locale) if seller_id is not None and seller_id in sellers else ""


def card_view(
    card: ProductCard,
    *,
    locale: str,
    currency: str,
    sellers: Mapping[UUID, Seller],
    ratings: Mapping[UUID, Rating],
) -> views.ProductCard:
    """A product of a list."""
    title = pick(card.title, locale)
    amount = card.price_from.get(currency)
    return views.ProductCard(
        title=title,
        url=f"/products/{card.slug}",
        seller_name=seller_name(sellers, card.seller_id, locale),
        picture=picture_view(card.picture, locale=locale, alt=title),
        price=None if amount is None else Money(amount, currency),
        price_from=currency in card.price_varies,
        rating=rating_view(ratings.get(card.id)),
    )


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
        name=pick(category.name, locale), url=f"/categories/{category.code}", current=current
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
) -> tuple[views.OptionView, ...]:
    """The choices of a product, with the shown variant's values chosen. Values that no variant has are left out."""
    active = [one for one in product.variants if one.state == "active"]
    stocked = {tuple(sorted(one.options.items())) for one in active if available.get(one.id, 0) > 0}
    shown = []
    for index, option in enumerate(product.options, start=1):
        used = {one.options.get(option.code) for one in active}
        values = tuple(
            views.OptionValueView(
                value=value.code,
                label=pick(value.label, locale),
                chosen=variant.options.get(option.code) == value.code,
                in_stock=tuple(sorted({**variant.options, option.code: value.code}.items())) in stocked,
            )
            for value in option.values
            if value.code in used
        )
        if len(values) > 1:
            shown.append(views.OptionView(field=f"o{index}", name=pick(option.name, locale), values=values))
    return tuple(shown)


def review_view(review: ProductReview, *, locale: str) -> views.ReviewView:
    """A review as strangers read it."""
    pictures = (picture_view(each, locale=locale) for each in review.media)
    return views.ReviewView(
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


def line_view(line: PricedLine, *, locale: str, currency: str) -> views.CartLineView:
    """A line of a cart."""
    title = pick(line.title, locale)
    return views.CartLineView(
        line_id=str(line.variant_id),
        title=title,
        url=f"/products/{line.slug}?variant={line.sku}" if line.slug else "/",
        variant=pick(line.label, locale),
        picture=picture_view(line.picture, locale=locale, alt=title),
        unit_price=None if line.unit_price is None else Money(line.unit_price, currency),
        total=None if line.total is None else Money(line.total, currency),
        quantity=line.quantity,
        max_quantity=max(1, min(MOST, line.available)),
        problem=None if line.problem is None else _PROBLEMS.get(line.problem, "withdrawn"),
        left=line.available,
    )


def group_views(
    lines: Sequence[PricedLine], *, sellers: Mapping[UUID, Seller], locale: str, currency: str
) -> tuple[views.CartGroupView, ...]:
    """Lines by seller, each group with what its good lines cost."""
    groups: dict[UUID | None, list[PricedLine]] = {}
    for line in lines:
        groups.setdefault(line.seller_id, []).append(line)
    return tuple(
        views.CartGroupView(
            seller_name=seller_name(sellers, seller_id, locale),
            lines=tuple(line_view(line, locale=locale, currency=currency) for line in group),
            subtotal=Money(sum(line.total or 0 for line in group if line.problem is None), currency),
        )
        for seller_id, group in groups.items()
    )


def totals_view(quote: Quote, *, sellers: Mapping[UUID, Seller], locale: str) -> views.TotalsView:
    """A quote's total, row by row."""
    return views.TotalsView(
        items=Money(quote.goods, quote.currency),
        item_count=sum(line.quantity for order in quote.orders for line in order.lines),
        shipping=Money(quote.shipping, quote.currency),
        shipping_rows=tuple(
            (seller_name(sellers, order.seller_id, locale), Money(order.shipping, quote.currency))
            for order in quote.orders
        ),
        tax=Money(quote.tax, quote.currency) if quote.tax else None,
        total=Money(quote.total, quote.currency),
    )
