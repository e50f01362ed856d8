"""What clients send. Every field is bounded, unknown fields are refused, and numbers are numbers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from merx.kit.money import MAX_AMOUNT
from merx.kit.paging import PAGE_LIMIT
from merx.payments.providers import Device

MAX_LINES = 100
MAX_PICTURES = 6
MAX_EVENTS = 100

Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]
LocaleCode = Literal["zh-CN", "en"]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Line = Annotated[str, Meta(max_length=512)]
Translated = Annotated[
    dict[LocaleCode, Annotated[str, Meta(max_length=40_000)]],
    Meta(min_length=1, description="Texts by locale"),
]
# Bounds that a domain refuses with a code of its own are only described here.
Quantity = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 999})]
Score = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 5})]
Cursor = Annotated[str, Meta(max_length=500, description="next_cursor of the page before")]
Limit = Annotated[int, Meta(ge=1, le=PAGE_LIMIT)]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that is sent: a field we do not know is a refusal."""


class PageQuery(Input, frozen=True, kw_only=True):
    """A page of a list."""

    cursor: Cursor | None = None
    limit: Limit = 20


class NoQuery(Input, frozen=True, kw_only=True):
    """An address without parameters."""


class ProductQuery(PageQuery, frozen=True, kw_only=True):
    """Products of a category and everything below it, in an order."""

    category: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")] | None = None
    sort: Literal["newest", "price", "-price"] = "newest"
    currency: Currency | None = None


class SellerOrderQuery(PageQuery, frozen=True, kw_only=True):
    """A seller's orders, by state."""

    state: Literal["pending_payment", "placed", "closed", "cancelled"] | None = None


class MoneyIn(Input, frozen=True, kw_only=True):
    """A total the client has seen. It is compared, never used."""

    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT, description="Minor units")]
    currency: Currency


class CreateCart(Input, frozen=True, kw_only=True):
    """Begin a cart; what is left out comes from the account or the shop."""

    currency: Currency | None = None
    locale: LocaleCode | None = None


class StartPayment(Input, frozen=True, kw_only=True):
    """Where the payer is. `openid` is their name towards the shop's WeChat application, for paying inside WeChat."""

    device: Device = Device.DESKTOP
    openid: Annotated[str, Meta(min_length=1, max_length=128)] | None = None


class AddLine(Input, frozen=True, kw_only=True):
    """Put units of an article into the cart: named by its id or by its SKU, not by both."""

    quantity: Quantity
    variant_id: UUID | None = None
    sku: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class SetLine(Input, frozen=True, kw_only=True):
    """How many units a line has from now on."""

    quantity: Quantity


class AddressIn(Input, frozen=True, kw_only=True):
    """Where and to whom to deliver. `country` is ISO 3166-1 alpha-2; a guest gives an e-mail address, too."""

    name: Line
    phone: Line
    line1: Line
    city: Line
    country: Line
    line2: Line = ""
    region: Line = ""
    postal_code: Line = ""
    email: Line = ""


class SetAddress(Input, frozen=True, kw_only=True):
    """The cart's delivery address: one typed in, or one of the address book."""

    address: AddressIn | None = None
    address_id: UUID | None = None


class SetDelivery(Input, frozen=True, kw_only=True):
    """How the goods come."""

    method: Literal["standard", "express"]


class SetPaymentMethod(Input, frozen=True, kw_only=True):
    """Who to pay through: a code of `offers.payment_methods`."""

    provider: Code


class Checkout(Input, frozen=True, kw_only=True):
    """Order the cart for the total that was shown."""

    expected_total: MoneyIn


class Register(Input, frozen=True, kw_only=True):
    """Open an account."""

    email: Line
    password: Annotated[str, Meta(max_length=1024)]
    name: Line
    locale: LocaleCode | None = None


class LogIn(Input, frozen=True, kw_only=True):
    """Open a session. With `cart_id` and the Cart-Token header, the guest's cart comes along."""

    email: Line
    password: Annotated[str, Meta(max_length=1024)]
    cart_id: UUID | None = None


class SaveAddress(Input, frozen=True, kw_only=True):
    """An address for the address book; the first one becomes the default."""

    address: AddressIn
    is_default: bool = False


class ReadNotifications(Input, frozen=True, kw_only=True):
    """Notifications of these events are read; null: all of them."""

    event_ids: Annotated[list[UUID], Meta(max_length=MAX_EVENTS)] | None


class ReviewProduct(Input, frozen=True, kw_only=True):
    """What a buyer says of a bought product. `locale` is the language of the text."""

    order_line_id: UUID
    score: Score
    body: Annotated[str, Meta(max_length=10_000)] = ""
    media_ids: Annotated[list[UUID], Meta(max_length=4 * MAX_PICTURES)] = []
    locale: LocaleCode | None = None


class ReviewSeller(Input, frozen=True, kw_only=True):
    """What a buyer says of a seller."""

    order_id: UUID
    score: Score
    body: Annotated[str, Meta(max_length=10_000)] = ""
    locale: LocaleCode | None = None


class ParcelLineIn(Input, frozen=True, kw_only=True):
    """Units of an order line."""

    order_line_id: UUID
    quantity: Quantity


class Ship(Input, frozen=True, kw_only=True):
    """A parcel handed to a carrier; without `lines` it holds everything that has not left yet."""

    carrier: Code
    tracking_number: Annotated[str, Meta(min_length=1, max_length=128)]
    lines: Annotated[list[ParcelLineIn], Meta(max_length=MAX_LINES)] | None = None


class ReturnLineIn(Input, frozen=True, kw_only=True):
    """Units of an order line that are asked back.

    `variant_id` says of which variant, where an earlier exchange left several; `replacement_variant_id` is wanted
    instead, in an exchange for another variant of the product.
    """

    order_line_id: UUID
    quantity: Quantity
    variant_id: UUID | None = None
    replacement_variant_id: UUID | None = None


class RequestReturn(Input, frozen=True, kw_only=True):
    """Apply for money back, only that or against the goods, or for others in exchange."""

    kind: Literal["refund_only", "return_and_refund", "exchange"]
    reason: Literal[
        "changed_mind",
        "not_received",
        "late",
        "damaged",
        "defective",
        "not_as_described",
        "wrong_item",
        "missing_parts",
        "other",
    ]
    lines: Annotated[list[ReturnLineIn], Meta(max_length=MAX_LINES)]
    body: Annotated[str, Meta(max_length=10_000)] = ""
    media_ids: Annotated[list[UUID], Meta(max_length=4 * MAX_PICTURES)] = []


class SendBack(Input, frozen=True, kw_only=True):
    """The goods were handed to a carrier."""

    carrier: Code
    tracking_number: Annotated[str, Meta(min_length=1, max_length=128)]


class RejectReturn(Input, frozen=True, kw_only=True):
    """Why an application is refused."""

    answer: Annotated[str, Meta(max_length=10_000)]


class ProposeAmount(Input, frozen=True, kw_only=True):
    """A part of the amount, in minor units of the order's currency."""

    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT, description="Minor units")]
    answer: Annotated[str, Meta(max_length=10_000)] = ""


class RestockedIn(Input, frozen=True, kw_only=True):
    """Units of a line that came back and can be sold again."""

    order_line_id: UUID
    quantity: Annotated[int, Meta(ge=0, le=999)]


class InspectReturn(Input, frozen=True, kw_only=True):
    """What came back and can be sold again; everything else is written off."""

    restocked: Annotated[list[RestockedIn], Meta(max_length=MAX_LINES)]


class DecideReturn(Input, frozen=True, kw_only=True):
    """The platform's last word; `amount` (minor units) is less than everything.

    `as_refund` grants money where an exchange was asked for.
    """

    in_favour: Annotated[bool, Meta(description="Of the buyer")]
    answer: Annotated[str, Meta(max_length=10_000)]
    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT)] | None = None
    as_refund: bool = False


class SetReturnAddress(Input, frozen=True, kw_only=True):
    """Where buyers send goods back to, as it is printed on a label; nothing takes it away."""

    return_address: Annotated[str, Meta(max_length=10_000)]


class DifferenceQuery(PageQuery, frozen=True, kw_only=True):
    """Differences between bills and books, by state."""

    state: Literal["open", "resolved"] = "open"


class ResolveDifference(Input, frozen=True, kw_only=True):
    """How a difference is resolved, and why; an explanation needs words."""

    resolution: Literal["explain", "recheck", "accept_theirs", "write_off", "book"]
    note: Annotated[str, Meta(max_length=2000)] = ""


class DisputeQuery(PageQuery, frozen=True, kw_only=True):
    """Disputes, by state."""

    state: Literal["inquiry", "needs_response", "under_review", "won", "lost", "closed"] | None = None


class ConfirmPayment(Input, frozen=True, kw_only=True):
    """Money that came by an offline method; `reference` is the bank's number, or that of the receipt."""

    amount: MoneyIn
    reference: Annotated[str, Meta(max_length=256)]
    received_at: Annotated[datetime, Meta(tz=True)] | None = None


class ConfirmCash(Input, frozen=True, kw_only=True):
    """Cash that was taken at the door; `reference` is the number of the receipt."""

    amount: MoneyIn
    reference: Annotated[str, Meta(max_length=256)]


class RecordUndelivered(Input, frozen=True, kw_only=True):
    """What came back from the door and can be sold again; everything else is written off."""

    restocked: Annotated[list[RestockedIn], Meta(max_length=MAX_LINES)] = []


class RefundPaidBack(Input, frozen=True, kw_only=True):
    """The bank's number of the money that was paid back."""

    reference: Annotated[str, Meta(max_length=256)]


class RefundNotPossible(Input, frozen=True, kw_only=True):
    """Why a refund cannot be paid back."""

    reason: Annotated[str, Meta(max_length=800)]


class OfflineQuery(Input, frozen=True, kw_only=True):
    """Payments whose number begins so, in any state; without it those that wait."""

    number: Annotated[str, Meta(max_length=64)] = ""


class ReturnQuery(PageQuery, frozen=True, kw_only=True):
    """After-sales cases, by state."""

    state: (
        Literal[
            "requested",
            "proposed",
            "escalated",
            "approved",
            "in_transit",
            "inspected",
            "settled",
            "rejected",
            "withdrawn",
        ]
        | None
    ) = None


class EditProduct(Input, frozen=True, kw_only=True):
    """What changes of a product; what is left out stays. A text is replaced in all its languages."""

    title: Translated | UnsetType = UNSET
    description: Annotated[dict[LocaleCode, Annotated[str, Meta(max_length=40_000)]], Meta()] | UnsetType = (
        UNSET
    )
    state: Literal["draft", "published", "archived"] | UnsetType = UNSET


class PriceIn(Input, frozen=True, kw_only=True):
    """A price, tax included, in minor units; null withdraws it."""

    amount: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 1_000_000_000_000})] | None
    currency: Currency


class SetPrices(Input, frozen=True, kw_only=True):
    """Prices by currency; currencies not named keep theirs."""

    prices: Annotated[list[PriceIn], Meta(min_length=1, max_length=50)]
