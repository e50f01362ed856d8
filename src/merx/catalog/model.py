"""The nouns of the catalogue. Money is in minor units by ISO 4217 currency; texts are keyed by locale."""

from datetime import datetime
from typing import Generic, Literal, TypeVar
from uuid import UUID

import msgspec

from merx.kit.i18n import Text as Text

ProductState = Literal["draft", "published", "archived"]
VariantState = Literal["active", "retired"]
Sort = Literal["newest", "price", "-price"]

Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Part of a list. `next_cursor` continues it and is None at its end."""

    items: list[Item]
    next_cursor: str | None = None


class Category(msgspec.Struct, frozen=True):
    """A place in the category tree; a root has no parent."""

    id: UUID
    parent_id: UUID | None
    code: str
    name: Text
    position: int = 0


class PictureFile(msgspec.Struct, frozen=True):
    """One file of a picture; `path` is relative to the media folder."""

    format: str
    width: int
    height: int
    path: str


class Picture(msgspec.Struct, frozen=True):
    """A picture of a product. `colour` (#rrggbb) fills its place until it is there."""

    id: UUID
    files: list[PictureFile]
    width: int
    height: int
    colour: str
    alt: Text
    credit: str | None = None


class OptionValue(msgspec.Struct, frozen=True):
    """One choice of an option."""

    code: str
    label: Text


class Option(msgspec.Struct, frozen=True):
    """Something a shopper chooses by, such as the size."""

    code: str
    name: Text
    values: list[OptionValue]


class Facet(msgspec.Struct, frozen=True):
    """A property to filter by: `code` "brand" named `name`, with the value `value` labelled `label`."""

    code: str
    value: str
    name: Text
    label: Text


class Variant(msgspec.Struct, frozen=True):
    """The thing that is sold.

    `options` maps option code → value code, `prices` currency → minor units, tax included.
    """

    id: UUID
    product_id: UUID
    sku: str
    label: Text
    options: dict[str, str]
    position: int
    tax_rate_bp: int
    state: VariantState
    prices: dict[str, int]
    version: int


class Product(msgspec.Struct, frozen=True):
    """A product with everything its page shows, except stock.

    `version` grows with every change of any part.
    """

    id: UUID
    seller_id: UUID
    slug: str
    title: Text
    description: Text
    options: list[Option]
    facets: list[Facet]
    state: ProductState
    published_at: datetime | None
    version: int
    pictures: list[Picture]
    variants: list[Variant]
    categories: list[Category]


class ProductCard(msgspec.Struct, frozen=True):
    """A published product in a list.

    `price_from` is the lowest price of its active variants, by currency; `price_varies` are the currencies in which not
    all of them cost that.
    """

    id: UUID
    slug: str
    title: Text
    seller_id: UUID
    picture: Picture | None
    price_from: dict[str, int]
    price_varies: list[str]
    published_at: datetime


class CategoryDraft(msgspec.Struct, frozen=True):
    """A category as it should be; known by `code`. The parent is in the same list or exists."""

    code: str
    name: Text
    parent_code: str | None = None
    position: int = 0


class VariantDraft(msgspec.Struct, frozen=True):
    """A variant as it should be; known by `sku`. Currencies not named keep their price."""

    sku: str
    prices: dict[str, int]
    label: Text = {}
    options: dict[str, str] = {}
    position: int = 0
    tax_rate_bp: int = 1300


class ProductDraft(msgspec.Struct, frozen=True):
    """A product as it should be.

    It is known by the SKUs of its variants, else by its slug. Variants it does not name stay as they are.
    `pictures` are (media id, alt text) in order, None leaves them alone. The state "draft" never takes an
    existing product off sale.
    """

    slug: str
    seller_id: UUID
    title: Text
    variants: list[VariantDraft]
    description: Text = {}
    options: list[Option] = []
    facets: list[Facet] = []
    category_codes: list[str] = []
    state: ProductState = "draft"
    pictures: list[tuple[UUID, Text]] | None = None


RefusalReason = Literal[
    "bad_slug", "bad_text", "no_variants", "too_many_variants", "bad_sku", "duplicate_sku", "duplicate_options",
    "bad_options", "bad_facets", "bad_tax_rate", "bad_price", "no_price", "bad_position", "duplicate_in_batch",
    "sku_taken", "skus_of_several_products", "slug_taken", "options_taken", "unknown_category", "unknown_picture",
    "too_many_pictures",
]  # fmt: skip


class Refusal(msgspec.Struct, frozen=True):
    """Why one draft was not written.

    `index` is its place in the list, `detail` the offending value, cut short.
    """

    index: int
    slug: str
    reason: RefusalReason
    detail: str


class UpsertReport(msgspec.Struct, frozen=True):
    """What an upsert did, in products; `variant_ids` (SKU → id) covers every accepted draft."""

    created: int
    updated: int
    unchanged: int
    variants_created: int
    variants_updated: int
    refusals: list[Refusal]
    variant_ids: dict[str, UUID]


class ProductChanges(msgspec.Struct, frozen=True):
    """What to change of a product; None leaves it. A text is replaced as a whole, with all its locales."""

    title: Text | None = None
    description: Text | None = None
    state: ProductState | None = None


class MediaFile(msgspec.Struct, frozen=True):
    """One stored file of a picture; `bytes` is its size."""

    format: str
    width: int
    height: int
    path: str
    bytes: int


class MediaDraft(msgspec.Struct, frozen=True):
    """A picture whose files are on disk already; known by the hash of its original."""

    sha256: bytes
    width: int
    height: int
    colour: str
    files: list[MediaFile]
    credit: str | None = None
    owner_id: UUID | None = None
