"""What each page shows, ready to be drawn: a template gets these and nothing else.

Texts that come from data (titles, names) are already in the page's locale; amounts are Money, moments are aware UTC.
Words of the shop itself are in the templates, where the translations find them.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from merx.kit.money import Money


class View(msgspec.Struct, frozen=True, kw_only=True):
    """The base of all views."""


class PictureView(View, frozen=True, kw_only=True):
    """A picture in several widths; `colour` (`#rrggbb`) fills its place until it is there."""

    src: str
    avif: str
    webp: str
    width: int
    height: int
    colour: str
    alt: str


class PersonalView(View, frozen=True, kw_only=True):
    """The only part of a page that differs between two people who ask for the same page."""

    cart_count: int = 0
    unread_count: int = 0
    name: str | None = None
    sells: bool = False
    is_staff: bool = False


class CategoryLink(View, frozen=True, kw_only=True):
    """A way into a category."""

    name: str
    url: str
    current: bool = False
    picture: PictureView | None = None


class ChromeView(View, frozen=True, kw_only=True):
    """Everything around a page. `path` is the page's own address within the shop, for the language switch."""

    path: str
    canonical: str
    currency: str
    locales: tuple[str, ...]
    currencies: tuple[str, ...]
    categories: tuple[CategoryLink, ...] = ()
    personal: PersonalView = PersonalView()


class RatingView(View, frozen=True, kw_only=True):
    """A mean of 1 to 5 with one decimal, and the number of reviews behind it."""

    average: Decimal
    count: int


class ProductCard(View, frozen=True, kw_only=True):
    """A product in a list."""

    title: str
    url: str
    seller_name: str
    picture: PictureView | None
    price: Money | None
    price_from: bool = False
    rating: RatingView | None = None


class HomeView(View, frozen=True, kw_only=True):
    """The first page."""

    hero: ProductCard | None
    categories: tuple[CategoryLink, ...]
    newest: tuple[ProductCard, ...]


class SortLink(View, frozen=True, kw_only=True):
    """An order that a list can be in."""

    code: Literal["newest", "price_asc", "price_desc"]
    url: str
    current: bool


class CategoryView(View, frozen=True, kw_only=True):
    """A part of a category; `more_url` leads to the next part."""

    name: str
    url: str
    trail: tuple[CategoryLink, ...]
    children: tuple[CategoryLink, ...]
    sorts: tuple[SortLink, ...]
    products: tuple[ProductCard, ...]
    more_url: str | None
    continued: bool = False


class OptionValueView(View, frozen=True, kw_only=True):
    """One value of one option. `in_stock` is about the variant with this value and the other chosen values."""

    value: str
    label: str
    chosen: bool
    in_stock: bool


class OptionView(View, frozen=True, kw_only=True):
    """A choice a shopper makes; `field` is its name in the address, e.g. `o1`."""

    field: str
    name: str
    values: tuple[OptionValueView, ...]


class ReviewView(View, frozen=True, kw_only=True):
    """A review as strangers read it; `variant` may be empty."""

    author: str
    stars: int
    text: str
    variant: str
    written_at: datetime
    pictures: tuple[PictureView, ...] = ()


class ProductView(View, frozen=True, kw_only=True):
    """A product's page, for one of its variants."""

    title: str
    url: str
    description: str
    seller_name: str
    brand: str | None
    trail: tuple[CategoryLink, ...]
    pictures: tuple[PictureView, ...]
    sku: str
    variant_id: str
    variant_label: str
    options: tuple[OptionView, ...]
    price: Money | None
    stock: Literal["in_stock", "few_left", "sold_out"]
    stock_left: int
    max_quantity: int
    delivery_from: Money | None
    facts: tuple[tuple[str, str], ...]
    rating: RatingView | None
    reviews: tuple[ReviewView, ...]
    reviews_more_url: str | None
    related: tuple[ProductCard, ...] = ()


class AddedView(View, frozen=True, kw_only=True):
    """The message after a product went into the cart."""

    title: str
    quantity: int
    picture: PictureView | None


class CartLineView(View, frozen=True, kw_only=True):
    """A line of a cart. `problem` says why it cannot be bought as it is; such a line is not in any total."""

    line_id: str
    title: str
    url: str
    variant: str
    picture: PictureView | None
    unit_price: Money | None
    total: Money | None
    quantity: int
    max_quantity: int
    problem: Literal["sold_out", "fewer_left", "withdrawn", "no_price"] | None = None
    left: int = 0


class CartGroupView(View, frozen=True, kw_only=True):
    """What the cart holds of one seller."""

    seller_name: str
    lines: tuple[CartLineView, ...]
    subtotal: Money


class CartView(View, frozen=True, kw_only=True):
    """A cart. `count` and `total` are of the lines that can be bought."""

    groups: tuple[CartGroupView, ...]
    count: int
    total: Money
    can_check_out: bool
    notice: str | None = None
    suggestions: tuple[ProductCard, ...] = ()


class FormView(View, frozen=True, kw_only=True):
    """A form as it was sent: the values to show again and, by field, what is wrong with them."""

    values: dict[str, str] = {}
    errors: dict[str, str] = {}

    def value(self, field: str) -> str:
        """What was typed into a field; empty at first."""
        return self.values.get(field, "")

    def error(self, field: str) -> str | None:
        """What is wrong with a field, in the page's language."""
        return self.errors.get(field)


class AddressView(View, frozen=True, kw_only=True):
    """A saved address, in the order in which its country writes it."""

    address_id: str
    recipient: str
    phone: str
    lines: tuple[str, ...]
    is_default: bool


class AddressesView(View, frozen=True, kw_only=True):
    """The address book."""

    addresses: tuple[AddressView, ...]


class AddressFormView(View, frozen=True, kw_only=True):
    """An address to fill in; countries are (code, name)."""

    form: FormView
    countries: tuple[tuple[str, str], ...]
    address_id: str | None = None
    asks_email: bool = False


class DeliveryChoice(View, frozen=True, kw_only=True):
    """A delivery method for the whole purchase; `price` is the sum over its sellers."""

    code: Literal["standard", "express"]
    price: Money
    chosen: bool


class CheckoutGroupView(View, frozen=True, kw_only=True):
    """What is ordered from one seller."""

    seller_name: str
    lines: tuple[CartLineView, ...]
    subtotal: Money


class PaymentChoice(View, frozen=True, kw_only=True):
    """A way to pay, and in which `manner`; `days` is how long a transfer is waited for."""

    code: str
    name: str
    chosen: bool
    manner: Literal["provider", "transfer", "door"] = "provider"
    days: int = 0


class TotalsView(View, frozen=True, kw_only=True):
    """The rows of a total. Their sum is `total`; `tax` is inside the prices and only stated."""

    items: Money
    item_count: int
    shipping: Money
    shipping_rows: tuple[tuple[str, Money], ...]
    tax: Money | None
    total: Money


class CheckoutView(View, frozen=True, kw_only=True):
    """`changed` is set when the total is not the one the shopper had agreed to; nothing was ordered then.

    `payments_silent`: whoever takes this currency does not answer at the moment.
    """

    addresses: tuple[AddressView, ...]
    address_id: str
    new_address: AddressFormView
    groups: tuple[CheckoutGroupView, ...]
    delivery: tuple[DeliveryChoice, ...]
    payments: tuple[PaymentChoice, ...]
    payments_silent: bool = False
    totals: TotalsView | None
    idempotency_key: str
    cart_id: str
    form: FormView = FormView()
    changed: bool = False


class TimelineStep(View, frozen=True, kw_only=True):
    """One step of an order; `at` may be unknown although it is done."""

    code: Literal["ordered", "paid", "shipped", "delivered", "received", "cancelled"]
    at: datetime | None
    done: bool


class OwedView(View, frozen=True, kw_only=True):
    """Units that are sent for exchanged ones; `name` is the variant's."""

    name: str
    sku: str
    quantity: int


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


class OrderLineView(View, frozen=True, kw_only=True):
    """A bought line; `to_ship` units have not left, `owed` ones of them replace exchanged ones."""

    line_id: str
    title: str
    url: str | None
    variant: str
    picture: PictureView | None
    quantity: int
    unit_price: Money
    total: Money
    shipped: int = 0
    can_review: bool = False
    reviewed: bool = False
    return_url: str | None = None
    to_ship: int = 0
    owed: tuple[OwedView, ...] = ()


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
    steps: tuple[TimelineStep, ...]
    lines: tuple[OrderLineView, ...]
    parcels: tuple[ParcelView, ...]
    totals: TotalsView
    pay_url: str | None = None
    pay_until: datetime | None = None
    can_ship: bool = False
    can_review_seller: bool = False
    carriers: tuple[tuple[str, str], ...] = ()
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


class NotificationRow(View, frozen=True, kw_only=True):
    """Something the shop told this person, and the page it is about."""

    title: str
    text: str
    url: str
    at: datetime
    unread: bool


class NotificationsView(View, frozen=True, kw_only=True):
    """A part of a person's notifications."""

    rows: tuple[NotificationRow, ...]
    any_unread: bool = False
    more_url: str | None = None


class LogInView(View, frozen=True, kw_only=True):
    """The log-in form."""

    form: FormView
    return_to: str


class RegisterView(View, frozen=True, kw_only=True):
    """The form for a new account."""

    form: FormView
    return_to: str


class ErrorView(View, frozen=True, kw_only=True):
    """A page for something that went wrong. `message` is the reason in the page's language, when there is one."""

    status: Literal[400, 403, 404, 409, 413, 422, 429, 500, 503]
    message: str | None = None
    reference: str | None = None
    back_url: str | None = None
