"""SQL of pricing: reads only, over the tables of catalog and sellers below it."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from merx.infra.db import ReadTx, Sql
from merx.infra.rows import Columns
from merx.pricing.model import SaleTerms

TERMS: Final = Columns(SaleTerms, arrays=("rate_countries",))

SALE_TERMS = Sql("""
SELECT v.id AS variant_id, v.product_id, v.seller_id, v.sku, p.title, v.label, v.tax_rate_bp,
       v.state = 'active' AND p.state = 'published' AND s.state = 'active' AS sellable,
       pr.amount AS unit_price, pr.version AS price_version, r.amount AS rate_amount, r.free_from AS rate_free_from,
       r.countries AS rate_countries, w.currency, w.method
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS w (variant_id, currency, method)
  JOIN variants v ON v.id = w.variant_id
  JOIN products p ON p.id = v.product_id
  JOIN sellers s ON s.id = v.seller_id
  LEFT JOIN prices pr ON pr.variant_id = v.id AND pr.currency = w.currency
  LEFT JOIN delivery_rates r ON r.seller_id = v.seller_id AND r.method = w.method AND r.currency = w.currency
""")


async def sale_terms(
    tx: ReadTx, *, wanted: Iterable[tuple[UUID, str, str | None]]
) -> dict[tuple[UUID, str, str | None], SaleTerms]:
    """The terms of each wanted (variant, currency, delivery method), in one statement; unknown variants are absent."""
    pairs = list(dict.fromkeys(wanted))
    rows = await tx.rows(
        SALE_TERMS, [pair[0] for pair in pairs], [pair[1] for pair in pairs], [pair[2] for pair in pairs]
    )
    return {(row["variant_id"], row["currency"], row["method"]): TERMS.read(row) for row in rows}
