"""What pages of orders and of after-sales share: whose they are, their lines, who carries them."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from merx.catalog import ProductCard
from merx.fulfilment import (
    CARRIERS,
)
from merx.kit import links
from merx.kit.i18n import pick
from merx.orders import Packed
from merx.queries.buyer_orders import LineAction
from merx.queries.order_lines import BoughtLine, OwedUnits
from merx.queries.pictures import maybe_picture
from merx.storefront.core import present, views

_CARRIER_NAMES: Final = {carrier.code: carrier.name for carrier in CARRIERS}


def carrier_name(code: str | None, locale: str) -> str:
    """A carrier's name in the page's language."""
    return pick(_CARRIER_NAMES[code], locale) if code in _CARRIER_NAMES else code or ""


def carrier_choices(locale: str) -> tuple[tuple[str, str], ...]:
    """The carriers a seller may choose."""
    return tuple((carrier.code, pick(carrier.name, locale)) for carrier in CARRIERS)


def owed_view(each: Packed | OwedUnits, quantity: int, *, title: str, locale: str) -> views.OwedView:
    """Units that are sent for exchanged ones; a variant without a name is called as its product."""
    return views.OwedView(name=pick(each.label, locale) or title, sku=each.sku, quantity=quantity)


def order_line_view(
    line: BoughtLine,
    *,
    locale: str,
    pictured: Mapping[UUID, ProductCard],
    actions: Collection[LineAction] = (),
    return_url: str | None = None,
) -> views.OrderLineView:
    """A bought line, with what its reader may do with it; `return_url` is where to apply for after-sales."""
    card = pictured.get(line.product_id)
    title = pick(line.title, locale)
    return views.OrderLineView(
        line_id=str(line.id),
        title=title,
        url=links.product(card.slug, line.sku) if card else None,
        variant=pick(line.label, locale),
        picture=present.picture_view(maybe_picture(card.picture), locale=locale, alt=title) if card else None,
        quantity=line.quantity,
        unit_price=line.unit_price,
        total=line.total,
        shipped=line.shipped,
        can_review="review" in actions,
        reviewed=line.score is not None,
        return_url=return_url if "return" in actions else None,
        to_ship=line.to_ship,
        owed=tuple(
            owed_view(each, each.to_ship, title=title, locale=locale)
            for each in line.replacements
            if each.to_ship
        ),
    )


ORDER = "/purchases/{purchase_id:uuid}/orders/{order_id:uuid}"
