"""Purchases, as their buyers see them."""

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from merx.accounts import PostalAddress
from merx.fulfilment import ParcelDelivered, ParcelReceived, ParcelReturned, ParcelShipped, fulfilments_of
from merx.infra.crypto import MasterKeys
from merx.infra.db import ReadTx
from merx.infra.outbox import Heard, history
from merx.kit.actors import Buyer
from merx.kit.events import Event
from merx.kit.money import Money
from merx.orders import (
    Order,
    OrderAdjustment,
    OrderAuthorized,
    OrderCancelled,
    OrderPaid,
    OrderView,
    Purchase,
    PurchaseCancelled,
    PurchasePlaced,
    UnknownPurchase,
    adjustments_of,
    can_cancel,
    can_pay,
    list_purchases,
    purchase_view,
)
from merx.payments import (
    Payment,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentVoided,
    RefundApproved,
    RefundSucceeded,
    payments_of,
)
from merx.pricing import ChargedLine, ExplanationLine, explain_order
from merx.queries.addresses import opened_address
from merx.queries.catalog import SeenSeller, seller
from merx.queries.order_lines import BoughtLine, OrderTotals, bought_line, order_totals
from merx.queries.order_steps import progress_of
from merx.queries.parcels import SeenParcel, seen_parcel
from merx.queries.totals import Explained, explanation, totals
from merx.returns import RETURN_EVENTS
from merx.reviews import MyReviews, my_reviews
from merx.sellers import Seller, get_sellers

PurchaseAction = Literal["pay", "choose_method", "cancel"]


class SeenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What one seller sends; `progress` is one word for where it is. `seller_score` is what its buyer has said of the seller."""

    id: UUID
    number: str
    seller: SeenSeller | None
    state: str
    payment_status: str
    fulfilment_status: str
    progress: str
    totals: OrderTotals
    lines: list[BoughtLine]
    placed_at: datetime
    received_at: datetime | None
    seller_score: int | None
    version: int


class SeenPayment(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to pay."""

    provider: str
    state: str
    amount: Money
    captured: Money
    refunded: Money


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to a purchase; members that do not apply are absent."""

    kind: str
    at: datetime
    order_id: str = ""
    order_number: str = ""
    parcel_id: str = ""
    return_id: str = ""
    carrier: str = ""
    tracking_number: str = ""
    reason: str = ""
    amount: Money | None = None


class PurchaseSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase in a list."""

    id: UUID
    number: str
    state: str
    cancel_reason: str | None
    totals: OrderTotals
    orders: list[SeenOrder]
    placed_at: datetime
    paid_at: datetime | None
    expires_at: datetime


class PurchaseList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of purchases, newest first."""

    items: list[PurchaseSummary]
    next_cursor: str | None


class SeenPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase, with everything its buyer may know of it."""

    id: UUID
    number: str
    state: str
    cancel_reason: str | None
    totals: OrderTotals
    explanation: list[Explained]
    address: PostalAddress | None
    delivery: str
    payment_method: str
    orders: list[SeenOrder]
    parcels: list[SeenParcel]
    payments: list[SeenPayment]
    timeline: list[TimelineEntry]
    placed_at: datetime
    paid_at: datetime | None
    expires_at: datetime
    version: int
    actions: tuple[PurchaseAction, ...]


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


def timeline(events: Iterable[Heard[Event]]) -> list[TimelineEntry]:
    """What happened, oldest first, in public words."""
    return [_entry(each) for each in events]


def _entry(heard: Heard[Event]) -> TimelineEntry:
    data = msgspec.to_builtins(heard.event)
    amount = data.get("amount", data.get("total"))
    return TimelineEntry(
        kind=_WORD.sub("_", type(heard.event).__name__).lower(),
        at=heard.created_at,
        order_id=_text(data, "order_id"),
        order_number=_text(data, "order_number"),
        parcel_id=_text(data, "fulfilment_id"),
        return_id=_text(data, "return_id"),
        carrier=_text(data, "carrier"),
        tracking_number=_text(data, "tracking_number"),
        reason=_text(data, "reason"),
        amount=Money(amount, data["currency"]) if isinstance(amount, int) else None,
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    return str(data.get(name) or "")


def purchase_totals(purchase: Purchase) -> OrderTotals:
    """The sums of a purchase."""
    return totals(
        currency=purchase.currency,
        goods=purchase.goods,
        shipping=purchase.shipping,
        adjusted=purchase.adjusted,
        tax=purchase.tax,
        total=purchase.total,
    )


def explain_orders(
    orders: Sequence[OrderView], adjustments: Mapping[UUID, Sequence[OrderAdjustment]]
) -> list[ExplanationLine]:
    """Trace the total of stored orders, in the way a quote explains itself; `adjustments` by order."""
    return [traced for each in orders for traced in _explain_order(each, adjustments.get(each.order.id, ()))]


def _explain_order(found: OrderView, adjustments: Sequence[OrderAdjustment]) -> list[ExplanationLine]:
    sold = found.order
    skus = {line.id: line.sku for line in found.lines}
    return explain_order(
        sold.seller_id,
        [
            ChargedLine(
                line.sku, line.quantity, line.unit_price, line.total, line.tax_rate_bp, line.tax
            )
            for line in found.lines
        ],
        [
            ExplanationLine(
                "adjustment", each.amount, sold.seller_id,
                skus[each.order_line_id] if each.order_line_id else None, name=each.name,
                funder="platform" if each.funder == "platform" else "seller",
            )
            for each in adjustments
        ],
        shipping=sold.shipping, shipping_tax_bp=sold.shipping_tax_bp, shipping_tax=sold.shipping_tax,
    )  # fmt: skip


def order(found: OrderView, *, sellers: Mapping[UUID, Seller], reviews: MyReviews = NO_REVIEWS) -> SeenOrder:
    """An order for its buyer."""
    mine = found.order
    return SeenOrder(
        id=mine.id,
        number=mine.number,
        seller=seller(sellers.get(mine.seller_id)),
        state=mine.state,
        payment_status=mine.payment_status,
        fulfilment_status=mine.fulfilment_status,
        progress=progress_of(mine),
        totals=order_totals(mine),
        lines=[
            bought_line(line, currency=mine.currency, score=reviews.lines.get(line.id))
            for line in found.lines
        ],
        placed_at=mine.placed_at,
        received_at=mine.received_at,
        seller_score=reviews.orders.get(mine.id),
        version=mine.version,
    )


def payment(found: Payment) -> SeenPayment:
    """An attempt to pay."""
    return SeenPayment(
        provider=found.provider,
        state=found.state,
        amount=Money(found.amount, found.currency),
        captured=Money(found.captured, found.currency),
        refunded=Money(found.refunded, found.currency),
    )


async def purchase_list(
    tx: ReadTx, *, actor: Buyer, after: str | None = None, limit: int = 20
) -> PurchaseList:
    """An account's purchases, newest first. Raises BadCursor."""
    page = await list_purchases(tx, actor=actor, after=after, limit=limit)
    sellers = await get_sellers(
        tx, seller_ids={each.order.seller_id for _, orders in page.items for each in orders}
    )
    return PurchaseList(
        items=[_summary(purchase, orders, sellers=sellers) for purchase, orders in page.items],
        next_cursor=page.next_cursor,
    )


async def purchases_shown(tx: ReadTx, *, actor: Buyer, purchase_ids: Sequence[UUID]) -> PurchaseList:
    """Those of these purchases that the actor can see, in this order: what a guest's browser remembers may be stale."""
    found = []
    for purchase_id in purchase_ids:
        with contextlib.suppress(UnknownPurchase):
            found.append(await purchase_view(tx, purchase_id=purchase_id, actor=actor))
    sellers = await get_sellers(
        tx, seller_ids={each.order.seller_id for view in found for each in view.orders}
    )
    return PurchaseList(
        items=[_summary(each.purchase, each.orders, sellers=sellers) for each in found], next_cursor=None
    )


def _summary(
    found: Purchase, orders: Iterable[OrderView], *, sellers: Mapping[UUID, Seller]
) -> PurchaseSummary:
    return PurchaseSummary(
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


async def seen_purchase(
    tx: ReadTx, keys: MasterKeys, *, purchase_id: UUID, actor: Buyer, now: datetime
) -> SeenPurchase:
    """A purchase for its buyer. Raises UnknownPurchase."""
    found = await purchase_view(tx, purchase_id=purchase_id, actor=actor)
    mine = found.purchase
    order_ids = [each.order.id for each in found.orders]
    sellers = await get_sellers(tx, seller_ids={each.order.seller_id for each in found.orders})
    reviews = await my_reviews(tx, order_ids=order_ids)
    adjustments = await adjustments_of(tx, order_ids=order_ids)
    return SeenPurchase(
        id=mine.id,
        number=mine.number,
        state=mine.state,
        cancel_reason=mine.cancel_reason,
        totals=purchase_totals(mine),
        explanation=explanation(explain_orders(found.orders, adjustments), mine.currency),
        address=await opened_address(
            tx, keys, person_id=found.address.person_id, sealed=found.address.sealed
        ),
        delivery=mine.delivery,
        payment_method=mine.provider,
        orders=[order(each, sellers=sellers, reviews=reviews) for each in found.orders],
        parcels=[seen_parcel(each, actor=actor) for each in await fulfilments_of(tx, order_ids=order_ids)],
        payments=[payment(each) for each in await payments_of(tx, [purchase_id])],
        timeline=timeline(await history(tx, subject_id=purchase_id, of=TOLD)),
        placed_at=mine.placed_at,
        paid_at=mine.paid_at,
        expires_at=mine.expires_at,
        version=mine.version,
        actions=purchase_actions(mine, [each.order for each in found.orders], now=now),
    )


def purchase_actions(mine: Purchase, orders: Sequence[Order], *, now: datetime) -> tuple[PurchaseAction, ...]:
    """What its buyer may do with a purchase now."""
    payable = can_pay(mine, now=now)
    may: dict[PurchaseAction, bool] = {
        "pay": payable,
        "choose_method": payable,
        "cancel": can_cancel(mine, orders),
    }
    return tuple(action for action, allowed in may.items() if allowed)
