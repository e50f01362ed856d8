"""What the API answers about purchases, orders and parcels, to buyers and to sellers."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.api.cart_views import AddressView, ExplanationView, TotalsView
from merx.api.views import MoneyView, SellerView
from merx.kit.i18n import Text


class PlacedView(msgspec.Struct, frozen=True, kw_only=True):
    """The cart became a purchase that waits for payment."""

    purchase_id: UUID
    number: str
    total: MoneyView


class ActionView(msgspec.Struct, frozen=True, kw_only=True):
    """What the payer must do next.

    `redirect`: open `url`. `qr`: scan a code that says `qr_text`. `jsapi`: hand `jsapi` to WeChat's own script.
    `instructions`: follow them.
    """

    kind: str
    url: str = ""
    qr_text: str = ""
    jsapi: dict[str, str] = {}
    instructions: dict[str, str] = {}


class PaymentStartView(msgspec.Struct, frozen=True, kw_only=True):
    """How to pay."""

    action: ActionView


class ReplacementView(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a variant that are sent for exchanged ones; `to_ship` of them have not left."""

    return_id: UUID
    variant_id: UUID
    sku: str
    label: Text
    quantity: int
    to_ship: int


class PackedView(msgspec.Struct, frozen=True, kw_only=True):
    """Units in a parcel that were sent for exchanged ones."""

    variant_id: UUID
    sku: str
    label: Text
    quantity: int


class OrderLineView(msgspec.Struct, frozen=True, kw_only=True):
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
    unit_price: MoneyView
    total: MoneyView
    tax_rate_bp: int
    tax: MoneyView
    shipped: int
    to_ship: int
    received: int
    asked_back: int
    exchanged: int
    replacements: list[ReplacementView]
    refunded: int
    refunded_amount: MoneyView
    score: int | None


class ParcelLineView(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an order line in a parcel; `replacements` are those sent for exchanged ones."""

    order_line_id: UUID
    quantity: int
    replacements: list[PackedView] = []


class ParcelView(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel. `state` is what seller and buyer say, `carrier_status` what the carrier says."""

    id: UUID
    order_id: UUID
    state: str
    carrier: str | None
    tracking_number: str | None
    carrier_status: str
    shipped_at: datetime | None
    delivered_at: datetime | None
    received_at: datetime | None
    lines: list[ParcelLineView]
    version: int


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """What one seller sends. `seller_score` is what its buyer has said of the seller."""

    id: UUID
    number: str
    seller: SellerView | None
    state: str
    payment_status: str
    fulfilment_status: str
    totals: TotalsView
    lines: list[OrderLineView]
    placed_at: datetime
    received_at: datetime | None
    seller_score: int | None
    version: int


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to pay."""

    provider: str
    state: str
    amount: MoneyView
    captured: MoneyView
    refunded: MoneyView


class TimelineEntryView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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
    amount: MoneyView | None = None


class PurchaseSummaryView(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase in a list."""

    id: UUID
    number: str
    state: str
    cancel_reason: str | None
    totals: TotalsView
    orders: list[OrderView]
    placed_at: datetime
    paid_at: datetime | None
    expires_at: datetime


class PurchaseListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of purchases, newest first."""

    items: list[PurchaseSummaryView]
    next_cursor: str | None


class PurchaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase, with everything its buyer may know of it."""

    id: UUID
    number: str
    state: str
    cancel_reason: str | None
    totals: TotalsView
    explanation: list[ExplanationView]
    address: AddressView | None
    delivery: str
    payment_method: str
    orders: list[OrderView]
    parcels: list[ParcelView]
    payments: list[PaymentView]
    timeline: list[TimelineEntryView]
    placed_at: datetime
    paid_at: datetime | None
    expires_at: datetime
    version: int


class ChosenMethodView(msgspec.Struct, frozen=True, kw_only=True):
    """The purchase is to be paid this way; the next step is to start the payment."""

    purchase_id: UUID
    payment_method: str


class CancelledView(msgspec.Struct, frozen=True, kw_only=True):
    """The purchase is cancelled."""

    purchase_id: UUID
    state: str
