"""What was bought, and the sums of an order, as everybody sees them whom they concern. Pure."""

from uuid import UUID

import msgspec

from merx.kit.i18n import Text
from merx.kit.money import Money
from merx.orders import Order, OrderLine, Replacement


class OwedUnits(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a variant that are sent for exchanged ones; `to_ship` of them have not left."""

    return_id: UUID
    variant_id: UUID
    sku: str
    label: Text
    quantity: int
    to_ship: int


class BoughtLine(msgspec.Struct, frozen=True, kw_only=True):
    """A bought line. `score` is what its buyer has said of it.

    `asked_back` units are in after-sales cases that are open or ended in a refund or an exchange; `refunded` ones are paid
    back or will be; `to_ship` counts replacements, too.
    """

    id: UUID
    product_id: UUID
    variant_id: UUID
    sku: str
    title: Text
    label: Text
    quantity: int
    unit_price: Money
    total: Money
    tax_rate_bp: int
    tax: Money
    shipped: int
    to_ship: int
    received: int
    asked_back: int
    exchanged: int
    replacements: list[OwedUnits]
    refunded: int
    refunded_amount: Money
    score: int | None


class OrderTotals(msgspec.Struct, frozen=True, kw_only=True):
    """goods + shipping − discount = total; `tax` is inside."""

    goods: Money
    shipping: Money
    discount: Money
    tax: Money
    total: Money


def bought_line(line: OrderLine, *, currency: str, score: int | None = None) -> BoughtLine:
    """A line of an order in this currency."""
    return BoughtLine(
        id=line.id,
        product_id=line.product_id,
        variant_id=line.variant_id,
        sku=line.sku,
        title=line.title,
        label=line.label,
        quantity=line.quantity,
        unit_price=Money(line.unit_price, currency),
        total=Money(line.total, currency),
        tax_rate_bp=line.tax_rate_bp,
        tax=Money(line.tax, currency),
        shipped=line.shipped,
        to_ship=line.to_ship,
        received=line.received,
        asked_back=line.withheld + line.returned,
        exchanged=line.exchanged,
        replacements=[_owed(each) for each in line.replacements],
        refunded=line.refunded_quantity,
        refunded_amount=Money(line.refunded_amount, currency),
        score=score,
    )


def _owed(each: Replacement) -> OwedUnits:
    return OwedUnits(
        return_id=each.return_id,
        variant_id=each.variant_id,
        sku=each.sku,
        label=each.label,
        quantity=each.quantity,
        to_ship=each.left,
    )


def order_totals(order: Order) -> OrderTotals:
    """What one seller charged."""
    return OrderTotals(
        goods=Money(order.goods, order.currency),
        shipping=Money(order.shipping, order.currency),
        discount=Money(-order.adjusted, order.currency),
        tax=Money(order.tax, order.currency),
        total=Money(order.total, order.currency),
    )
