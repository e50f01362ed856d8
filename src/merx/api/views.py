"""What the API answers: amounts, refusals, the catalogue. Amounts are minor units, tax included; times are UTC."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from merx.kit.i18n import Text


class MoneyView(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` minor units; `exponent` says how many digits stand after the decimal point."""

    amount: int
    currency: str
    exponent: int


class ProblemView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal (RFC 9457). `code` is stable, `detail` is in the caller's language; more members depend on the code."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    instance: str = ""
    request_id: str = ""
    errors: list[dict[str, Any]] = []


class PictureFileView(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a picture."""

    format: str
    width: int
    height: int
    url: str


class PictureView(msgspec.Struct, frozen=True, kw_only=True):
    """A picture; `colour` (#rrggbb) fills its place until it is there."""

    files: list[PictureFileView]
    width: int
    height: int
    colour: str
    alt: Text
    credit: str | None


class ProductCardView(msgspec.Struct, frozen=True, kw_only=True):
    """A product in a list; `prices_from` are the lowest prices of its variants."""

    id: UUID
    slug: str
    title: Text
    seller_id: UUID
    picture: PictureView | None
    prices_from: list[MoneyView]
    published_at: datetime


class ProductListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of products; `next_cursor` is null at the end."""

    items: list[ProductCardView]
    next_cursor: str | None


class CategoryView(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the category tree; a root has no parent."""

    id: UUID
    parent_id: UUID | None
    code: str
    name: Text


class CategoryListView(msgspec.Struct, frozen=True, kw_only=True):
    """Every category, in order."""

    items: list[CategoryView]


class OptionValueView(msgspec.Struct, frozen=True, kw_only=True):
    """One choice of an option."""

    code: str
    label: Text


class OptionView(msgspec.Struct, frozen=True, kw_only=True):
    """Something a shopper chooses by."""

    code: str
    name: Text
    values: list[OptionValueView]


class FacetView(msgspec.Struct, frozen=True, kw_only=True):
    """A property of a product."""

    code: str
    value: str
    name: Text
    label: Text


class SellerView(msgspec.Struct, frozen=True, kw_only=True):
    """A shop on the marketplace."""

    id: UUID
    code: str
    name: Text


class RatingView(msgspec.Struct, frozen=True, kw_only=True):
    """How many reviews there are and their average in tenths: 47 is 4.7 of 5."""

    count: int
    average_tenths: int


class VariantView(msgspec.Struct, frozen=True, kw_only=True):
    """What can be put into a cart. `available` is exact up to 99 and says 99 for more."""

    id: UUID
    sku: str
    label: Text
    options: dict[str, str]
    prices: list[MoneyView]
    tax_rate_bp: int
    available: int


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product as shoppers see it."""

    id: UUID
    slug: str
    title: Text
    description: Text
    seller: SellerView | None
    options: list[OptionView]
    facets: list[FacetView]
    categories: list[CategoryView]
    pictures: list[PictureView]
    variants: list[VariantView]
    rating: RatingView
    published_at: datetime | None
    version: int


class ProductReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer says of a product; the author's name is masked."""

    score: int
    body: str
    pictures: list[PictureView]
    author_name: str
    locale: str
    created_at: datetime


class ProductReviewListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of reviews, newest first."""

    items: list[ProductReviewView]
    rating: RatingView
    next_cursor: str | None


class SellerVariantView(msgspec.Struct, frozen=True, kw_only=True):
    """A variant for those who manage it. Its ETag carries `version`."""

    id: UUID
    product_id: UUID
    sku: str
    label: Text
    options: dict[str, str]
    state: str
    tax_rate_bp: int
    prices: list[MoneyView]
    version: int


class SellerProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product for those who manage it, in any state. Its ETag carries `version`."""

    id: UUID
    seller_id: UUID
    slug: str
    title: Text
    description: Text
    state: str
    options: list[OptionView]
    facets: list[FacetView]
    categories: list[CategoryView]
    pictures: list[PictureView]
    variants: list[SellerVariantView]
    published_at: datetime | None
    version: int
