"""What the API answers about carts and quotes."""

from uuid import UUID

import msgspec

from merx.api.views import MoneyView, PictureView
from merx.kit.i18n import Text


class CreatedCartView(msgspec.Struct, frozen=True, kw_only=True):
    """A new cart. A guest sends `token` as Cart-Token from now on; it is shown once, and null for an account's cart."""

    id: UUID
    token: str | None
    currency: str
    locale: str
    state: str
    version: int


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it is now."""

    cart_id: UUID
    variant_id: UUID
    quantity: int


class CartChoiceView(msgspec.Struct, frozen=True, kw_only=True):
    """What is chosen for the cart so far; null where nothing is."""

    cart_id: UUID
    version: int
    country: str | None = None
    delivery: str | None = None
    payment_method: str | None = None


class TotalsView(msgspec.Struct, frozen=True, kw_only=True):
    """goods + shipping = total; `tax` is inside."""

    goods: MoneyView
    shipping: MoneyView
    tax: MoneyView
    total: MoneyView


class CartLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line with what it costs now. `problem`: unavailable, no_price, out_of_stock, insufficient_stock, or null."""

    variant_id: UUID
    product_id: UUID | None
    seller_id: UUID | None
    sku: str | None
    slug: str | None
    title: Text
    label: Text
    picture: PictureView | None
    quantity: int
    unit_price: MoneyView | None
    total: MoneyView | None
    available: int
    problem: str | None


class AddressView(msgspec.Struct, frozen=True, kw_only=True):
    """Where and to whom to deliver."""

    name: str
    phone: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str
    email: str


class CartView(msgspec.Struct, frozen=True, kw_only=True):
    """A cart priced at this moment. `problems` is what keeps it from being ordered."""

    id: UUID
    state: str
    currency: str
    locale: str
    version: int
    lines: list[CartLineView]
    totals: TotalsView | None
    address: AddressView | None
    delivery: str | None
    payment_method: str | None
    problems: list[str]
    purchase_id: UUID | None


class ExplanationView(msgspec.Struct, frozen=True, kw_only=True):
    """One traced part of a total. Kinds "line" and "shipping" add up to it; "tax_inside" says what they contain."""

    kind: str
    amount: MoneyView
    seller_id: UUID
    sku: str | None
    quantity: int | None
    unit_price: MoneyView | None
    rate_bp: int | None
    free: bool


class QuotedOrderView(msgspec.Struct, frozen=True, kw_only=True):
    """What one seller charges."""

    seller_id: UUID
    totals: TotalsView
    free_shipping: bool


class PaymentMethodView(msgspec.Struct, frozen=True, kw_only=True):
    """Who can be paid through."""

    code: str
    label: Text


class DeliveryOfferView(msgspec.Struct, frozen=True, kw_only=True):
    """A way of delivery that every seller of the cart offers, and what it costs for these goods."""

    method: str
    amount: MoneyView


class OffersView(msgspec.Struct, frozen=True, kw_only=True):
    """What may be chosen for this cart."""

    delivery_methods: list[DeliveryOfferView]
    payment_methods: list[PaymentMethodView]


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """What the cart costs at this moment and why. Order it with `totals.total` as expected_total."""

    cart_id: UUID
    version: int
    totals: TotalsView | None
    orders: list[QuotedOrderView]
    explanation: list[ExplanationView]
    offers: OffersView
    problems: list[str]
