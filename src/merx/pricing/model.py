"""Nouns of pricing. Amounts are minor units of the quote's one currency, tax included."""

from typing import Literal
from uuid import UUID

import msgspec

from merx.kit.i18n import Text

Funder = Literal["seller", "platform"]


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


class Adjustment(msgspec.Struct, frozen=True):
    """What changes a price, besides the price: a discount (below zero), a surcharge, a duty, points.

    `line` is the index of the item it is on; None: the delivery of `seller_id`'s order. `cause_id` names what grants
    it and `name` says so to people. What the platform funds, it pays to the seller in the buyer's stead: it lowers what
    the buyer pays, not what the seller earns and owes tax on. `tax` is the part of the order's tax that it changes,
    worked out by the quote.
    """

    kind: str
    cause_id: UUID
    name: Text
    funder: Funder
    seller_id: UUID
    line: int | None
    amount: int
    tax: int = 0

    @property
    def funded(self) -> int:
        """What the platform pays in the buyer's stead."""
        return -self.amount if self.funder == "platform" else 0


class LineQuote(msgspec.Struct, frozen=True, gc=False):
    """One priced line: total = unit_price × quantity; the buyer pays total + adjusted.

    `funded` of what is taken off is paid by the platform; tax is inside total + adjusted + funded.
    """

    terms: SaleTerms
    quantity: int
    unit_price: int
    total: int
    tax: int
    adjusted: int = 0
    funded: int = 0
    adjustments: tuple[Adjustment, ...] = ()


class OrderQuote(msgspec.Struct, frozen=True, gc=False):
    """What one seller charges: total = goods + shipping + adjusted.

    `goods` and `shipping` are before adjustments; `adjusted` and `funded` are of lines and delivery together,
    `shipping_adjusted`, `shipping_funded` and `adjustments` of the delivery alone.
    """

    seller_id: UUID
    lines: list[LineQuote]
    goods: int
    shipping: int
    shipping_tax_bp: int
    shipping_tax: int
    tax: int
    total: int
    free_shipping: bool
    adjusted: int = 0
    funded: int = 0
    shipping_adjusted: int = 0
    shipping_funded: int = 0
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def seller_goods(self) -> int:
        """What the seller gets for the goods, whoever pays it; tax inside."""
        return self.goods + self.adjusted - self.shipping_adjusted + self.funded - self.shipping_funded

    @property
    def seller_shipping(self) -> int:
        """What the seller gets for the delivery, whoever pays it; tax inside."""
        return self.shipping + self.shipping_adjusted + self.shipping_funded

    def all_adjustments(self) -> list[tuple[LineQuote | None, Adjustment]]:
        """Those of the lines, then those of the delivery, each with its line."""
        of_lines = [(line, each) for line in self.lines for each in line.adjustments]
        return [*of_lines, *((None, each) for each in self.adjustments)]


class Quote(msgspec.Struct, frozen=True, gc=False):
    """What the whole cart costs, one order per seller: total = goods + shipping + adjusted."""

    currency: str
    orders: list[OrderQuote]
    goods: int
    shipping: int
    tax: int
    total: int
    adjusted: int = 0
    funded: int = 0


class ChargedLine(msgspec.Struct, frozen=True):
    """What a line is charged with, quoted or sold, before adjustments; the tax is inside `total`."""

    sku: str
    quantity: int
    unit_price: int
    total: int
    tax_rate_bp: int
    tax: int


class ExplanationLine(msgspec.Struct, frozen=True):
    """One traced part of a total.

    Kinds "line", "shipping" and "adjustment" add up to it; "tax_inside" says what they contain. An adjustment has its
    name, and the sku of its line unless it is on the delivery.
    """

    kind: str
    amount: int
    seller_id: UUID
    sku: str | None = None
    quantity: int | None = None
    unit_price: int | None = None
    rate_bp: int | None = None
    name: Text | None = None
    funder: Funder | None = None
