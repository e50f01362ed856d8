"""What the pages of orders show, and what is drawn alike for their buyers and their sellers. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from merx.catalog import ProductCard
from merx.kit.i18n import Text, pick
from merx.kit.money import Money
from merx.queries.order_lines import BoughtLine, OrderTotals
from merx.queries.order_steps import OrderStep
from merx.queries.orders import SellerOrderSummary
from merx.queries.parcels import SeenParcel
from merx.queries.pictures import maybe_picture
from merx.queries.purchases import SeenOrder
from merx.storefront.core import present
from merx.storefront.core.orders import carrier_name, owed_view
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


def totals_view(found: OrderTotals, lines: Sequence[BoughtLine]) -> TotalsView:
    """What one seller charged."""
    return TotalsView(
        items=found.goods,
        item_count=sum(line.quantity for line in lines),
        discounts=(("", found.discount),) if found.discount.amount else (),
        shipping=found.shipping,
        shipping_rows=(),
        tax=found.tax if found.tax.amount else None,
        total=found.total,
    )


def order_row(
    found: SeenOrder | SellerOrderSummary,
    *,
    url: str,
    counterpart: Text,
    locale: str,
    pictured: Mapping[UUID, ProductCard],
) -> OrderRow:
    """An order in a list."""
    pictures = (
        present.picture_view(maybe_picture(pictured[line.product_id].picture), locale=locale)
        for line in found.lines
        if line.product_id in pictured
    )
    return OrderRow(
        number=found.number,
        url=url,
        state=found.progress,
        placed_at=found.placed_at,
        counterpart=pick(counterpart, locale),
        total=found.totals.total,
        count=sum(line.quantity for line in found.lines),
        pictures=tuple(each for each in pictures if each),
    )
