"""SQL of what orders owe for exchanged units."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.db import Sql, Tx
from merx.orders.model import NewReplacement, Replacement

OWE = Sql("""
WITH wanted AS (
    SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::int[])
        AS w (order_line_id, variant_id, sku, label, quantity)
), owed AS (
    INSERT INTO replacements (return_id, order_line_id, order_id, purchase_id, variant_id, sku, label, quantity, created_at)
    SELECT $2, w.order_line_id, l.order_id, l.purchase_id, w.variant_id, w.sku, w.label::jsonb, w.quantity, $8
      FROM wanted w JOIN order_lines l ON l.id = w.order_line_id
)
UPDATE order_lines l SET exchanged = l.exchanged + w.quantity
  FROM wanted w WHERE l.order_id = $1 AND l.id = w.order_line_id
""")


async def insert_owed(
    tx: Tx, *, order_id: UUID, return_id: UUID, owed: Sequence[NewReplacement], now: datetime
) -> None:
    """Write what an order owes for units that came back; so many more units of its lines may leave."""
    await tx.run(
        OWE, order_id, return_id, [each.order_line_id for each in owed], [each.variant_id for each in owed],
        [each.sku for each in owed], [msgspec.json.encode(each.label).decode() for each in owed],
        [each.quantity for each in owed], now,
    )  # fmt: skip


ADD_SHIPPED = Sql("""
UPDATE replacements x SET shipped = x.shipped + s.quantity
  FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS s (order_line_id, return_id, quantity)
 WHERE x.order_line_id = s.order_line_id AND x.return_id = s.return_id
""")


async def add_shipped(tx: Tx, units: Sequence[tuple[UUID, Replacement, int]]) -> None:
    """Count replacements that left."""
    await tx.run(
        ADD_SHIPPED, [line_id for line_id, _, _ in units], [each.return_id for _, each, _ in units],
        [quantity for _, _, quantity in units],
    )  # fmt: skip


CANCEL = Sql("""
WITH given_up AS (
    UPDATE replacements x SET cancelled = x.quantity - x.shipped
     WHERE x.return_id = $1 AND x.cancelled = 0 AND x.shipped < x.quantity
    RETURNING x.order_line_id, x.quantity - x.shipped AS quantity
)
UPDATE order_lines l SET withheld = l.withheld + g.quantity
  FROM given_up g WHERE l.id = g.order_line_id
RETURNING l.id, g.quantity
""")


async def cancel_owed(tx: Tx, return_id: UUID) -> list[tuple[UUID, int]]:
    """What a case still owes will not be shipped; returns it as (line, units)."""
    return [(row[0], row[1]) for row in await tx.rows(CANCEL, return_id)]
