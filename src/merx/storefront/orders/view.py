"""What the pages of orders show, to their buyers and to their sellers. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.accounts import PostalAddress
from merx.catalog import ProductCard
from merx.kit import links
from merx.kit.i18n import pick
from merx.kit.money import Money
from merx.orders import Order, OrderLine, OrderState, Purchase
from merx.orders import OrderView as FoundOrder
from merx.queries.order_lines import bought_line
from merx.queries.order_steps import OrderStep, order_steps, progress_of
from merx.queries.parcels import SeenParcel
from merx.returns import Return
from merx.reviews import MyReviews
from merx.sellers import Seller
from merx.storefront.core import present, views
from merx.storefront.core.addresses import address_lines
from merx.storefront.core.orders import carrier_name, order_line_view, owed_view
from merx.storefront.core.views import FormView, OrderLineView, OwedView, PictureView, TotalsView, View


class ParcelView(View, frozen=True, kw_only=True):
    """A parcel that left, with what its reader can do about it."""

    parcel_id: str
    carrier: str
    tracking_number: str
    shipped_at: datetime | None
    delivered_at: datetime | None
    received_at: datetime | None
    can_receive: bool = False
    can_deliver: bool = False
    replacements: tuple[OwedView, ...] = ()


class ReturnLink(View, frozen=True, kw_only=True):
    """A way to an after-sales case of an order."""

    url: str
    state: str
    kind: str
    refunded: bool
    amount: Money


class CashView(View, frozen=True, kw_only=True):
    """Cash that a seller's carrier takes at the door. Parcels that came back can be entered with `can_refuse`."""

    amount: Money
    can_refuse: bool


class OrderView(View, frozen=True, kw_only=True):
    """One order, for its buyer and, with `can_ship`, for its seller.

    `authorization` says how its money is authorized; `cash` is for its seller.
    """

    number: str
    url: str
    state: str
    placed_at: datetime
    seller_name: str
    recipient: str
    phone: str
    address_lines: tuple[str, ...]
    delivery: str | None
    payment_name: str
    steps: tuple[OrderStep, ...]
    lines: tuple[OrderLineView, ...]
    parcels: tuple[ParcelView, ...]
    totals: TotalsView
    pay_url: str | None = None
    pay_until: datetime | None = None
    can_ship: bool = False
    can_review_seller: bool = False
    carriers: tuple[tuple[str, str], ...] = ()
    pictures_most: int = 0
    upload_megabytes: int = 0
    form: FormView = FormView()
    form_for: str | None = None
    returns: tuple[ReturnLink, ...] = ()
    authorization: Literal["", "door", "bank"] = ""
    cancel_url: str | None = None
    cash: CashView | None = None


class OrderRow(View, frozen=True, kw_only=True):
    """An order in a list; `counterpart` is the other side's name."""

    number: str
    url: str
    state: str
    placed_at: datetime
    counterpart: str
    total: Money
    count: int
    pictures: tuple[PictureView, ...] = ()


class OrdersView(View, frozen=True, kw_only=True):
    """A part of a list of orders."""

    rows: tuple[OrderRow, ...]
    more_url: str | None = None


def parcel_views(
    parcels: Sequence[SeenParcel], *, titles: Mapping[UUID, str], locale: str
) -> tuple[ParcelView, ...]:
    """The parcels that left, with what their reader can do; `titles` by order line."""
    return tuple(
        ParcelView(
            parcel_id=str(parcel.id),
            carrier=carrier_name(parcel.carrier, locale),
            tracking_number=parcel.tracking_number or "",
            shipped_at=parcel.shipped_at,
            delivered_at=parcel.delivered_at,
            received_at=parcel.received_at,
            can_receive="receive" in parcel.actions,
            can_deliver="deliver" in parcel.actions,
            replacements=tuple(
                owed_view(each, each.quantity, title=titles.get(line.order_line_id, ""), locale=locale)
                for line in parcel.lines
                for each in line.replacements
            ),
        )
        for parcel in parcels
        if parcel.state in {"shipped", "delivered", "received"}
    )


def order_totals(order: Order, lines: Sequence[OrderLine]) -> views.TotalsView:
    """What one seller charged."""
    return views.TotalsView(
        items=Money(order.goods, order.currency),
        item_count=sum(line.quantity for line in lines),
        discounts=(("", Money(-order.adjusted, order.currency)),) if order.adjusted else (),
        shipping=Money(order.shipping, order.currency),
        shipping_rows=(),
        tax=Money(order.tax, order.currency) if order.tax else None,
        total=Money(order.total, order.currency),
    )


def order_row(
    found: FoundOrder, *, url: str, counterpart: str, locale: str, pictured: Mapping[UUID, ProductCard]
) -> OrderRow:
    """An order in a list."""
    order = found.order
    pictures = (
        present.picture_view(pictured[line.product_id].picture, locale=locale)
        for line in found.lines
        if line.product_id in pictured
    )
    return OrderRow(
        number=order.number,
        url=url,
        state=progress_of(order),
        placed_at=order.placed_at,
        counterpart=counterpart,
        total=Money(order.total, order.currency),
        count=sum(line.quantity for line in found.lines),
        pictures=tuple(each for each in pictures if each),
    )


def order_page(
    found: FoundOrder,
    *,
    url: str,
    locale: str,
    purchase: Purchase,
    payment_name: str,
    address: PostalAddress | None,
    parcels: Sequence[SeenParcel],
    pictured: Mapping[UUID, ProductCard],
    sellers: Mapping[UUID, Seller],
    mine: MyReviews | None,
    pictures_most: int = 0,
    upload_megabytes: int = 0,
    form: views.FormView | None = None,
    form_for: str | None = None,
    at_the_door: bool = False,
) -> OrderView:
    """An order's whole page, for its buyer. `at_the_door` says whether it is paid on delivery."""
    order = found.order
    unpaid = order.state == OrderState.PENDING_PAYMENT
    authorized = order.payment_status == "authorized"
    unshipped = order.fulfilment_status == "unfulfilled"
    received = order.fulfilment_status == "received"
    return OrderView(
        number=order.number,
        url=url,
        state=progress_of(order),
        placed_at=order.placed_at,
        seller_name=present.seller_name(sellers, order.seller_id, locale),
        recipient=address.name if address else "—",
        phone=address.phone if address else "",
        address_lines=address_lines(address, locale) if address else (),
        delivery=purchase.delivery,
        payment_name=payment_name,
        steps=order_steps(order, parcels, paid_at=purchase.paid_at, at_the_door=at_the_door),
        lines=tuple(
            order_line_view(
                bought_line(line, currency=order.currency), locale=locale, pictured=pictured, mine=mine
            )
            for line in found.lines
        ),
        parcels=parcel_views(
            parcels,
            titles={line.id: pick(line.title, locale) for line in found.lines},
            locale=locale,
        ),
        totals=order_totals(order, found.lines),
        pay_url=links.pay_purchase(order.purchase_id) if unpaid else None,
        pay_until=purchase.expires_at if unpaid else None,
        can_review_seller=mine is not None and received and order.id not in mine.orders,
        pictures_most=pictures_most,
        upload_megabytes=upload_megabytes,
        form=form or views.FormView(),
        form_for=form_for,
        authorization=("door" if at_the_door else "bank") if authorized else "",
        cancel_url=links.cancel_purchase(order.purchase_id) if authorized and unshipped else None,
    )


def with_returns(
    view: OrderView, found: FoundOrder, *, cases: Sequence[Return], apply_at: str | None
) -> OrderView:
    """An order's page with its cases and, at `apply_at`, the ways to new ones."""
    left = {str(line.id) for line in found.lines if line.left > 0} if apply_at else set()
    lines = tuple(
        msgspec.structs.replace(line, return_url=f"{apply_at}/lines/{line.line_id}/return")
        if line.line_id in left
        else line
        for line in view.lines
    )
    shown = tuple(
        ReturnLink(
            url=links.return_case(case.id),
            state=case.state,
            kind=case.kind,
            refunded=case.refund_id is not None,
            amount=Money(case.amount, case.currency),
        )
        for case in cases
    )
    return msgspec.structs.replace(view, lines=lines, returns=shown)
