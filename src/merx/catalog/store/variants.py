"""SQL of variants and their prices."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from merx.catalog.errors import UnknownVariant
from merx.catalog.store.columns import as_json
from merx.infra.db import ReadTx, Sql, Tx
from merx.kit.i18n import Text


class VariantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A variant's own row."""

    id: UUID
    product_id: UUID
    seller_id: UUID
    sku: str
    label: Text
    options: dict[str, str]
    position: int
    tax_rate_bp: int


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
    return (
        [row.id for row in rows],
        [row.product_id for row in rows],
        [row.seller_id for row in rows],
        [row.sku for row in rows],
        [as_json(row.label) for row in rows],
        [as_json(row.options) for row in rows],
        [row.position for row in rows],
        [row.tax_rate_bp for row in rows],
    )


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
