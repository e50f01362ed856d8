"""Nouns of orders. Amounts are minor units of the purchase's currency, tax included."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

Text = dict[str, str]


class OrderState(StrEnum):
    """States of a purchase and of each of its orders."""

    PENDING_PAYMENT = "pending_payment"
    PLACED = "placed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class NewPurchase(msgspec.Struct, frozen=True, gc=False):
    """A purchase about to be written."""

    id: UUID
    number: str
    cart_id: UUID
    account_id: UUID | None
    person_id: UUID
    access_hash: bytes
    currency: str
    goods: int
    shipping: int
    tax: int
    total: int
    locale: str
    delivery: str
    provider: str
    expires_at: datetime
    address_sealed: bytes
    country: str
    adjusted: int = 0
    funded: int = 0


class NewOrder(msgspec.Struct, frozen=True, gc=False):
    """One seller's order about to be written."""

    id: UUID
    purchase_id: UUID
    number: str
    seller_id: UUID
    currency: str
    goods: int
    shipping: int
    shipping_tax_bp: int
    shipping_tax: int
    tax: int
    total: int
    adjusted: int = 0
    funded: int = 0
    shipping_adjusted: int = 0
    shipping_funded: int = 0


class NewOrderLine(msgspec.Struct, frozen=True, gc=False):
    """A line about to be written; `title` and `label` are raw JSON in every language."""

    id: UUID
    order_id: UUID
    purchase_id: UUID
    position: int
    product_id: UUID
    variant_id: UUID
    sku: str
    title: str
    label: str
    quantity: int
    unit_price: int
    price_version: int
    total: int
    tax_rate_bp: int
    tax: int
    adjusted: int = 0
    funded: int = 0


class NewAdjustment(msgspec.Struct, frozen=True, gc=False):
    """An adjustment about to be written; `order_line_id` None: on the delivery. `name` is raw JSON."""

    id: UUID
    purchase_id: UUID
    order_id: UUID
    order_line_id: UUID | None
    position: int
    kind: str
    cause_id: UUID
    name: str
    funder: str
    amount: int
    tax: int


class OrderAdjustment(msgspec.Struct, frozen=True):
    """A stored adjustment: what changed the price of a line, or (None) of the delivery, and who bears it."""

    order_id: UUID
    order_line_id: UUID | None
    kind: str
    cause_id: UUID
    name: Text
    funder: str
    amount: int
    tax: int


class Overdue(msgspec.Struct, frozen=True):
    """A purchase whose deadline to pay has passed, and who it was to be paid through."""

    id: UUID
    provider: str
    expires_at: datetime


class Purchase(msgspec.Struct, frozen=True):
    """A stored purchase: total = goods + shipping + adjusted. `authorized_at` is when it was placed on a promise, `paid_at` when its money was there."""

    id: UUID
    number: str
    cart_id: UUID
    account_id: UUID | None
    person_id: UUID
    state: OrderState
    cancel_reason: str | None
    currency: str
    goods: int
    shipping: int
    tax: int
    total: int
    locale: str
    delivery: str
    provider: str
    expires_at: datetime
    placed_at: datetime
    paid_at: datetime | None
    version: int
    authorized_at: datetime | None = None
    adjusted: int = 0
    funded: int = 0


class Order(msgspec.Struct, frozen=True):
    """A stored order: total = goods + shipping + adjusted.

    `funded` is what the platform pays in the buyer's stead; the `shipping_` sums are of the delivery alone.
    """

    id: UUID
    purchase_id: UUID
    number: str
    seller_id: UUID
    state: OrderState
    payment_status: str
    fulfilment_status: str
    currency: str
    goods: int
    shipping: int
    shipping_tax_bp: int
    shipping_tax: int
    tax: int
    total: int
    placed_at: datetime
    received_at: datetime | None
    version: int
    refunded: int = 0
    shipping_refunded: int = 0
    open_returns: int = 0
    adjusted: int = 0
    funded: int = 0
    shipping_adjusted: int = 0
    shipping_funded: int = 0

    @property
    def shipping_paid(self) -> int:
        """What the buyer pays for the delivery."""
        return self.shipping + self.shipping_adjusted


class NewReplacement(msgspec.Struct, frozen=True):
    """Units of a variant that an order owes for as many exchanged units of a line."""

    order_line_id: UUID
    variant_id: UUID
    sku: str
    label: Text
    quantity: int


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """Units an order owes for exchanged ones, by the after-sales case that exchanged them."""

    return_id: UUID
    variant_id: UUID
    sku: str
    label: Text
    quantity: int
    shipped: int = 0
    cancelled: int = 0

    @property
    def left(self) -> int:
        """Units that are still to be shipped."""
        return self.quantity - self.shipped - self.cancelled


class Packed(msgspec.Struct, frozen=True):
    """Units in a parcel that are not of their line's own variant sale but replace exchanged ones."""

    variant_id: UUID
    sku: str
    label: Text
    quantity: int


class OrderLine(msgspec.Struct, frozen=True):
    """A stored line.

    Units asked back are `withheld` when they were not shipped (of these, `cancelled` ones are refunded) and `returned`
    when they were; `exchanged` of those returned are replaced, so as many more leave; `refunded_*` is what was approved
    to go back of units, amount and tax.
    """

    id: UUID
    order_id: UUID
    purchase_id: UUID
    position: int
    product_id: UUID
    variant_id: UUID
    sku: str
    title: Text
    label: Text
    quantity: int
    unit_price: int
    price_version: int
    total: int
    tax_rate_bp: int
    tax: int
    shipped: int
    received: int
    withheld: int = 0
    cancelled: int = 0
    returned: int = 0
    refunded_quantity: int = 0
    refunded_amount: int = 0
    refunded_tax: int = 0
    exchanged: int = 0
    replacements: tuple[Replacement, ...] = ()
    adjusted: int = 0
    funded: int = 0

    @property
    def paid(self) -> int:
        """What the buyer pays for the line."""
        return self.total + self.adjusted

    @property
    def to_ship(self) -> int:
        """Units that may still be shipped, replacements among them."""
        return self.quantity + self.exchanged - self.shipped - self.withheld

    @property
    def to_replace(self) -> int:
        """Of these, units that are owed for exchanged ones."""
        return sum(each.left for each in self.replacements)

    @property
    def left(self) -> int:
        """Units nobody has asked back yet; a replacement counts from when it is shipped."""
        return self.quantity + self.exchanged - self.withheld - self.returned - self.to_replace


class SoldOrder(msgspec.Struct, frozen=True):
    """An order as its sale is booked and told of: total = goods + shipping + adjusted."""

    purchase_id: UUID
    id: UUID
    number: str
    seller_id: UUID
    currency: str
    goods: int
    shipping: int
    shipping_tax: int
    tax: int
    total: int
    adjusted: int
    funded: int
    shipping_adjusted: int
    shipping_funded: int
    units: int

    @property
    def seller_goods(self) -> int:
        """What the seller gets for the goods, whoever pays it; tax inside."""
        return self.goods + self.adjusted - self.shipping_adjusted + self.funded - self.shipping_funded

    @property
    def seller_shipping(self) -> int:
        """What the seller gets for the delivery, whoever pays it; tax inside."""
        return self.shipping + self.shipping_adjusted + self.shipping_funded


class ClosedOrder(msgspec.Struct, frozen=True):
    """An order that has just been closed."""

    id: UUID
    purchase_id: UUID
    number: str


class CancelledOrder(msgspec.Struct, frozen=True):
    """An order that has just been cancelled; with the last one its purchase ends, in `purchase_state` (else None)."""

    purchase_id: UUID
    number: str
    purchase_state: str | None
    purchase_number: str


class OrderOfSeller(msgspec.Struct, frozen=True):
    """Whose an order is; `last` says that all money of its purchase has gone back."""

    id: UUID
    purchase_id: UUID
    number: str
    seller_id: UUID
    currency: str
    last: bool


class LineClaim(msgspec.Struct, frozen=True):
    """Units of a line that are asked back: of those not shipped, and of those shipped."""

    order_line_id: UUID
    unshipped: int
    shipped: int


class LineRefund(msgspec.Struct, frozen=True):
    """What an approved refund takes back of a line; `cancelled` of its units were never shipped."""

    order_line_id: UUID
    quantity: int
    cancelled: int
    amount: int
    tax: int


class AddressSnapshot(msgspec.Struct, frozen=True):
    """The sealed delivery address of a purchase and whose key opens it."""

    person_id: UUID
    sealed: bytes
    country: str


class OrderView(msgspec.Struct, frozen=True):
    """An order with its lines; the address where the reader may see it."""

    order: Order
    lines: list[OrderLine]
    address: AddressSnapshot | None = None


class PurchaseView(msgspec.Struct, frozen=True):
    """A purchase with its orders and its address."""

    purchase: Purchase
    orders: list[OrderView]
    address: AddressSnapshot


class ReviewableLine(msgspec.Struct, frozen=True):
    """What a review needs to know of the line it is about."""

    order_line_id: UUID
    order_id: UUID
    purchase_id: UUID
    product_id: UUID
    seller_id: UUID
    account_id: UUID | None
    received: int
    quantity: int


class ReviewableOrder(msgspec.Struct, frozen=True):
    """What a seller's review needs to know of the order it is about."""

    order_id: UUID
    purchase_id: UUID
    seller_id: UUID
    account_id: UUID | None
    fulfilment_status: str
