"""Import a product CSV of any length: every row is checked, the good ones are written in batches, the rest reported.

The file is read as a stream; a batch is one transaction, so a stopped import has written whole products and may simply
be run again: what is already as the file says is not touched, and no stock is booked twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID, uuid5

import msgspec

from merx.catalog import (
    CatalogChanged,
    CategoryDraft,
    MediaDraft,
    Option,
    OptionValue,
    Product,
    ProductDraft,
    Refusal,
    VariantDraft,
    category_tree,
    owners,
    products_by_id,
    render_pictures,
    save_media,
    upsert_categories,
    upsert_products,
)
from merx.importing.csv_records import check_utf8
from merx.importing.model import (
    REASONS,
    ImportReport,
    InitialStock,
    ParsedProduct,
    ParsedVariant,
    StockReceiver,
)
from merx.importing.reader import BadRows, ProductReader
from merx.importing.rules import TAX_RATES, FileSettings
from merx.infra.db import Database, Tx
from merx.kit.errors import Invalid
from merx.kit.i18n import Text

BATCH_VARIANTS: Final = 500
_TRIES: Final = 5
_STOCK: Final = UUID("5bb3f0f4-3d0e-5c7c-9a55-0d6b0f6a6b11")
"""Namespace of the causes of initial stock."""

_FIELDS: Final = {
    "slug_taken": "slug",
    "sku_taken": "sku",
    "skus_of_several_products": "sku",
    "options_taken": "optionValues",
    "unknown_category": "facets",
}
"""The column that a refusal of the catalogue is about."""

Pictures = Mapping[str, MediaDraft]
T = TypeVar("T")


class _Done(msgspec.Struct):
    """Running totals of what was written."""

    products: int = 0
    variants: int = 0
    unchanged: int = 0

    def add(self, other: "_Done") -> None:
        self.products += other.products
        self.variants += other.variants
        self.unchanged += other.unchanged


class _Abandoned(Exception):
    """A row was refused by the database in an import that takes all or nothing."""


class Import(msgspec.Struct, frozen=True):
    """What stays the same throughout one import; `locations` are codes, the first takes `stockOnHand`.

    `pictures` is the folder in which the file's pictures lie, None to leave pictures alone; `media` is where they go.
    `create_categories` makes unknown categories, for the operator; without it they refuse the row.
    """

    path: Path
    seller_id: UUID
    settings: FileSettings
    locations: tuple[str, ...]
    receive: StockReceiver
    now: datetime
    pictures: Path | None
    media: Path | None
    create_categories: bool
    publish: bool


async def import_csv(
    db: Database,
    *,
    path: Path,
    seller_id: UUID,
    currency: str,
    all_or_nothing: bool,
    now: datetime,
    progress: Callable[[str], None],
    locations: Sequence[str],
    receive: StockReceiver,
    locale: str = "en",
    tax_rates: Mapping[str, int] = TAX_RATES,
    pictures: Path | None = None,
    media: Path | None = None,
    create_categories: bool = False,
    publish: bool = True,
) -> ImportReport:
    """Import the products of a CSV file for a seller; see Import for the parameters not named here.

    Plain `price` is in `currency`, plain texts are in `locale`. Bad rows are left out and reported; with
    `all_or_nothing` one bad row means that nothing is written, and everything is written in one transaction.
    Raises NotUtf8 and BadHeader before anything is written, OSError, and CatalogChanged when others kept changing the
    same products.
    """
    job = Import(
        path=path, seller_id=seller_id, settings=FileSettings(currency, locale, tax_rates), locations=tuple(locations),
        receive=receive, now=now, pictures=pictures, media=media, create_categories=create_categories, publish=publish,
    )  # fmt: skip
    lines = await asyncio.to_thread(check_utf8, path)
    if all_or_nothing:
        return await _import_whole(db, job, progress, lines)
    return await _import_good(db, job, progress, lines)


async def _import_good(
    db: Database, job: Import, progress: Callable[[str], None], lines: int
) -> ImportReport:
    """One transaction per batch."""
    bad, done = BadRows(), _Done()
    reader = _reader(job, bad)
    with closing(reader.batches(BATCH_VARIANTS)) as batches:
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            sound, pictures = await _render(job, batch, bad)
            written, refused = await _write_batch(db, job, sound, pictures)
            done.add(written)
            _report(bad, sound, refused)
            progress(f"{reader.rows:,} of {max(lines, reader.rows):,} rows")
    progress(f"{reader.rows:,} rows read")
    return _summary(reader, done)


async def _import_whole(
    db: Database, job: Import, progress: Callable[[str], None], lines: int
) -> ImportReport:
    """A first pass that checks every row and renders every picture, then one transaction."""
    bad = BadRows()
    reader = _reader(job, bad)
    pictures: dict[str, MediaDraft] = {}
    with closing(reader.batches(BATCH_VARIANTS)) as batches:
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            _, rendered = await _render(job, batch, bad)
            pictures.update(rendered)
            progress(f"{reader.rows:,} of {max(lines, reader.rows):,} rows checked")
    if bad.count:
        return _summary(reader, _Done())
    rows = reader.rows

    async def work(tx: Tx) -> _Done:
        total = _Done()
        again = _reader(job, BadRows())
        for batch in again.batches(BATCH_VARIANTS):
            written, refused = await _write(tx, job, batch, pictures)
            _report(bad, batch, refused)
            total.add(written)
            progress(f"{again.rows:,} of {rows:,} rows written")
        if bad.count:
            raise _Abandoned
        return total

    try:
        return _summary(reader, await _retried(db, work))
    except _Abandoned:
        return _summary(reader, _Done())


def _reader(job: Import, bad: BadRows) -> ProductReader:
    return ProductReader(job.path, settings=job.settings, locations=job.locations, bad=bad)


def _summary(reader: ProductReader, done: _Done) -> ImportReport:
    return ImportReport(
        imported_products=done.products, imported_variants=done.variants, unchanged=done.unchanged, rows=reader.rows,
        bad_rows=reader.bad.kept(), bad_total=reader.bad.count, ignored_columns=reader.header.ignored,
    )  # fmt: skip


# --- pictures ----------------------------------------------------------------------------------------------------


async def _render(
    job: Import, batch: list[ParsedProduct], bad: BadRows
) -> tuple[list[ParsedProduct], Pictures]:
    """Make the files of a batch's pictures; leave out products with a picture that is missing or refused."""
    if job.pictures is None or job.media is None:
        return batch, {}
    names = dict.fromkeys(name for product in batch for name in _picture_names(product))
    missing = {name for name in names if not (job.pictures / name).is_file()}
    found: dict[str, MediaDraft] = {}
    refused: set[str] = set()
    wanted = [job.pictures / name for name in names if name not in missing]
    async for path, outcome in render_pictures(wanted, folder=job.media):
        if isinstance(outcome, Invalid):
            refused.add(path.name)
        else:
            found[path.name] = outcome
    sound = []
    for product in batch:
        wrong = next((name for name in _picture_names(product) if name not in found), None)
        if wrong is None:
            sound.append(product)
            continue
        reason = "picture_refused" if wrong in refused else "picture_not_found"
        _refuse_product(bad, product, product.row, field="assets", reason=reason, value=wrong)
    return sound, found


def _picture_names(product: ParsedProduct) -> list[str]:
    """The product's pictures, then those of its variants, each once."""
    own = (variant.picture for variant in product.variants if variant.picture is not None)
    return list(dict.fromkeys((*product.pictures, *own)))


async def _save_pictures(
    tx: Tx, job: Import, batch: Sequence[ParsedProduct], pictures: Pictures
) -> dict[str, UUID]:
    """Register the pictures of a batch; returns file name → media id."""
    if not pictures:
        return {}
    thanks = {
        name: credit
        for product in batch
        for name, credit in zip(product.pictures, product.credits, strict=False)
    }
    wanted = {
        name: msgspec.structs.replace(pictures[name], credit=thanks.get(name) or None)
        for product in batch
        for name in _picture_names(product)
    }
    ids = await save_media(tx, pictures=list(wanted.values()), now=job.now)
    return {name: ids[picture.sha256] for name, picture in wanted.items()}


# --- writing -----------------------------------------------------------------------------------------------------


async def _write_batch(
    db: Database, job: Import, batch: list[ParsedProduct], pictures: Pictures
) -> tuple[_Done, Sequence[Refusal]]:
    async def work(tx: Tx) -> tuple[_Done, Sequence[Refusal]]:
        return await _write(tx, job, batch, pictures)

    return await _retried(db, work)


async def _retried(db: Database, work: Callable[[Tx], Awaitable[T]]) -> T:
    """Run in a transaction, again when a concurrent writer of the catalogue came between."""
    for _ in range(_TRIES - 1):
        try:
            return await db.write(work)
        except CatalogChanged:
            continue
    return await db.write(work)


async def _write(
    tx: Tx, job: Import, batch: Sequence[ParsedProduct], pictures: Pictures
) -> tuple[_Done, Sequence[Refusal]]:
    """Write one batch with its pictures, categories and stock."""
    if not batch:
        return _Done(), ()
    media = await _save_pictures(tx, job, batch, pictures)
    if job.create_categories:
        await _create_categories(tx, batch)
    drafts = await _keep_options(tx, job, [_draft(job, product, media) for product in batch])
    report = await upsert_products(tx, products=drafts, now=job.now)
    refused = {refusal.index for refusal in report.refusals}
    stock = [
        entry
        for index, product in enumerate(batch)
        if index not in refused
        for variant in product.variants
        if variant.sku in report.variant_ids
        for entry in _initial_stock(job, variant, report.variant_ids[variant.sku])
    ]
    if stock:
        await job.receive(tx, stock)
    done = _Done(
        products=report.created + report.updated,
        variants=report.variants_created + report.variants_updated,
        unchanged=report.unchanged,
    )
    return done, report.refusals


async def _keep_options(tx: Tx, job: Import, drafts: list[ProductDraft]) -> list[ProductDraft]:
    """Keep the option values of stored variants that the file leaves out or whose row was refused."""
    known = await owners(
        tx,
        skus=[variant.sku for draft in drafts for variant in draft.variants],
        slugs=[draft.slug for draft in drafts],
    )
    mine = {key: one[0] for key, one in (known.slugs | known.skus).items() if one[1] == job.seller_id}
    stored = await products_by_id(tx, product_ids=list(set(mine.values())))
    kept = []
    for draft in drafts:
        keys = (*(variant.sku for variant in draft.variants), draft.slug)
        current = next((stored[mine[key]] for key in keys if key in mine), None)
        options = draft.options if current is None else _with_stored_values(draft, current)
        kept.append(msgspec.structs.replace(draft, options=options))
    return kept


def _with_stored_values(draft: ProductDraft, current: Product) -> list[Option]:
    named = {variant.sku for variant in draft.variants}
    used = {
        pair for variant in current.variants if variant.sku not in named for pair in variant.options.items()
    }
    options = []
    for option in draft.options:
        codes = {value.code for value in option.values}
        old = next((one.values for one in current.options if one.code == option.code), [])
        extra = [value for value in old if value.code not in codes and (option.code, value.code) in used]
        options.append(Option(option.code, option.name, option.values + extra))
    return options


def _initial_stock(job: Import, variant: ParsedVariant, variant_id: UUID) -> Iterator[InitialStock]:
    for code, quantity in variant.stock.items():
        location = code or next(iter(job.locations), "")
        # The variant and the place, not the file: an edited file must not bring the same goods in again.
        yield InitialStock(uuid5(_STOCK, f"{variant_id}:{location}"), variant_id, location, quantity)


async def _create_categories(tx: Tx, batch: Sequence[ParsedProduct]) -> None:
    """Make the categories that do not exist yet, each below the one before it in its row; others stay as they are."""
    known = {category.code for category in await category_tree(tx)}
    drafts: dict[str, CategoryDraft] = {}
    for product in batch:
        parent: str | None = None
        for category in product.categories:
            if category.code not in known:
                position = len(known) + len(drafts)
                drafts.setdefault(
                    category.code, CategoryDraft(category.code, category.name, parent, position)
                )
            parent = category.code
    if drafts:
        await upsert_categories(tx, categories=list(drafts.values()))


def _draft(job: Import, product: ParsedProduct, media: Mapping[str, UUID]) -> ProductDraft:
    """The catalogue's draft of a parsed product."""
    facets = {(facet.code, facet.value): facet for facet in product.facets}
    for variant in product.variants:
        facets |= {(facet.code, facet.value): facet for facet in variant.facets}
    alts = dict(zip(product.pictures, product.alts, strict=False))
    pictures = [
        (media[name], _filled(alts.get(name, {}))) for name in _picture_names(product) if name in media
    ]
    return ProductDraft(
        slug=product.slug,
        seller_id=job.seller_id,
        title=product.title,
        description=product.description,
        options=_options(product),
        facets=list(facets.values()),
        category_codes=[category.code for category in product.categories[-1:]],
        state="published" if job.publish else "draft",
        pictures=pictures or None,
        variants=[
            VariantDraft(
                sku=variant.sku,
                prices=variant.prices,
                label=_label(variant),
                options={
                    group.code: value.code
                    for group, value in zip(product.groups, variant.values, strict=True)
                },
                position=position,
                tax_rate_bp=variant.tax_rate_bp,
            )
            for position, variant in enumerate(product.variants)
        ],
    )


def _filled(text: Text) -> Text:
    return {locale: words for locale, words in text.items() if words}


def _options(product: ParsedProduct) -> list[Option]:
    """The product's options with every value a variant has, in the order of the file."""
    options = []
    for index, group in enumerate(product.groups):
        values: dict[str, OptionValue] = {}
        for variant in product.variants:
            values.setdefault(variant.values[index].code, variant.values[index])
        options.append(Option(group.code, group.name, list(values.values())))
    return options


def _label(variant: ParsedVariant) -> Text:
    """What tells the variant from its siblings, e.g. "13 inch · 8 GB", in the locales that all its values have."""
    locales = [set(value.label) for value in variant.values]
    common = set.intersection(*locales) if locales else set()
    return {locale: " · ".join(value.label[locale] for value in variant.values) for locale in sorted(common)}


# --- refusals ----------------------------------------------------------------------------------------------------


def _report(bad: BadRows, batch: Sequence[ParsedProduct], refusals: Sequence[Refusal]) -> None:
    """Tell the catalogue's refusals by the rows they came from."""
    for refusal in refusals:
        product = batch[refusal.index]
        row = next((v.row for v in product.variants if refusal.detail.startswith((v.sku + ":", v.sku + " "))
                    or refusal.detail == v.sku), product.row)  # fmt: skip
        known = refusal.reason in REASONS
        field = _FIELDS.get(refusal.reason, "")
        value = refusal.detail if known else f"{refusal.reason}: {refusal.detail}"
        reason = refusal.reason if known else "not_accepted"
        _refuse_product(bad, product, row, field=field, reason=reason, value=value)


def _refuse_product(
    bad: BadRows, product: ParsedProduct, row: int, *, field: str, reason: str, value: str
) -> None:
    """Note a refused product: the row with the reason, and the other good rows that fall with it."""
    rows = {variant.row for variant in product.variants}
    # The row of the product itself is in the list already when its own variant was refused.
    named = row if row in rows else min(rows)
    bad.add(named, field, reason, value)
    for other in sorted(rows - {named}):
        bad.add(other, "name", "product_refused")
