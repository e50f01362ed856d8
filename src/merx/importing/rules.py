"""The rules of the product CSV: pure functions from a row to a product or variant, or to the reason why not."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from merx.catalog import (
    MAX_CODE,
    MAX_DESCRIPTION,
    MAX_LABEL,
    MAX_PRICE,
    MAX_TITLE,
    Facet,
    Option,
    OptionValue,
)
from merx.importing.model import CategoryName, ParsedProduct, ParsedVariant
from merx.kit.errors import Invalid
from merx.kit.i18n import LOCALES, Text
from merx.kit.money import MalformedAmount, parse_decimal

TAX_RATES: Final[Mapping[str, int]] = {"standard": 1300, "reduced": 900, "zero": 0}
"""Tax categories of the file → VAT inside the price, in basis points."""

PRODUCT_COLUMNS: Final = frozenset(
    {"name", "slug", "description", "assets", "assetAlts", "assetCredits", "facets", "optionGroups"}
)
VARIANT_COLUMNS: Final = frozenset(
    {
        "optionValues", "sku", "price", "taxCategory", "stockOnHand", "stock", "trackInventory",
        "variantAssets", "variantFacets",
    }
)  # fmt: skip
_TRANSLATED: Final = frozenset(
    {"name", "description", "assetAlts", "facets", "optionGroups", "optionValues", "variantFacets"}
)
_MAX_STOCK: Final = 1_000_000_000
_MAX_LIST: Final = 30
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,126}")
_CODE_LENGTH: Final = 50
_PICTURE: Final = re.compile(r"[^/\\:\x00-\x1f]{1,200}")
_HIDDEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class BadHeader(Invalid):
    """The first row is not the header of a product file."""

    code = "bad_csv_header"
    message = "The header is not that of a product file: %(problem)s."


class BadCell(Exception):
    """A cell breaks a rule; caught by the reader, which knows the row's number."""

    def __init__(self, field: str, reason: str, value: str = "") -> None:
        self.field, self.reason, self.value = field, reason, value[:80]
        super().__init__(reason)


class Header(msgspec.Struct, frozen=True):
    """The columns of a file by position, as written, and those that are skipped on purpose."""

    columns: tuple[str, ...]
    ignored: tuple[str, ...]

    def cells(self, fields: Sequence[str]) -> dict[str, str]:
        """The non-empty cells of a row by column."""
        return {column: value for column, value in zip(self.columns, fields, strict=True) if value}


class FileSettings(msgspec.Struct, frozen=True):
    """What a file is read with: the currency of plain `price`, the locale of plain texts, the tax categories."""

    currency: str
    locale: str
    tax_rates: Mapping[str, int]


def parse_header(fields: Sequence[str], *, locations: Sequence[str]) -> Header:
    """Check the header row. Raises BadHeader.

    Columns of custom fields (`product:…`, `variant:…`) are skipped; any other unknown column is refused.
    """
    if len(set(fields)) != len(fields):
        raise BadHeader(problem="a column stands there twice")
    ignored = tuple(column for column in fields if column.startswith(("product:", "variant:")))
    for column in fields:
        if column not in ignored and not _known_column(column, locations):
            raise BadHeader(problem=f"unknown column {column[:60]!r}")
    if "stockOnHand" in fields and not locations:
        raise BadHeader(problem="there is no location yet that could keep the stock of column 'stockOnHand'")
    bases = {column.partition(":")[0] for column in fields}
    for needed in ("name", "sku", "price"):
        if needed not in bases:
            raise BadHeader(problem=f"column {needed!r} is missing")
    return Header(tuple(fields), ignored)


def _known_column(column: str, locations: Sequence[str]) -> bool:
    base, colon, suffix = column.partition(":")
    if not colon:
        return base in (PRODUCT_COLUMNS | VARIANT_COLUMNS) - {"stock"}
    if base in _TRANSLATED:
        return suffix in LOCALES
    if base == "price":
        return _CURRENCY.fullmatch(suffix) is not None
    return base == "stock" and suffix in locations


def starts_product(cells: Mapping[str, str]) -> bool:
    """Whether a row begins a new product (any product column is filled) rather than continuing one."""
    return any(column.partition(":")[0] in PRODUCT_COLUMNS for column in cells)


# --- cells -------------------------------------------------------------------------------------------------------


def clean_text(text: str, *, field: str, longest: int, lines: bool = False) -> str:
    """A text in Unicode normal form C without control characters and direction overrides. Raises BadCell."""
    clean = unicodedata.normalize("NFC", text).strip()
    if lines:
        clean = clean.replace("\r\n", "\n").replace("\r", "\n")
    for character in clean:
        hidden = unicodedata.category(character) in _HIDDEN or character in _OVERRIDES
        if hidden and not (lines and character in "\n\t"):
            raise BadCell(field, "control_character", clean)
    if len(clean) > longest:
        raise BadCell(field, "too_long", clean)
    return clean


def code_of(text: str) -> str:
    """A stable code (a-z, 0-9, hyphens) for a name; two names get the same code only when they read the same."""
    ascii_text = unicodedata.normalize("NFKD", text.strip()).casefold()
    kept = "".join(c for c in ascii_text if not unicodedata.combining(c))
    code = re.sub(r"[^a-z0-9]+", "-", kept).strip("-")[:_CODE_LENGTH].strip("-")
    if code and re.fullmatch(r"[a-z0-9 ._/&',()-]*", kept) and len(kept) <= _CODE_LENGTH:
        return code
    mark = hashlib.sha256(kept.encode()).hexdigest()[:8]
    return f"{code}-{mark}" if code else f"x-{mark}"


def parse_slug(text: str) -> str:
    """A slug as the shop's addresses take it. Raises BadCell."""
    _refuse_full_width("slug", text)
    if not _SLUG.fullmatch(text):
        raise BadCell("slug", "bad_slug", text)
    return text


def parse_sku(text: str) -> str:
    """A SKU: one word of at most 64 characters. Raises BadCell."""
    _refuse_full_width("sku", text)
    sku = clean_text(text, field="sku", longest=MAX_CODE)
    if any(character.isspace() for character in sku):
        raise BadCell("sku", "bad_sku", sku)
    return sku


def parse_price(text: str, *, currency: str, field: str) -> int:
    """A price in minor units, more than 0. Raises BadCell."""
    _refuse_full_width(field, text)
    try:
        amount = parse_decimal(text, currency).amount
    except MalformedAmount:
        raise BadCell(field, "bad_price", text) from None
    if not 0 < amount <= MAX_PRICE:
        raise BadCell(field, "price_out_of_range", text)
    return amount


def parse_stock(text: str, *, field: str) -> int:
    """A whole number of units, 0 or more. Raises BadCell."""
    _refuse_full_width(field, text)
    if re.fullmatch(r"-[0-9]+", text) and text.strip("-0"):
        raise BadCell(field, "negative_stock", text)
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > _MAX_STOCK:
        raise BadCell(field, "bad_stock", text)
    return int(text)


def _refuse_full_width(field: str, text: str) -> None:
    """Chinese keyboards produce full-width digits and letters (U+FF01-FF5E, U+3000): never guess, say so."""
    if any("\uff01" <= character <= "\uff5e" or character == "\u3000" for character in text):
        raise BadCell(field, "full_width", text)


def split_list(text: str, *, field: str) -> list[str]:
    """The entries of a `|`-separated list; an empty text is no entry. Raises BadCell."""
    entries = (
        [clean_text(entry, field=field, longest=MAX_LABEL) for entry in text.split("|")]
        if text.strip()
        else []
    )
    if len(entries) > _MAX_LIST:
        raise BadCell(field, "too_many", text)
    return entries


def _texts(
    cells: Mapping[str, str], column: str, settings: FileSettings, *, longest: int, lines: bool = False
) -> Text:
    """One text per locale; the plain column is that of the file's locale unless it is also given by name."""
    given = {settings.locale: cells[column]} if column in cells else {}
    for locale in sorted(LOCALES):
        named = f"{column}:{locale}"
        if named in cells:
            given[locale] = cells[named]
    return {
        locale: clean_text(text, field=column, longest=longest, lines=lines)
        for locale, text in sorted(given.items())
    }


def _text_lists(cells: Mapping[str, str], column: str, settings: FileSettings) -> list[Text]:
    """A translated list as one entry per position, each with its texts by locale."""
    lists: dict[str, list[str]] = {}
    if column in cells:
        lists[settings.locale] = split_list(cells[column], field=column)
    for locale in sorted(LOCALES):
        named = f"{column}:{locale}"
        if named in cells:
            lists[locale] = split_list(cells[named], field=named)
    if len({len(entries) for entries in lists.values()}) > 1:
        raise BadCell(column, "translation_count", cells.get(column, ""))
    length = len(next(iter(lists.values()), []))
    return [{locale: lists[locale][index] for locale in sorted(lists)} for index in range(length)]


def _name_for_code(texts: Text) -> str:
    return texts.get("en") or next(iter(texts.values()))


# --- facets, options, pictures -----------------------------------------------------------------------------------


def _facets(cells: Mapping[str, str], column: str, settings: FileSettings) -> tuple[Facet, ...]:
    found: dict[tuple[str, str], Facet] = {}
    for entry in _text_lists(cells, column, settings):
        halves = {locale: text.partition(":")[::2] for locale, text in entry.items()}
        if not all(name.strip() and value.strip() for name, value in halves.values()):
            raise BadCell(column, "bad_facet", _name_for_code(entry))
        names = {locale: name.strip() for locale, (name, _) in halves.items()}
        labels = {locale: value.strip() for locale, (_, value) in halves.items()}
        facet = Facet(code_of(_name_for_code(names)), code_of(_name_for_code(labels)), names, labels)
        found.setdefault((facet.code, facet.value), facet)
    return tuple(found.values())


def _options(texts: list[Text], field: str) -> tuple[OptionValue, ...]:
    for entry in texts:
        if not all(entry.values()):
            raise BadCell(field, "missing")
    return tuple(OptionValue(code_of(_name_for_code(entry)), entry) for entry in texts)


def _pictures(cells: Mapping[str, str], column: str) -> tuple[str, ...]:
    names = [name.strip() for name in cells.get(column, "").split("|") if name.strip()]
    if len(names) > _MAX_LIST:
        raise BadCell(column, "too_many")
    for name in names:
        if not _PICTURE.fullmatch(name) or name.startswith("."):
            raise BadCell(column, "bad_picture_name", name)
    return tuple(names)


# --- rows --------------------------------------------------------------------------------------------------------


def parse_product(cells: Mapping[str, str], *, row: int, settings: FileSettings) -> ParsedProduct:
    """The product that a row begins, still without variants. Raises BadCell."""
    title = _texts(cells, "name", settings, longest=MAX_TITLE)
    if not any(title.values()):
        raise BadCell("name", "missing")
    slug = parse_slug(cells["slug"]) if "slug" in cells else _slug_from(title)
    groups = tuple(
        Option(value.code, value.label, [])
        for value in _options(_text_lists(cells, "optionGroups", settings), "optionGroups")
    )
    if len({group.code for group in groups}) != len(groups):
        raise BadCell("optionGroups", "duplicate_value", cells.get("optionGroups", ""))
    facets = _facets(cells, "facets", settings)
    pictures = _pictures(cells, "assets")
    alts = _text_lists(cells, "assetAlts", settings)
    thanks = split_list(cells.get("assetCredits", ""), field="assetCredits")
    for column, entries in (("assetAlts", len(alts)), ("assetCredits", len(thanks))):
        if entries not in (0, len(pictures)):
            raise BadCell(column, "translation_count")
    return ParsedProduct(
        row=row, slug=slug, title=title,
        description=_texts(cells, "description", settings, longest=MAX_DESCRIPTION, lines=True),
        groups=groups,
        facets=tuple(facet for facet in facets if facet.code != "category"),
        categories=tuple(CategoryName(facet.value, facet.label) for facet in facets if facet.code == "category"),
        pictures=pictures, alts=tuple(alts), credits=tuple(thanks), variants=(),
    )  # fmt: skip


def _slug_from(title: Text) -> str:
    slug = code_of(_name_for_code(title))
    if slug.startswith("x-"):
        raise BadCell("slug", "missing", _name_for_code(title))
    return slug


def parse_variant(
    cells: Mapping[str, str], *, row: int, groups: Sequence[Option], settings: FileSettings
) -> ParsedVariant:
    """The variant of a row. Raises BadCell."""
    if "sku" not in cells:
        raise BadCell("sku", "missing")
    sku = parse_sku(cells["sku"])
    values = _options(_text_lists(cells, "optionValues", settings), "optionValues")
    if len(values) != len(groups):
        raise BadCell("optionValues", "option_count", cells.get("optionValues", ""))
    category = cells.get("taxCategory", "standard").casefold()
    if category not in settings.tax_rates:
        raise BadCell("taxCategory", "unknown_tax_category", cells["taxCategory"])
    if cells.get("trackInventory", "true").casefold() not in {"true", "1", "inherit"}:
        raise BadCell("trackInventory", "untracked_stock", cells["trackInventory"])
    pictures = _pictures(cells, "variantAssets")
    return ParsedVariant(
        row=row, sku=sku, values=values, prices=_prices(cells, settings), stock=_stock(cells),
        tax_rate_bp=settings.tax_rates[category], facets=_facets(cells, "variantFacets", settings),
        picture=pictures[0] if pictures else None,
    )  # fmt: skip


def _prices(cells: Mapping[str, str], settings: FileSettings) -> dict[str, int]:
    prices: dict[str, int] = {}
    if "price" in cells:
        prices[settings.currency] = parse_price(cells["price"], currency=settings.currency, field="price")
    for column, text in cells.items():
        base, _, currency = column.partition(":")
        if base == "price" and currency:
            prices[currency] = parse_price(text, currency=currency, field=column)
    if not prices:
        raise BadCell("price", "missing")
    return prices


def _stock(cells: Mapping[str, str]) -> dict[str, int]:
    """Units by location code; the plain column goes to the first location, the empty code."""
    stock: dict[str, int] = {}
    if "stockOnHand" in cells:
        stock[""] = parse_stock(cells["stockOnHand"], field="stockOnHand")
    for column, text in cells.items():
        base, _, location = column.partition(":")
        if base == "stock" and location:
            stock[location] = parse_stock(text, field=column)
    return {location: quantity for location, quantity in stock.items() if quantity}
