"""What the importer reads and reports."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from merx.catalog import Facet, Option, OptionValue
from merx.infra.db import Tx
from merx.kit.i18n import Text

BAD_ROWS_KEPT: Final = 1000
"""At most this many bad rows are described in a report; all are counted."""

REASONS: Final[Mapping[str, str]] = {
    "malformed_csv": "The row is not valid CSV: check its quotation marks.",
    "wrong_field_count": "The row has another number of columns than the header.",
    "missing": "A value is required here.",
    "too_long": "The text is too long.",
    "too_many": "There are too many values here.",
    "control_character": "The text contains a character that cannot be shown.",
    "full_width": "Write half-width digits, letters and punctuation here, not full-width ones.",
    "bad_slug": "Use lower-case letters a-z, digits and hyphens; start with a letter or digit.",
    "bad_sku": "A SKU has no spaces.",
    "duplicate_slug": "Another product in this file has this slug.",
    "duplicate_sku": "Another row of this file has this SKU.",
    "duplicate_options": "Another variant of this product has these option values.",
    "duplicate_value": "The same value stands here twice.",
    "bad_price": "Write the price as digits with a point, with no more decimals than the currency has.",
    "price_out_of_range": "The price must be more than 0 and not absurdly high.",
    "bad_stock": "Write the stock as a whole number.",
    "negative_stock": "Stock cannot be negative.",
    "unknown_tax_category": "There is no such tax category.",
    "untracked_stock": "Stock is always tracked here: leave this empty or write true.",
    "option_count": "The number of option values differs from the number of option groups.",
    "translation_count": "A translated list has another number of entries than the original list.",
    "bad_facet": "Write facets as name:value.",
    "unknown_category": "There is no such category.",
    "bad_picture_name": "Write the plain name of a picture file, without folders.",
    "picture_not_found": "There is no such picture in the folder of pictures.",
    "picture_refused": "The picture cannot be read, or it is too large.",
    "no_product": "A row without a product name must follow the product it belongs to.",
    "product_refused": "The row of the product itself was refused, so this variant has no product.",
    "slug_taken": "Another product already has this slug.",
    "sku_taken": "This SKU already belongs to another seller's product.",
    "skus_of_several_products": "The SKUs of this product belong to several products.",
    "options_taken": "Another variant of this product already has these option values.",
    "not_accepted": "The catalogue does not accept this product.",
}
"""Why a row was refused: stable code → message, which is also its translation key."""


class BadRow(msgspec.Struct, frozen=True):
    """A refused row: its number (the header is row 1), the column, the reason's code and the value as given."""

    number: int
    field: str
    reason: str
    value: str = ""


class ImportReport(msgspec.Struct, frozen=True):
    """What an import did: products and variants written, products that were already so, data rows read.

    `bad_rows` describes the first BAD_ROWS_KEPT refused rows, `bad_total` counts all of them.
    """

    imported_products: int
    imported_variants: int
    unchanged: int
    rows: int
    bad_rows: tuple[BadRow, ...]
    bad_total: int
    ignored_columns: tuple[str, ...] = ()


class InitialStock(msgspec.Struct, frozen=True):
    """Units a variant starts with at a location (by its code). The cause is the same whenever the file is imported."""

    cause_id: UUID
    variant_id: UUID
    location: str
    quantity: int


StockReceiver = Callable[[Tx, Sequence[InitialStock]], Awaitable[None]]
"""Books initial stock inside the import's transaction; a cause that came before must add nothing."""


class CategoryName(msgspec.Struct, frozen=True):
    """A category as a file names it."""

    code: str
    name: Text


class ParsedVariant(msgspec.Struct, frozen=True):
    """One variant. `stock` is by location code; the empty code is the first location."""

    row: int
    sku: str
    values: tuple[OptionValue, ...]
    prices: dict[str, int]
    stock: dict[str, int]
    tax_rate_bp: int
    facets: tuple[Facet, ...]
    picture: str | None


class ParsedProduct(msgspec.Struct, frozen=True):
    """One product with its good variants, in the order of the file.

    `categories` leads from a root to a leaf; `groups` are its options, without values.
    """

    row: int
    slug: str
    title: Text
    description: Text
    groups: tuple[Option, ...]
    facets: tuple[Facet, ...]
    categories: tuple[CategoryName, ...]
    pictures: tuple[str, ...]
    alts: tuple[Text, ...]
    credits: tuple[str, ...]
    variants: tuple[ParsedVariant, ...]
