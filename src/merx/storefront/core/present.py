"""From the catalogue and the cart to what several pages show. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from merx.cart import MAX_QUANTITY
from merx.cart import CartLineView as PricedLine
from merx.kit import links
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.pricing import Quote
from merx.queries.browsing import OfferedCard
from merx.queries.catalog import SeenRating
from merx.queries.pictures import SeenPicture, maybe_picture
from merx.queries.promotions import CartPromotions
from merx.sellers import Seller
from merx.storefront.core import views

_SHOWN_WIDTH: Final = 640


Problem = Literal["sold_out", "fewer_left", "withdrawn", "no_price"]


_PROBLEMS: Final[Mapping[str, Problem]] = {
    "unavailable": "withdrawn",
    "out_of_stock": "sold_out",
    "insufficient_stock": "fewer_left",
    "no_price": "no_price",
}


def picture_view(picture: SeenPicture | None, *, locale: str, alt: str = "") -> views.PictureView | None:
    """A picture in all its files; `alt` stands in where it has no words of its own."""
    if picture is None or not picture.files:
        return None
    fitting = [file for file in picture.files if file.format == "webp"] or list(picture.files)
    shown = min(fitting, key=lambda file: abs(file.width - _SHOWN_WIDTH))
    return views.PictureView(
        src=shown.url,
        avif=_srcset(picture, "avif"),
        webp=_srcset(picture, "webp"),
        width=picture.width,
        height=picture.height,
        colour=picture.colour,
        alt=pick(picture.alt, locale) or alt,
    )


def _srcset(picture: SeenPicture, form: str) -> str:
    return ", ".join(f"{file.url} {file.width}w" for file in picture.files if file.format == form)


def rating_view(rating: SeenRating) -> views.RatingView | None:
    """The score, when somebody gave one."""
    if rating.count == 0:
        return None
    return views.RatingView(average=Decimal(rating.average_tenths) / 10, count=rating.count)


def seller_name(sellers: Mapping[UUID, Seller], seller_id: UUID | None, locale: str) -> str:
    """What a shop calls itself in the page's language."""
    return pick(sellers[seller_id].name, locale) if seller_id is not None and seller_id in sellers else ""


def card_view(card: OfferedCard, *, locale: str, currency: str) -> views.ProductCard:
    """A product of a list."""
    title = pick(card.title, locale)
    return views.ProductCard(
        title=title,
        url=links.product(card.slug),
        seller_name=pick(card.seller.name, locale) if card.seller else "",
        picture=picture_view(card.picture, locale=locale, alt=title),
        price=price_in(card.prices_from, currency),
        price_from=currency in card.prices_vary,
        rating=rating_view(card.rating),
    )


def price_in(prices: Iterable[Money], currency: str) -> Money | None:
    """The price in the page's currency, if there is one."""
    return next((price for price in prices if price.currency == currency), None)


def line_view(line: PricedLine, *, locale: str, currency: str) -> views.CartLineView:
    """A line of a cart."""
    title = pick(line.title, locale)
    return views.CartLineView(
        line_id=str(line.variant_id),
        title=title,
        url=links.product(line.slug, line.sku) if line.slug else links.home(),
        variant=pick(line.label, locale),
        picture=picture_view(maybe_picture(line.picture), locale=locale, alt=title),
        unit_price=None if line.unit_price is None else Money(line.unit_price, currency),
        total=None if line.total is None else Money(line.total, currency),
        quantity=line.quantity,
        max_quantity=max(1, min(MAX_QUANTITY, line.available)),
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
        discounts=discount_rows(quote, locale),
        shipping=Money(quote.shipping, quote.currency),
        shipping_rows=tuple(
            (seller_name(sellers, order.seller_id, locale), Money(order.shipping, quote.currency))
            for order in quote.orders
        ),
        tax=Money(quote.tax, quote.currency) if quote.tax else None,
        total=Money(quote.total, quote.currency),
    )


def discount_rows(quote: Quote, locale: str) -> tuple[tuple[str, Money], ...]:
    """What each promotion takes off, over lines, deliveries and sellers, by its name."""
    off: dict[UUID, int] = {}
    names: dict[UUID, str] = {}
    for order in quote.orders:
        for _, each in order.all_adjustments():
            off[each.cause_id] = off.get(each.cause_id, 0) - each.amount
            names[each.cause_id] = pick(each.name, locale)
    return tuple((names[cause], Money(amount, quote.currency)) for cause, amount in off.items())


def missed_views(found: CartPromotions, locale: str) -> tuple[views.MissedView, ...]:
    """The promotions that do not apply, with why."""
    return tuple(
        views.MissedView(
            name=pick(each.name, locale), code=each.code or "", reason=each.reason.value, missing=each.missing
        )
        for each in found.not_applied
    )
