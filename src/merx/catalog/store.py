"""SQL of the catalogue: what writers need. The pages' reads are in queries.py."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from merx.catalog.errors import UnknownVariant
from merx.catalog.model import Category, CategoryDraft, MediaDraft, Picture, Product, Text
from merx.infra.db import ReadTx, Sql, Tx
from merx.kit.ids import new_id

DOCUMENT: Final = """
json_build_object(
    'id', p.id, 'seller_id', p.seller_id, 'slug', p.slug, 'title', p.title, 'description', p.description,
    'options', p.options, 'facets', p.facets, 'state', p.state, 'published_at', p.published_at, 'version', p.version,
    'pictures', coalesce((
        SELECT json_agg(json_build_object('id', m.id, 'files', m.files, 'width', m.width, 'height', m.height,
                   'colour', m.colour, 'alt', pm.alt, 'credit', m.credit) ORDER BY pm.position)
          FROM product_media pm JOIN media m ON m.id = pm.media_id WHERE pm.product_id = p.id), '[]'),
    'variants', coalesce((
        SELECT json_agg(json_build_object('id', v.id, 'product_id', v.product_id, 'sku', v.sku, 'label', v.label,
                   'options', v.options, 'position', v.position, 'tax_rate_bp', v.tax_rate_bp, 'state', v.state,
                   'version', v.version, 'prices', coalesce((
                       SELECT json_object_agg(pr.currency, pr.amount) FROM prices pr WHERE pr.variant_id = v.id), '{}'))
                   ORDER BY v.position, v.id)
          FROM variants v WHERE v.product_id = p.id), '[]'),
    'categories', coalesce((
        SELECT json_agg(json_build_object('id', c.id, 'parent_id', c.parent_id, 'code', c.code, 'name', c.name,
                   'position', c.position) ORDER BY c.position, c.code COLLATE "C")
          FROM product_categories pc JOIN categories c ON c.id = pc.category_id WHERE pc.product_id = p.id), '[]')
)::text
"""
"""A product of `products p` as JSON that decodes into `Product`: all of one moment."""

_PRODUCT = msgspec.json.Decoder(Product)


def decode_product(document: str) -> Product:
    """The product of a DOCUMENT."""
    return _PRODUCT.decode(document)


def as_json(value: Any) -> str:
    """A value for a jsonb parameter."""
    return msgspec.json.encode(value).decode()


# ---------------------------------------------------------------- products

PRODUCTS_BY_ID = Sql(f"SELECT {DOCUMENT} FROM products p WHERE p.id = ANY($1::uuid[])")


async def products_by_id(tx: ReadTx, *, product_ids: Sequence[UUID]) -> dict[UUID, Product]:
    """Products in any state."""
    if not product_ids:
        return {}
    rows = await tx.rows(PRODUCTS_BY_ID, list(product_ids))
    return {product.id: product for product in (decode_product(row[0]) for row in rows)}


OWNERS = Sql("""
SELECT 'sku' AS kind, v.sku AS known_by, v.product_id, v.seller_id FROM variants v WHERE v.sku = ANY($1::text[])
UNION ALL
SELECT 'slug', p.slug, p.id, p.seller_id FROM products p WHERE p.slug = ANY($2::text[])
""")


class Owners(msgspec.Struct, frozen=True):
    """Who has which SKU and slug already: (product, seller)."""

    skus: dict[str, tuple[UUID, UUID]]
    slugs: dict[str, tuple[UUID, UUID]]


async def owners(tx: ReadTx, *, skus: Sequence[str], slugs: Sequence[str]) -> Owners:
    """Which products have these SKUs and slugs."""
    found = Owners(skus={}, slugs={})
    for row in await tx.rows(OWNERS, list(skus), list(slugs)):
        side = found.skus if row["kind"] == "sku" else found.slugs
        side[row["known_by"]] = (row["product_id"], row["seller_id"])
    return found


LOCK_PRODUCTS = Sql("SELECT id FROM products WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE")


async def lock_products(tx: Tx, *, product_ids: Iterable[UUID]) -> None:
    """Lock products in key order. Whoever writes any part of a product holds its lock."""
    await tx.rows(LOCK_PRODUCTS, sorted(product_ids))


INSERT_PRODUCTS = Sql("""
INSERT INTO products (id, seller_id, slug, title, description, options, facets, state, published_at, created_at, updated_at)
SELECT d.id, d.seller_id, d.slug, d.title, d.description, d.options, d.facets, d.state,
       CASE WHEN d.state = 'published' THEN $9::timestamptz END, $9, $9
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::jsonb[], $6::jsonb[], $7::jsonb[], $8::text[])
    AS d (id, seller_id, slug, title, description, options, facets, state)
""")

UPDATE_PRODUCTS = Sql("""
UPDATE products AS p
   SET slug = d.slug, title = d.title, description = d.description, options = d.options, facets = d.facets,
       state = d.state, version = p.version + 1, updated_at = $9,
       published_at = CASE WHEN d.state = 'published' THEN coalesce(p.published_at, $9) ELSE p.published_at END
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::jsonb[], $6::jsonb[], $7::jsonb[], $8::text[])
    AS d (id, seller_id, slug, title, description, options, facets, state)
 WHERE p.id = d.id AND p.seller_id = d.seller_id
""")


async def insert_products(tx: Tx, *, products: Sequence[Product], now: datetime) -> None:
    """Write new products (their own row only), published now if their state says so."""
    if products:
        await tx.run(INSERT_PRODUCTS, *_product_columns(products), now)


async def update_products(tx: Tx, *, products: Sequence[Product], now: datetime) -> None:
    """Write changed products (their own row only); the version grows by one."""
    if products:
        await tx.run(UPDATE_PRODUCTS, *_product_columns(products), now)


def _product_columns(products: Sequence[Product]) -> tuple[list[Any], ...]:
    return (
        [product.id for product in products],
        [product.seller_id for product in products],
        [product.slug for product in products],
        [as_json(product.title) for product in products],
        [as_json(product.description) for product in products],
        [as_json(product.options) for product in products],
        [as_json(product.facets) for product in products],
        [product.state for product in products],
    )


# ---------------------------------------------------------------- variants and prices

VariantRow = tuple[UUID, UUID, UUID, str, Text, dict[str, str], int, int]
"""id, product, seller, SKU, label, options, position, tax rate."""

INSERT_VARIANTS = Sql("""
INSERT INTO variants (id, product_id, seller_id, sku, label, options, position, tax_rate_bp, created_at, updated_at)
SELECT d.id, d.product_id, d.seller_id, d.sku, d.label, d.options, d.position, d.tax_rate_bp, $9, $9
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::jsonb[], $7::integer[], $8::integer[])
    AS d (id, product_id, seller_id, sku, label, options, position, tax_rate_bp)
""")

UPDATE_VARIANTS = Sql("""
UPDATE variants AS v
   SET label = d.label, options = d.options, position = d.position, tax_rate_bp = d.tax_rate_bp,
       version = v.version + 1, updated_at = $9
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::jsonb[], $7::integer[], $8::integer[])
    AS d (id, product_id, seller_id, sku, label, options, position, tax_rate_bp)
 WHERE v.id = d.id AND v.product_id = d.product_id AND v.seller_id = d.seller_id AND v.sku = d.sku
""")


async def insert_variants(tx: Tx, *, rows: Sequence[VariantRow], now: datetime) -> None:
    """Write new variants."""
    if rows:
        await tx.run(INSERT_VARIANTS, *_variant_columns(rows), now)


async def update_variants(tx: Tx, *, rows: Sequence[VariantRow], now: datetime) -> None:
    """Write changed variants; the version grows by one."""
    if rows:
        await tx.run(UPDATE_VARIANTS, *_variant_columns(rows), now)


def _variant_columns(rows: Sequence[VariantRow]) -> tuple[list[Any], ...]:
    ids, products, sellers, skus, labels, options, positions, rates = (
        list(column) for column in zip(*rows, strict=True)
    )
    return (
        ids, products, sellers, skus, [as_json(label) for label in labels], [as_json(choice) for choice in options],
        positions, rates,
    )  # fmt: skip


WRITE_PRICES = Sql("""
WITH written AS (
    INSERT INTO prices AS p (variant_id, currency, amount, version, updated_at)
    SELECT d.variant_id, d.currency, d.amount,
           coalesce((SELECT max(h.version) FROM price_versions h
                      WHERE h.variant_id = d.variant_id AND h.currency = d.currency), 0) + 1, $4
      FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS d (variant_id, currency, amount)
     ORDER BY d.variant_id, d.currency
        ON CONFLICT (variant_id, currency) DO UPDATE
       SET amount = excluded.amount, version = excluded.version, updated_at = excluded.updated_at
     WHERE p.amount <> excluded.amount
    RETURNING variant_id, currency, version, amount
)
INSERT INTO price_versions (variant_id, currency, version, amount, valid_from)
SELECT variant_id, currency, version, amount, $4 FROM written
""")

PriceRow = tuple[UUID, str, int]
"""variant, currency, amount in minor units."""


async def write_prices(tx: Tx, *, rows: Sequence[PriceRow], now: datetime) -> int:
    """Set prices and record each change in price_versions; returns how many changed.

    The versions of a price go on counting after it was withdrawn: an order's price_version names one amount
    for ever.
    """
    if not rows:
        return 0
    return await tx.run(
        WRITE_PRICES, [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], now
    )


WITHDRAW_PRICES = Sql("DELETE FROM prices WHERE variant_id = $1 AND currency = ANY($2::text[])")


async def withdraw_prices(tx: Tx, *, variant_id: UUID, currencies: Sequence[str]) -> None:
    """Stop selling a variant in some currencies."""
    if currencies:
        await tx.run(WITHDRAW_PRICES, variant_id, list(currencies))


VARIANT_PRODUCT = Sql("SELECT product_id FROM variants WHERE id = $1")


async def product_of_variant(tx: ReadTx, *, variant_id: UUID) -> UUID | None:
    """The product a variant belongs to; it never changes."""
    found: UUID | None = await tx.value(VARIANT_PRODUCT, variant_id)
    return found


BUMP_VARIANT = Sql("UPDATE variants SET version = version + 1, updated_at = $2 WHERE id = $1")


async def bump_variant(tx: Tx, *, variant_id: UUID, now: datetime) -> None:
    """Mark a variant as changed when only its prices did."""
    await tx.run(BUMP_VARIANT, variant_id, now)


PRODUCTS_OF = Sql("SELECT DISTINCT product_id FROM variants WHERE id = ANY($1::uuid[])")


async def products_of(tx: ReadTx, *, variant_ids: Sequence[UUID]) -> list[UUID]:
    """The products these variants belong to."""
    return [row[0] for row in await tx.rows(PRODUCTS_OF, variant_ids)]


VARIANT_BY_SKU = Sql("SELECT id FROM variants WHERE sku = $1")


async def variant_by_sku(tx: ReadTx, *, sku: str) -> UUID:
    """The variant with this SKU. Raises UnknownVariant."""
    variant_id: UUID | None = await tx.value(VARIANT_BY_SKU, sku)
    if variant_id is None:
        raise UnknownVariant
    return variant_id


VARIANT_IDS = Sql("SELECT sku, id FROM variants WHERE sku = ANY($1::text[]) AND seller_id = ANY($2::uuid[])")


async def variant_ids(tx: ReadTx, *, skus: Sequence[str], seller_ids: Iterable[UUID]) -> dict[str, UUID]:
    """The variants these sellers have under these SKUs; unknown ones are left out."""
    rows = await tx.rows(VARIANT_IDS, list(skus), list(seller_ids))
    return {row["sku"]: row["id"] for row in rows}


# ---------------------------------------------------------------- categories

CATEGORIES = Sql("SELECT id, parent_id, code, name, position FROM categories ORDER BY position, code")
_TEXT = msgspec.json.Decoder(Text)


async def category_tree(tx: ReadTx) -> list[Category]:
    """Every category, in the order of display among its siblings."""
    rows = await tx.rows(CATEGORIES)
    return [
        Category(
            id=row["id"], parent_id=row["parent_id"], code=row["code"], name=_TEXT.decode(row["name"]),
            position=row["position"],
        )
        for row in rows
    ]  # fmt: skip


WRITE_CATEGORIES = Sql("""
INSERT INTO categories AS c (id, parent_id, code, name, position)
SELECT d.id, d.parent_id, d.code, d.name, d.position
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::integer[]) AS d (id, parent_id, code, name, position)
 ORDER BY d.code
    ON CONFLICT (code) DO UPDATE
   SET parent_id = excluded.parent_id, name = excluded.name, position = excluded.position
 WHERE (c.parent_id, c.name, c.position) IS DISTINCT FROM (excluded.parent_id, excluded.name, excluded.position)
""")


async def write_categories(tx: Tx, *, drafts: Sequence[CategoryDraft], ids: Mapping[str, UUID]) -> int:
    """Insert or change categories; `ids` has the id of every draft and of every parent.

    Returns how many changed.
    """
    return await tx.run(
        WRITE_CATEGORIES,
        [ids[draft.code] for draft in drafts],
        [None if draft.parent_code is None else ids[draft.parent_code] for draft in drafts],
        [draft.code for draft in drafts],
        [as_json(draft.name) for draft in drafts],
        [draft.position for draft in drafts],
    )


LINK_CATEGORIES = Sql("""
WITH removed AS (
    DELETE FROM product_categories pc
     USING unnest($3::uuid[], $4::uuid[]) AS d (product_id, category_id)
     WHERE pc.product_id = d.product_id AND pc.category_id = d.category_id
)
INSERT INTO product_categories (product_id, category_id)
SELECT d.product_id, d.category_id FROM unnest($1::uuid[], $2::uuid[]) AS d (product_id, category_id)
    ON CONFLICT DO NOTHING
""")

Link = tuple[UUID, UUID]
"""product, category."""


async def link_categories(tx: Tx, *, added: Sequence[Link], removed: Sequence[Link]) -> None:
    """Put products into categories and take them out of others."""
    if added or removed:
        await tx.run(
            LINK_CATEGORIES,
            [link[0] for link in added], [link[1] for link in added],
            [link[0] for link in removed], [link[1] for link in removed],
        )  # fmt: skip


# ---------------------------------------------------------------- pictures

KNOWN_MEDIA = Sql("SELECT id FROM media WHERE id = ANY($1::uuid[])")


async def known_media(tx: ReadTx, *, media_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these pictures exist."""
    wanted = list(media_ids)
    return {row["id"] for row in await tx.rows(KNOWN_MEDIA, wanted)} if wanted else set()


PICTURES_OF = Sql("""
SELECT json_build_object('id', m.id, 'files', m.files, 'width', m.width, 'height', m.height, 'colour', m.colour,
                         'alt', '{}'::json, 'credit', m.credit)::text
  FROM media m WHERE m.id = ANY($1::uuid[])
""")
_PICTURE = msgspec.json.Decoder(Picture)


async def pictures_of(tx: ReadTx, *, media_ids: Sequence[UUID]) -> list[Picture]:
    """Stored pictures in the order of their ids here; unknown ones are left out. They have no words of their own."""
    if not media_ids:
        return []
    rows = (_PICTURE.decode(row[0]) for row in await tx.rows(PICTURES_OF, list(media_ids)))
    found = {picture.id: picture for picture in rows}
    return [found[media_id] for media_id in media_ids if media_id in found]


SAVE_MEDIA = Sql("""
INSERT INTO media AS m (id, sha256, width, height, colour, files, credit, owner_id, created_at)
SELECT d.id, d.sha256, d.width, d.height, d.colour, d.files, d.credit, d.owner_id, $9
  FROM unnest($1::uuid[], $2::bytea[], $3::integer[], $4::integer[], $5::text[], $6::jsonb[], $7::text[], $8::uuid[])
    AS d (id, sha256, width, height, colour, files, credit, owner_id)
 ORDER BY d.sha256
    ON CONFLICT (sha256) DO NOTHING
""")

MEDIA_IDS = Sql("SELECT sha256, id FROM media WHERE sha256 = ANY($1::bytea[])")


async def save_media(tx: Tx, *, pictures: Sequence[MediaDraft], now: datetime) -> dict[bytes, UUID]:
    """Register pictures whose files are on disk; one that is known already keeps its row.

    Returns hash → media id.
    """
    unique = list({picture.sha256: picture for picture in pictures}.values())
    if not unique:
        return {}
    await tx.run(
        SAVE_MEDIA,
        [new_id() for _ in unique],
        [picture.sha256 for picture in unique],
        [picture.width for picture in unique],
        [picture.height for picture in unique],
        [picture.colour for picture in unique],
        [as_json(picture.files) for picture in unique],
        [picture.credit for picture in unique],
        [picture.owner_id for picture in unique],
        now,
    )
    rows = await tx.rows(MEDIA_IDS, [picture.sha256 for picture in unique])
    return {row["sha256"]: row["id"] for row in rows}


CLEAR_PICTURES = Sql("DELETE FROM product_media WHERE product_id = ANY($1::uuid[])")

ADD_PICTURES = Sql("""
INSERT INTO product_media (product_id, position, media_id, alt)
SELECT d.product_id, d.position, d.media_id, d.alt
  FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::jsonb[]) AS d (product_id, position, media_id, alt)
""")


async def replace_pictures(tx: Tx, *, pictures: Mapping[UUID, Sequence[tuple[UUID, Text]]]) -> None:
    """Give each product exactly these pictures (media id, alt text), in this order."""
    if not pictures:
        return
    await tx.run(CLEAR_PICTURES, list(pictures))
    rows = [
        (product_id, position, media_id, as_json(alt))
        for product_id, wanted in pictures.items()
        for position, (media_id, alt) in enumerate(wanted)
    ]
    if rows:
        await tx.run(ADD_PICTURES, *(list(column) for column in zip(*rows, strict=True)))
