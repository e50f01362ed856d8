"""What a buyer may apply for in after-sales, for one line of an order."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.catalog import Product, products_by_id
from merx.infra.db import ReadTx
from merx.inventory import availability
from merx.kit.actors import Buyer
from merx.kit.i18n import Text
from merx.orders import Order, OrderLine, UnknownOrder, after_sales_days, get_order_view
from merx.queries.order_lines import BoughtLine, bought_line
from merx.returns import (
    NotReturnable,
    ReturnKind,
    ReturnReason,
    is_exchangeable,
    kinds_for,
    returns_of,
    takes_applications,
    units_held,
)


class VariantChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A variant of the line's product. None is the same again; `stock` is how many units of it can be sold, if it matters."""

    variant_id: UUID | None
    sku: str
    label: Text
    stock: int | None


class ReturnOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What can be asked for: `held` are the variants the buyer has of the line, `instead` what these may become."""

    order_number: str
    line: BoughtLine
    max_quantity: int
    kinds: tuple[ReturnKind, ...]
    reasons: tuple[ReturnReason, ...]
    held: list[VariantChoice]
    instead: list[VariantChoice]


async def return_options(
    tx: ReadTx, *, order_id: UUID, line_id: UUID, actor: Buyer, default_days: int, now: datetime
) -> ReturnOptions:
    """The ways to apply for a line. Raises UnknownOrder, NotReturnable."""
    found = await get_order_view(tx, order_id=order_id, actor=actor)
    line = next((each for each in found.lines if each.id == line_id), None)
    if line is None:
        raise UnknownOrder
    days = await after_sales_days(tx, order_id=order_id, default=default_days)
    if not takes_applications(found.order, days=days, now=now) or line.left < 1:
        raise NotReturnable
    product = (await products_by_id(tx, product_ids=[line.product_id]))[line.product_id]
    held = list(units_held(line, await returns_of(tx, order_ids=[order_id])))
    free = await availability(tx, variant_ids=[each.id for each in product.variants], now=now)
    return ReturnOptions(
        order_number=found.order.number,
        line=bought_line(line, currency=found.order.currency),
        max_quantity=line.left,
        kinds=kinds_for(line, held=bool(held)),
        reasons=tuple(ReturnReason),
        held=_held(line, held),
        instead=_instead(found.order, line, product, held=held, free=free) if held else [],
    )


def _held(line: OrderLine, held: Sequence[UUID]) -> list[VariantChoice]:
    names: dict[UUID, tuple[str, Text]] = {line.variant_id: (line.sku, line.label)}
    for each in line.replacements:
        names.setdefault(each.variant_id, (each.sku, each.label))
    return [
        VariantChoice(variant_id=each, sku=names[each][0], label=names[each][1], stock=None)
        for each in held
        if each in names
    ]


def _instead(
    order: Order, line: OrderLine, product: Product, *, held: Sequence[UUID], free: dict[UUID, int]
) -> list[VariantChoice]:
    variants = {variant.id: variant for variant in product.variants}
    backs = [variants.get(variant_id) for variant_id in held]
    only = held[0] if len(held) == 1 else None
    same = VariantChoice(variant_id=None, sku="", label={}, stock=None if only is None else free.get(only, 0))
    others = [
        VariantChoice(variant_id=each.id, sku=each.sku, label=each.label, stock=free.get(each.id, 0))
        for each in product.variants
        if each.id != only
        and any(is_exchangeable(line, back, each, currency=order.currency) for back in backs)
    ]
    return [same, *others]
