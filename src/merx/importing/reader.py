"""The product CSV as a stream of products with their variants, and the list of rows that were refused.

Memory does not grow with the file, except by a 64-bit hash for each SKU and each slug, which is what it takes to notice
that one stands there twice.
"""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

from merx.importing.csv_records import Record, read_records
from merx.importing.model import BAD_ROWS_KEPT, BadRow, ParsedProduct, ParsedVariant
from merx.importing.rules import (
    BadCell,
    BadHeader,
    FileSettings,
    Header,
    parse_header,
    parse_product,
    parse_variant,
    starts_product,
)

MAX_VARIANTS: Final = 500
"""Variants of one product; bounds what is held in memory at once."""


class BadRows:
    """Counts refused rows and keeps the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[BadRow] = []

    def add(self, number: int, field: str, reason: str, value: str = "") -> None:
        """Note one refused row."""
        self.count += 1
        if len(self._kept) < BAD_ROWS_KEPT:
            self._kept.append(BadRow(number, field, reason, value[:80]))

    def kept(self) -> tuple[BadRow, ...]:
        """The kept rows by number."""
        return tuple(sorted(self._kept, key=lambda row: row.number))


class ProductReader:
    """Reads one file once, from its header to its end."""

    def __init__(self, path: Path, *, settings: FileSettings, locations: Sequence[str], bad: BadRows) -> None:
        self.rows = 0
        self.bad = bad
        self._settings = settings
        self._records = read_records(path)
        self._skus: set[int] = set()
        self._slugs: set[int] = set()
        self._product: ParsedProduct | None = None
        self._variants: list[ParsedVariant] = []
        self._after_refused = False
        first = next(self._records, None)
        if first is None or first.fields is None:
            raise BadHeader(problem="it is empty or not valid CSV")
        self.header: Header = parse_header(first.fields, locations=locations)

    def batches(self, size: int) -> Generator[list[ParsedProduct], None, None]:
        """Products in lists of about `size` variants; a product is never split."""
        batch: list[ParsedProduct] = []
        variants = 0
        for record in self._records:
            done = self._take(record)
            if done is not None:
                batch.append(done)
                variants += len(done.variants)
            if variants >= size:
                yield batch
                batch, variants = [], 0
        last = self._finish()
        if last is not None:
            batch.append(last)
        if batch:
            yield batch

    def _take(self, record: Record) -> ParsedProduct | None:
        """Read one row; return the product before it when the row begins another."""
        self.rows += 1
        fields = record.fields
        if fields is None or len(fields) != len(self.header.columns):
            # It may have been the row of a product: what follows must not join the product before it.
            done = self._finish()
            self._after_refused = True
            self.bad.add(record.number, "", "malformed_csv" if fields is None else "wrong_field_count")
            return done
        cells = self.header.cells(fields)
        if not cells:
            return None
        done = None
        try:
            if starts_product(cells):
                done = self._finish()
                self._begin(record.number, cells)
            self._add_variant(record.number, cells)
        except BadCell as finding:
            self.bad.add(record.number, finding.field, finding.reason, finding.value)
        return done

    def _begin(self, number: int, cells: dict[str, str]) -> None:
        self._after_refused = True
        product = parse_product(cells, row=number, settings=self._settings)
        if hash(product.slug) in self._slugs:
            raise BadCell("slug", "duplicate_slug", product.slug)
        self._slugs.add(hash(product.slug))
        self._product = product
        self._after_refused = False

    def _add_variant(self, number: int, cells: dict[str, str]) -> None:
        product = self._product
        if product is None:
            raise BadCell("name", "product_refused" if self._after_refused else "no_product")
        variant = parse_variant(cells, row=number, groups=product.groups, settings=self._settings)
        if hash(variant.sku) in self._skus:
            raise BadCell("sku", "duplicate_sku", variant.sku)
        codes = [value.code for value in variant.values]
        if any([value.code for value in other.values] == codes for other in self._variants):
            raise BadCell("optionValues", "duplicate_options", cells.get("optionValues", ""))
        if len(self._variants) >= MAX_VARIANTS:
            raise BadCell("sku", "too_many", variant.sku)
        self._skus.add(hash(variant.sku))
        self._variants.append(variant)

    def _finish(self) -> ParsedProduct | None:
        """Close the current product; one without any good variant is left out."""
        product, variants = self._product, self._variants
        self._product, self._variants = None, []
        if product is None or not variants:
            return None
        return ParsedProduct(
            row=product.row, slug=product.slug, title=product.title, description=product.description,
            groups=product.groups, facets=product.facets, categories=product.categories, pictures=product.pictures,
            alts=product.alts, credits=product.credits, variants=tuple(variants),
        )  # fmt: skip
