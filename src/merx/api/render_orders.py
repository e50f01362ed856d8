"""From purchases, orders and parcels to answers. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from merx.accounts import PostalAddress
from merx.api import cart_views, order_views
from merx.api.render import explanation, money, postal_address, seller, totals
from merx.fulfilment import Fulfilment, ParcelDelivered, ParcelReceived, ParcelReturned, ParcelShipped
from merx.infra.outbox import Heard
from merx.kit.events import Event
from merx.orders import (
    Order,
    OrderAuthorized,
    OrderCancelled,
    OrderLine,
    OrderPaid,
    OrderView,
    Purchase,
    PurchaseCancelled,
    PurchasePlaced,
    PurchaseView,
    Replacement,
)
from merx.payments import (
    Payment,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentVoided,
    RefundApproved,
    RefundSucceeded,
)
from merx.pricing import ExplanationLine
from merx.returns import RETURN_EVENTS
from merx.reviews import MyReviews
from merx.sellers import Seller

TOLD: Final[tuple[type[Event], ...]] = (
    PurchasePlaced,
    PurchaseCancelled,
    PaymentCaptured,
    PaymentAuthorized,
    PaymentVoided,
    OrderAuthorized,
    OrderPaid,
    ParcelShipped,
    ParcelDelivered,
    ParcelReceived,
    ParcelReturned,
    RefundApproved,
    RefundSucceeded,
    OrderCancelled,
    *RETURN_EVENTS,
)
"""Events of a purchase that its buyer may see; all others stay inside."""

_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")
NO_REVIEWS: Final = MyReviews(lines={}, orders={})


def timeline(events: Iterable[Heard[Event]]) -> list[order_views.TimelineEntryView]:
    """What happened, oldest first, in public words."""
    return [_entry(each) for each in events]


def _entry(heard: Heard[Event]) -> order_views.TimelineEntryView:
    data = msgspec.to_builtins(heard.event)
    amount = data.get("amount", data.get("total"))
    return order_views.TimelineEntryView(
        kind=_WORD.sub("_", type(heard.event).__name__).lower(),
        at=heard.created_at,
        order_id=_text(data, "order_id"),
        order_number=_text(data, "order_number"),
        parcel_id=_text(data, "fulfilment_id"),
        return_id=_text(data, "return_id"),
        carrier=_text(data, "carrier"),
        tracking_number=_text(data, "tracking_number"),
        reason=_text(data, "reason"),
        amount=money(amount, data["currency"]) if isinstance(amount, int) else None,
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    return str(data.get(name) or "")


def order_totals(order: Order) -> cart_views.TotalsView:
    """The sums of one order."""
    return totals(
        currency=order.currency,
        goods=order.goods,
        shipping=order.shipping,
        tax=order.tax,
        total=order.total,
    )


def purchase_totals(purchase: Purchase) -> cart_views.TotalsView:
    """The sums of a purchase."""
    return totals(
        currency=purchase.currency,
        goods=purchase.goods,
        shipping=purchase.shipping,
        tax=purchase.tax,
        total=purchase.total,
    )


def explain_orders(orders: Sequence[OrderView]) -> list[ExplanationLine]:
    """Trace the total of stored orders, in the way a quote explains itself."""
    traced: list[ExplanationLine] = []
    for each in orders:
        order = each.order
        taxes: dict[int, int] = {}
        for line in each.lines:
            traced.append(
                ExplanationLine("line", line.total, order.seller_id, line.sku, line.quantity, line.unit_price)
            )
            taxes[line.tax_rate_bp] = taxes.get(line.tax_rate_bp, 0) + line.tax
        traced.append(ExplanationLine("shipping", order.shipping, order.seller_id, free=order.shipping == 0))
        taxes[order.shipping_tax_bp] = taxes.get(order.shipping_tax_bp, 0) + order.shipping_tax
        traced.extend(
            ExplanationLine("tax_inside", amount, order.seller_id, rate_bp=rate)
            for rate, amount in sorted(taxes.items())
            if amount
        )
    return traced


def replacement(each: Replacement) -> order_views.ReplacementView:
    """Units owed for exchanged ones."""
    return order_views.ReplacementView(
        return_id=each.return_id,
        variant_id=each.variant_id,
        sku=each.sku,
        label=each.label,
        quantity=each.quantity,
        to_ship=each.left,
    )


def order_line(line: OrderLine, currency: str, score: int | None) -> order_views.OrderLineView:
    """A bought line."""
    return order_views.OrderLineView(
        id=line.id,
        product_id=line.product_id,
        variant_id=line.variant_id,
        sku=line.sku,
        title=line.title,
        label=line.label,
        quantity=line.quantity,
        unit_price=money(line.unit_price, currency),
        total=money(line.total, currency),
        tax_rate_bp=line.tax_rate_bp,
        tax=money(line.tax, currency),
        shipped=line.shipped,
        to_ship=line.to_ship,
        exchanged=line.exchanged,
        replacements=[replacement(each) for each in line.replacements],
        received=line.received,
        asked_back=line.withheld + line.returned,
        refunded=line.refunded_quantity,
        refunded_amount=money(line.refunded_amount, currency),
        score=score,
    )


def order(
    found: OrderView, *, sellers: Mapping[UUID, Seller], reviews: MyReviews = NO_REVIEWS
) -> order_views.OrderView:
    """An order for its buyer."""
    mine = found.order
    return order_views.OrderView(
        id=mine.id,
        number=mine.number,
        seller=seller(sellers.get(mine.seller_id)),
        state=mine.state,
        payment_status=mine.payment_status,
        fulfilment_status=mine.fulfilment_status,
        totals=order_totals(mine),
        lines=[order_line(line, mine.currency, reviews.lines.get(line.id)) for line in found.lines],
        placed_at=mine.placed_at,
        received_at=mine.received_at,
        seller_score=reviews.orders.get(mine.id),
        version=mine.version,
    )


def parcel(found: Fulfilment) -> order_views.ParcelView:
    """A parcel."""
    return order_views.ParcelView(
        id=found.id,
        order_id=found.order_id,
        state=found.state,
        carrier=found.carrier,
        tracking_number=found.tracking_number,
        carrier_status=found.carrier_status,
        shipped_at=found.shipped_at,
        delivered_at=found.delivered_at,
        received_at=found.received_at,
        lines=[
            order_views.ParcelLineView(
                order_line_id=line.order_line_id,
                quantity=line.quantity,
                replacements=[
                    order_views.PackedView(
                        variant_id=each.variant_id, sku=each.sku, label=each.label, quantity=each.quantity
                    )
                    for each in line.replacements
                ],
            )
            for line in found.lines
        ],
        version=found.version,
    )


def payment(found: Payment) -> order_views.PaymentView:
    """An attempt to pay."""
    return order_views.PaymentView(
        provider=found.provider,
        state=found.state,
        amount=money(found.amount, found.currency),
        captured=money(found.captured, found.currency),
        refunded=money(found.refunded, found.currency),
    )


def purchase_summary(
    found: Purchase, orders: Iterable[OrderView], *, sellers: Mapping[UUID, Seller]
) -> order_views.PurchaseSummaryView:
    """A purchase in a list."""
    return order_views.PurchaseSummaryView(
        id=found.id,
        number=found.number,
        state=found.state,
        cancel_reason=found.cancel_reason,
        totals=purchase_totals(found),
        orders=[order(each, sellers=sellers) for each in orders],
        placed_at=found.placed_at,
        paid_at=found.paid_at,
        expires_at=found.expires_at,
    )


def purchase(
    found: PurchaseView,
    *,
    address: PostalAddress | None,
    sellers: Mapping[UUID, Seller],
    reviews: MyReviews,
    parcels: Iterable[Fulfilment],
    payments: Iterable[Payment],
    events: Iterable[Heard[Event]],
) -> order_views.PurchaseView:
    """A purchase for its buyer."""
    mine = found.purchase
    return order_views.PurchaseView(
        id=mine.id,
        number=mine.number,
        state=mine.state,
        cancel_reason=mine.cancel_reason,
        totals=purchase_totals(mine),
        explanation=explanation(explain_orders(found.orders), mine.currency),
        address=postal_address(address) if address else None,
        delivery=mine.delivery,
        payment_method=mine.provider,
        orders=[order(each, sellers=sellers, reviews=reviews) for each in found.orders],
        parcels=[parcel(each) for each in parcels],
        payments=[payment(each) for each in payments],
        timeline=timeline(events),
        placed_at=mine.placed_at,
        paid_at=mine.paid_at,
        expires_at=mine.expires_at,
        version=mine.version,
    )
