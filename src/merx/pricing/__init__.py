"""What things cost: the terms a variant sells under right now, and the quote that turns lines into a total.

A quote is pure arithmetic over terms read in the caller's transaction; the client's prices are never an input. Prices
include tax; tax is rounded once per line and stored.
"""

from merx.pricing.errors import AmountTooLarge
from merx.pricing.model import (
    Adjustment,
    ChargedLine,
    ExplanationLine,
    Funder,
    LineQuote,
    OrderQuote,
    Quote,
    QuoteItem,
    SaleTerms,
)
from merx.pricing.rules import (
    delivery_charges,
    delivery_problem,
    explain,
    explain_order,
    line_problem,
    price_of,
    quote,
)
from merx.pricing.store import sale_terms

__all__ = [
    "Adjustment",
    "AmountTooLarge",
    "ChargedLine",
    "ExplanationLine",
    "Funder",
    "LineQuote",
    "OrderQuote",
    "Quote",
    "QuoteItem",
    "SaleTerms",
    "delivery_charges",
    "delivery_problem",
    "explain",
    "explain_order",
    "line_problem",
    "price_of",
    "quote",
    "sale_terms",
]
