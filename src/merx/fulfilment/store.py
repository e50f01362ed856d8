"""SQL of fulfilment."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from merx.fulfilment.model import Fulfilment, FulfilmentLine, FulfilmentState
from merx.fulfilment.states import PARCEL
from merx.infra.db import ReadTx, Sql, Tx
from merx.infra.rows import Columns

PARCEL_COLUMNS: Final = Columns(Fulfilment)
LINE: Final = Columns(FulfilmentLine, int4=("quantity",))

_PARCEL: Final = PARCEL_COLUMNS.of("f").replace(
    "f.lines",
    """coalesce((
        SELECT json_agg(to_jsonb(l) ORDER BY l.order_line_id) FROM fulfilment_lines l
         WHERE l.fulfilment_id = f.id), '[]')::text AS lines""",
)

FIND = Sql(f"SELECT {_PARCEL} FROM fulfilments f WHERE f.id = $1")


async def find(tx: ReadTx, *, fulfilment_id: UUID) -> Fulfilment | None:
    """One parcel."""
    row = await tx.row(FIND, fulfilment_id)
    return None if row is None else PARCEL_COLUMNS.read(row)


OF_ORDERS = Sql(f"""
SELECT {_PARCEL} FROM fulfilments f
 WHERE f.order_id = ANY($1::uuid[]) OR f.order_id IN (SELECT o.id FROM orders o WHERE o.purchase_id = ANY($2::uuid[]))
 ORDER BY f.created_at, f.id
""")


async def fulfilments_of(
    tx: ReadTx, *, purchase_ids: Collection[UUID] = (), order_ids: Collection[UUID] = ()
) -> list[Fulfilment]:
    """The parcels of these orders and of all orders of these purchases, oldest first, in one statement."""
    if not purchase_ids and not order_ids:
        return []
    rows = await tx.rows(OF_ORDERS, list(order_ids), list(purchase_ids))
    return [PARCEL_COLUMNS.read(row) for row in rows]


PLAN = Sql(f"""
WITH planned AS (
    INSERT INTO fulfilments (id, purchase_id, order_id, seller_id, state, carrier, tracking_number, created_at)
    VALUES ($1, $2, $3, $4, 'planned', $5, $6, $7)
    RETURNING id, purchase_id
)
INSERT INTO fulfilment_lines ({LINE.joined}, fulfilment_id, purchase_id)
SELECT l.*, planned.id, planned.purchase_id FROM planned, {LINE.unnest("l", 8)}
""")


async def plan_parcel(
    tx: Tx, *, fulfilment_id: UUID, purchase_id: UUID, order_id: UUID, seller_id: UUID, carrier: str,
    tracking_number: str, lines: Sequence[FulfilmentLine], now: datetime,
) -> None:  # fmt: skip
    """Write a new parcel in the state "planned" with its lines."""
    await tx.run(
        PLAN, fulfilment_id, purchase_id, order_id, seller_id, carrier, tracking_number, now, *LINE.arrays(lines)
    )  # fmt: skip


MOVE = Sql("""
UPDATE fulfilments
   SET state = $2, version = version + 1,
       shipped_at = CASE WHEN $2 = 'shipped' THEN $4::timestamptz ELSE shipped_at END,
       auto_receive_at = CASE WHEN $2 = 'shipped' THEN $4::timestamptz + $5::interval ELSE auto_receive_at END,
       delivered_at = CASE WHEN $2 = 'delivered' THEN $4::timestamptz ELSE delivered_at END,
       received_at = CASE WHEN $2 = 'received' THEN $4::timestamptz ELSE received_at END
 WHERE id = $1 AND state = ANY($3::text[])
""")


async def move(
    tx: Tx,
    *,
    fulfilment_id: UUID,
    to: FulfilmentState,
    now: datetime,
    auto_receive_after: timedelta | None = None,
) -> bool:
    """Move a parcel by compare-and-set; False when its state does not lead there.

    The timer is set by shipping.
    """
    return await tx.run(MOVE, fulfilment_id, to, PARCEL.sources(to), now, auto_receive_after) == 1


IN_TRANSIT = Sql(
    "SELECT EXISTS (SELECT FROM fulfilments WHERE order_id = $1 AND state IN ('planned', 'picked', 'shipped'))"
)


async def is_in_transit(tx: ReadTx, *, order_id: UUID) -> bool:
    """Whether a parcel of the order has still to reach the buyer."""
    return bool(await tx.value(IN_TRANSIT, order_id))


DUE = Sql("""
SELECT f.id FROM fulfilments f
 WHERE f.state IN ('shipped', 'delivered') AND f.auto_receive_at <= $1
   AND NOT EXISTS (SELECT FROM orders o WHERE o.id = f.order_id AND o.payment_status = 'authorized')
 ORDER BY f.auto_receive_at LIMIT $2
""")


async def due(tx: ReadTx, *, now: datetime, limit: int) -> list[UUID]:
    """Parcels whose timer has run out, oldest first; it waits for money that is only authorized.

    What is to be paid at the door may still come back from there.
    """
    return [row["id"] for row in await tx.rows(DUE, now, limit)]


RESTOCK = Sql("""
UPDATE fulfilment_lines l SET restocked = r.quantity
  FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS r (fulfilment_id, order_line_id, quantity)
 WHERE l.fulfilment_id = r.fulfilment_id AND l.order_line_id = r.order_line_id
""")


async def restock(tx: Tx, *, parts: Sequence[tuple[UUID, UUID, int]]) -> None:
    """Note of (parcel, line, units) that came back that these are sold again."""
    if parts:
        await tx.run(
            RESTOCK, [each[0] for each in parts], [each[1] for each in parts], [each[2] for each in parts]
        )
