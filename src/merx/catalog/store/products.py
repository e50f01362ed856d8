"""SQL of products: the documents that everybody reads, and their own rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from merx.catalog.model import Product
from merx.catalog.store.columns import as_json
from merx.infra.db import ReadTx, Sql, Tx

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
