"""Nouns of pricing. Amounts are minor units of the quote's one currency, tax included."""

from uuid import UUID

import msgspec


class SaleTerms(msgspec.Struct, frozen=True, gc=False):
    """What one variant sells under right now, for one currency and delivery method.

    `title` and `label` are the translated texts as raw JSON: placement copies them without parsing.
    `unit_price` is None when the variant has no price in the currency; `rate_amount` is None when its seller does not
    offer the delivery method in it.
    """

    variant_id: UUID
    product_id: UUID
    seller_id: UUID
    sku: str
    title: str
    label: str
    tax_rate_bp: int
    sellable: bool
    unit_price: int | None
    price_version: int | None
    rate_amount: int | None
    rate_free_from: int | None
    rate_countries: list[str] | None


class QuoteItem(msgspec.Struct, frozen=True, gc=False):
    """A quantity of something under its terms."""

    terms: SaleTerms
    quantity: int


class LineQuote(msgspec.Struct, frozen=True, gc=False):
    """One priced line: total = unit_price × quantity; tax is inside total."""

    terms: SaleTerms
    quantity: int
    unit_price: int
    total: int
    tax: int


class OrderQuote(msgspec.Struct, frozen=True, gc=False):
    """What one seller charges."""

    seller_id: UUID
    lines: list[LineQuote]
    goods: int
    shipping: int
    shipping_tax_bp: int
    shipping_tax: int
    tax: int
    total: int
    free_shipping: bool


class Quote(msgspec.Struct, frozen=True, gc=False):
    """What the whole cart costs, one order per seller."""

    currency: str
    orders: list[OrderQuote]
    goods: int
    shipping: int
    tax: int
    total: int


class ExplanationLine(msgspec.Struct, frozen=True):
    """One traced part of a total. Kinds "line" and "shipping" add up to it; "tax_inside" says what they contain."""

    kind: str
    amount: int
    seller_id: UUID
    sku: str | None = None
    quantity: int | None = None
    unit_price: int | None = None
    rate_bp: int | None = None
    free: bool = False
