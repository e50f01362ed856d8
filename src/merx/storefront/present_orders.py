"""From purchases, orders and parcels to what their pages show. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from merx.accounts import PostalAddress
from merx.catalog import ProductCard
from merx.fulfilment import CARRIERS, Fulfilment, can_come_back, can_deliver, can_receive, can_ship
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.orders import Order, OrderLine, OrderState, OrderView, Packed, Purchase, Replacement
from merx.reviews import MyReviews
from merx.sellers import Seller
from merx.storefront import present, views
from merx.storefront.addresses import address_lines

_ON_ITS_WAY: Final = {"shipped": "shipped", "delivered": "delivered", "received": "closed"}
_CARRIER_NAMES: Final = {carrier.code: carrier.name for carrier in CARRIERS}


def shown_state(order: Order) -> str:
    """One word for where an order is, from its state and its parcels."""
    if order.state != OrderState.PLACED:
        return str(order.state)
    return _ON_ITS_WAY.get(order.fulfilment_status, "authorized" if is_authorized(order) else "placed")


def is_authorized(order: Order) -> bool:
    """Whether the order is served and its money is still to come."""
    return order.payment_status == "authorized"


def carrier_name(code: str | None, locale: str) -> str:
    """A carrier's name in the page's language."""
    return pick(_CARRIER_NAMES[code], locale) if code in _CARRIER_NAMES else code or ""


def carrier_choices(locale: str) -> tuple[tuple[str, str], ...]:
    """The carriers a seller may choose."""
    return tuple((carrier.code, pick(carrier.name, locale)) for carrier in CARRIERS)


def parcel_views(
    parcels: Sequence[Fulfilment], *, titles: Mapping[UUID, str], locale: str, for_seller: bool
) -> tuple[views.ParcelView, ...]:
    """The parcels that left, with what their reader can do; `titles` by order line."""
    return tuple(
        views.ParcelView(
            parcel_id=str(parcel.id),
            carrier=carrier_name(parcel.carrier, locale),
            tracking_number=parcel.tracking_number or "",
            shipped_at=parcel.shipped_at,
            delivered_at=parcel.delivered_at,
            received_at=parcel.received_at,
            can_receive=not for_seller and can_receive(parcel),
            can_deliver=for_seller and can_deliver(parcel),
            replacements=tuple(
                owed_view(each, each.quantity, title=titles.get(line.order_line_id, ""), locale=locale)
                for line in parcel.lines
                for each in line.replacements
            ),
        )
        for parcel in parcels
        if parcel.state in {"shipped", "delivered", "received"}
    )


def owed_view(each: Packed | Replacement, quantity: int, *, title: str, locale: str) -> views.OwedView:
    """Units that are sent for exchanged ones; a variant without a name is called as its product."""
    return views.OwedView(name=pick(each.label, locale) or title, sku=each.sku, quantity=quantity)


def timeline(
    order: Order, parcels: Sequence[Fulfilment], *, paid_at: datetime | None, at_the_door: bool
) -> tuple[views.TimelineStep, ...]:
    """What happened to an order and what is still to come, the payment where it belongs: before the goods or after."""
    paid = order.payment_status not in ("unpaid", "authorized")
    ordered = views.TimelineStep(code="ordered", at=order.placed_at, done=True)
    payment = views.TimelineStep(code="paid", at=paid_at, done=paid)
    if order.state == OrderState.CANCELLED:
        cancelled = views.TimelineStep(code="cancelled", at=None, done=True)
        return (ordered, payment, cancelled) if paid else (ordered, cancelled)
    shipped = [parcel.shipped_at for parcel in parcels if parcel.shipped_at]
    delivered = [parcel.delivered_at for parcel in parcels if parcel.delivered_at]
    there = order.fulfilment_status in {"delivered", "received"}
    steps = [
        ordered,
        views.TimelineStep(code="shipped", at=min(shipped, default=None), done=bool(shipped)),
        views.TimelineStep(code="delivered", at=max(delivered, default=None) if there else None, done=there),
        views.TimelineStep(code="received", at=order.received_at, done=order.fulfilment_status == "received"),
    ]
    if is_authorized(order):
        later = 2 if at_the_door else 1
    else:
        later = sum(1 for at in (steps[1].at, steps[2].at) if at and paid_at and at <= paid_at)
    steps.insert(1 + later, payment)
    return tuple(steps)


def order_totals(order: Order, lines: Sequence[OrderLine]) -> views.TotalsView:
    """What one seller charged."""
    return views.TotalsView(
        items=Money(order.goods, order.currency),
        item_count=sum(line.quantity for line in lines),
        shipping=Money(order.shipping, order.currency),
        shipping_rows=(),
        tax=Money(order.tax, order.currency) if order.tax else None,
        total=Money(order.total, order.currency),
    )


def order_line_view(
    line: OrderLine,
    *,
    currency: str,
    locale: str,
    pictured: Mapping[UUID, ProductCard],
    mine: MyReviews | None,
) -> views.OrderLineView:
    """A bought line; `mine` is None for a reader who cannot review."""
    card = pictured.get(line.product_id)
    title = pick(line.title, locale)
    return views.OrderLineView(
        line_id=str(line.id),
        title=title,
        url=f"/products/{card.slug}?variant={line.sku}" if card else None,
        variant=pick(line.label, locale),
        picture=present.picture_view(card.picture, locale=locale, alt=title) if card else None,
        quantity=line.quantity,
        unit_price=Money(line.unit_price, currency),
        total=Money(line.total, currency),
        shipped=line.shipped,
        can_review=mine is not None and line.received > 0 and line.id not in mine.lines,
        reviewed=mine is not None and line.id in mine.lines,
        to_ship=line.to_ship,
        owed=tuple(
            owed_view(each, each.left, title=title, locale=locale) for each in line.replacements if each.left
        ),
    )


def order_row(
    found: OrderView, *, url: str, counterpart: str, locale: str, pictured: Mapping[UUID, ProductCard]
) -> views.OrderRow:
    """An order in a list."""
    order = found.order
    pictures = (
        present.picture_view(pictured[line.product_id].picture, locale=locale)
        for line in found.lines
        if line.product_id in pictured
    )
    return views.OrderRow(
        number=order.number,
        url=url,
        state=shown_state(order),
        placed_at=order.placed_at,
        counterpart=counterpart,
        total=Money(order.total, order.currency),
        count=sum(line.quantity for line in found.lines),
        pictures=tuple(each for each in pictures if each),
    )


def order_page(
    found: OrderView,
    *,
    url: str,
    locale: str,
    purchase: Purchase | None,
    payment_name: str,
    address: PostalAddress | None,
    parcels: Sequence[Fulfilment],
    pictured: Mapping[UUID, ProductCard],
    sellers: Mapping[UUID, Seller],
    mine: MyReviews | None,
    upload_megabytes: int = 0,
    form: views.FormView | None = None,
    form_for: str | None = None,
    at_the_door: bool = False,
) -> views.OrderView:
    """An order's whole page: for its buyer with the purchase, for its seller without.

    `at_the_door` says whether it is paid on delivery.
    """
    order = found.order
    unpaid = purchase is not None and order.state == OrderState.PENDING_PAYMENT
    authorized = is_authorized(order)
    unshipped = order.fulfilment_status == "unfulfilled"
    received = order.fulfilment_status == "received"
    return views.OrderView(
        number=order.number,
        url=url,
        state=shown_state(order),
        placed_at=order.placed_at,
        seller_name=present.seller_name(sellers, order.seller_id, locale),
        recipient=address.name if address else "—",
        phone=address.phone if address else "",
        address_lines=address_lines(address, locale) if address else (),
        delivery=purchase.delivery if purchase else None,
        payment_name=payment_name,
        steps=timeline(
            order, parcels, paid_at=purchase.paid_at if purchase else None, at_the_door=at_the_door
        ),
        lines=tuple(
            order_line_view(line, currency=order.currency, locale=locale, pictured=pictured, mine=mine)
            for line in found.lines
        ),
        parcels=parcel_views(
            parcels,
            titles={line.id: pick(line.title, locale) for line in found.lines},
            locale=locale,
            for_seller=purchase is None,
        ),
        totals=order_totals(order, found.lines),
        pay_url=f"/purchases/{order.purchase_id}/pay" if unpaid else None,
        pay_until=purchase.expires_at if purchase and unpaid else None,
        can_ship=purchase is None and can_ship(order, found.lines),
        can_review_seller=mine is not None and received and order.id not in mine.orders,
        carriers=carrier_choices(locale) if purchase is None else (),
        upload_megabytes=upload_megabytes,
        form=form or views.FormView(),
        form_for=form_for,
        authorization=("door" if at_the_door else "bank") if authorized else "",
        cancel_url=f"/purchases/{order.purchase_id}/cancel"
        if purchase and authorized and unshipped
        else None,
        cash=views.CashView(amount=Money(order.total, order.currency), can_refuse=can_come_back(parcels))
        if authorized and at_the_door and purchase is None
        else None,
    )
