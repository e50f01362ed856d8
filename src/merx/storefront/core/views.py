"""What several pages show, typed. Nothing here asks or decides."""

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


class MissedView(View, frozen=True, kw_only=True):
    """A promotion that does not apply: `name` or, where nothing has it, the `code`; `missing` to the threshold."""

    name: str
    code: str
    reason: str
    missing: Money | None


class CartView(View, frozen=True, kw_only=True):
    """A cart. `count`, `goods` and `total` are of the lines that can be bought; `discounts` have their names.

    `codes` are those entered; `code` is the form for one more.
    """

    groups: tuple[CartGroupView, ...]
    count: int
    goods: Money
    total: Money
    can_check_out: bool
    discounts: tuple[tuple[str, Money], ...] = ()
    codes: tuple[str, ...] = ()
    missed: tuple[MissedView, ...] = ()
    code: "FormView | None" = None
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


class AddressFormView(View, frozen=True, kw_only=True):
    """An address to fill in; countries are (code, name)."""

    form: FormView
    countries: tuple[tuple[str, str], ...]
    address_id: str | None = None
    asks_email: bool = False


class PaymentChoice(View, frozen=True, kw_only=True):
    """A way to pay, and in which `manner`; `days` is how long a transfer is waited for."""

    code: str
    name: str
    chosen: bool
    manner: Literal["provider", "transfer", "door"] = "provider"
    days: int = 0


class TotalsView(View, frozen=True, kw_only=True):
    """The rows of a total. Their sum is `total`; `tax` is inside the prices and only stated.

    `discounts` are taken off, each with its name; one without stands for all of an order's.
    """

    items: Money
    item_count: int
    discounts: tuple[tuple[str, Money], ...] = ()
    shipping: Money
    shipping_rows: tuple[tuple[str, Money], ...]
    tax: Money | None
    total: Money

    @property
    def saved(self) -> Money | None:
        """What all discounts take off together."""
        off = sum(amount.amount for _, amount in self.discounts)
        return Money(off, self.total.currency) if off else None


class OwedView(View, frozen=True, kw_only=True):
    """Units that are sent for exchanged ones; `name` is the variant's."""

    name: str
    sku: str
    quantity: int


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


class ErrorView(View, frozen=True, kw_only=True):
    """A page for something that went wrong. `message` is the reason in the page's language, when there is one."""

    status: Literal[400, 403, 404, 409, 413, 422, 429, 500, 503]
    message: str | None = None
    reference: str | None = None
    back_url: str | None = None
