"""SQL of order lines: their units, and what of them is asked back, refunded or without a hold."""

from collections.abc import Sequence
from uuid import UUID

from merx.infra.db import ReadTx, Sql, Tx
from merx.orders.model import LineClaim, LineRefund, OrderAdjustment, OrderLine, ReviewableLine
from merx.orders.store.columns import ADJUSTMENT, LINE, LINE_COLUMNS

LINES_OF = Sql(
    f"SELECT {LINE_COLUMNS} FROM order_lines l WHERE l.order_id = ANY($1::uuid[]) ORDER BY l.position"
)


async def lines_of(tx: ReadTx, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderLine]]:
    """The orders' lines by order."""
    lines: dict[UUID, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    for row in await tx.rows(LINES_OF, order_ids):
        lines[row["order_id"]].append(LINE.read(row))
    return lines


ADJUSTMENTS_OF = Sql(f"""
SELECT {ADJUSTMENT.of("a")} FROM order_adjustments a WHERE a.order_id = ANY($1::uuid[]) ORDER BY a.order_id, a.position
""")


async def adjustments_of(tx: ReadTx, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderAdjustment]]:
    """The orders' adjustments by order, as they were applied."""
    found: dict[UUID, list[OrderAdjustment]] = {order_id: [] for order_id in order_ids}
    for row in await tx.rows(ADJUSTMENTS_OF, order_ids):
        found[row["order_id"]].append(ADJUSTMENT.read(row))
    return found


ADD_SHIPPED = Sql("""
UPDATE order_lines l SET shipped = l.shipped + s.quantity
  FROM unnest($2::uuid[], $3::int[]) AS s (line_id, quantity)
 WHERE l.order_id = $1 AND l.id = s.line_id
""")
ADD_RECEIVED = Sql("""
UPDATE order_lines l SET received = l.received + s.quantity
  FROM unnest($2::uuid[], $3::int[]) AS s (line_id, quantity)
 WHERE l.order_id = $1 AND l.id = s.line_id
""")


async def add_units(tx: Tx, sql: Sql, order_id: UUID, lines: Sequence[tuple[UUID, int]]) -> int:
    """Run ADD_SHIPPED or ADD_RECEIVED; return how many lines it found."""
    return await tx.run(sql, order_id, [line[0] for line in lines], [line[1] for line in lines])


CLAIM_UNITS = Sql("""
WITH counted AS (
    UPDATE orders SET open_returns = open_returns + $5, version = version + 1 WHERE id = $1
)
UPDATE order_lines l SET withheld = l.withheld + c.unshipped, returned = l.returned + c.shipped
  FROM unnest($2::uuid[], $3::int[], $4::int[]) AS c (line_id, unshipped, shipped)
 WHERE l.order_id = $1 AND l.id = c.line_id
""")


async def claim_units(tx: Tx, order_id: UUID, claims: Sequence[LineClaim], *, sign: int) -> int:
    """Count units as asked back by an open return (`sign` 1), or no longer (-1); return how many lines it found."""
    return await tx.run(
        CLAIM_UNITS, order_id, [each.order_line_id for each in claims], [sign * each.unshipped for each in claims],
        [sign * each.shipped for each in claims], sign,
    )  # fmt: skip


REFUND_UNITS = Sql("""
WITH counted AS (
    UPDATE orders SET shipping_refunded = shipping_refunded + $7, version = version + 1 WHERE id = $1
)
UPDATE order_lines l
   SET refunded_quantity = l.refunded_quantity + c.quantity, cancelled = l.cancelled + c.cancelled,
       refunded_amount = l.refunded_amount + c.amount, refunded_tax = l.refunded_tax + c.tax
  FROM unnest($2::uuid[], $3::int[], $4::int[], $5::bigint[], $6::bigint[]) AS c (line_id, quantity, cancelled, amount, tax)
 WHERE l.order_id = $1 AND l.id = c.line_id
""")


async def refund_units(tx: Tx, order_id: UUID, lines: Sequence[LineRefund], *, shipping: int) -> None:
    """Count what an approved refund takes back of an order."""
    await tx.run(
        REFUND_UNITS, order_id, [each.order_line_id for each in lines], [each.quantity for each in lines],
        [each.cancelled for each in lines], [each.amount for each in lines], [each.tax for each in lines], shipping,
    )  # fmt: skip


UNHELD = Sql("""
SELECT l.id, l.variant_id, (l.quantity - coalesce(sum(h.quantity), 0))::int AS missing
  FROM order_lines l
  JOIN orders o ON o.id = l.order_id
  LEFT JOIN holds h ON h.purchase_id = $1 AND h.order_line_id = l.id AND h.state IN ('active', 'consumed')
 WHERE o.purchase_id = $1
 GROUP BY l.id
HAVING l.quantity > coalesce(sum(h.quantity), 0)
 ORDER BY l.id
""")


async def unheld(tx: ReadTx, purchase_id: UUID) -> list[tuple[UUID, UUID, int]]:
    """Line, variant and quantity of what no live hold covers."""
    return [(row[0], row[1], row[2]) for row in await tx.rows(UNHELD, purchase_id)]


REVIEW_LINE = Sql("""
SELECT l.id, l.order_id, l.purchase_id, l.product_id, o.seller_id, p.account_id, l.received, l.quantity
  FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN purchases p ON p.id = l.purchase_id
 WHERE l.id = $1
""")


async def review_line(tx: ReadTx, order_line_id: UUID) -> ReviewableLine | None:
    """Who bought a line and how much of it arrived."""
    row = await tx.row(REVIEW_LINE, order_line_id)
    return None if row is None else ReviewableLine(*row)
