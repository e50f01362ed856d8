"""All SQL of inventory. Every statement that changes a counter writes the movement that says why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from merx.infra.db import ReadTx, Sql, Tx
from merx.infra.rows import Columns
from merx.inventory.model import (
    Free,
    Location,
    NewAllotment,
    NewHold,
    PutBack,
    Receipt,
    SettledHold,
    SoldHold,
)

FREE: Final = Columns(Free)
HOLD_COLUMNS: Final = Columns(NewHold)
SETTLED: Final = Columns(SettledHold)
SOLD: Final = Columns(SoldHold)
RECEIPT: Final = Columns(Receipt)
ALLOTMENT: Final = Columns(NewAllotment)
LOCATION: Final = Columns(Location, int4=("position",))
BACK: Final = Columns(PutBack)

LOCK_BY_VARIANT = Sql("""
SELECT a.id AS allotment_id, a.subject_id AS variant_id, a.received - a.held - a.sold AS free,
       coalesce(l.position, 0) AS position
  FROM allotments a LEFT JOIN locations l ON l.id = a.location_id
 WHERE a.subject_id = ANY($1::uuid[])
 ORDER BY a.id
   FOR NO KEY UPDATE OF a
""")


async def lock_by_variant(tx: Tx, variant_ids: Sequence[UUID]) -> list[Free]:
    """Lock the stock of these variants, and these limits, in id order."""
    return [FREE.read(row) for row in await tx.rows(LOCK_BY_VARIANT, variant_ids)]


LOCK_BY_PURCHASE = Sql("""
SELECT a.id FROM allotments a
 WHERE a.id IN (SELECT h.allotment_id FROM holds h WHERE h.purchase_id = ANY($1::uuid[]))
 ORDER BY a.id
   FOR NO KEY UPDATE OF a
""")


async def lock_by_purchase(tx: Tx, purchase_ids: Sequence[UUID]) -> None:
    """Lock, in id order, every allotment these purchases hold or held."""
    await tx.rows(LOCK_BY_PURCHASE, purchase_ids)


PROLONG = Sql(
    "UPDATE holds SET expires_at = $2 WHERE purchase_id = $1 AND state = 'active' AND expires_at < $2"
)


async def prolong(tx: Tx, purchase_id: UUID, *, expires_at: datetime) -> None:
    """Let a purchase's active holds last until then; one that lasts longer is left as it is."""
    await tx.run(PROLONG, purchase_id, expires_at)


HOLD = Sql(f"""
WITH wanted AS (
    SELECT * FROM {HOLD_COLUMNS.unnest("w", 3)}
), held AS (
    INSERT INTO holds ({HOLD_COLUMNS.joined}, created_at, return_id)
    SELECT w.*, $1, $2 FROM wanted w
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, held_delta, created_at)
    SELECT id, 'hold', allotment_id, subject_id, quantity, $1 FROM wanted
)
UPDATE allotments a SET held = a.held + d.quantity
  FROM (SELECT allotment_id, sum(quantity)::bigint AS quantity FROM wanted GROUP BY allotment_id) d
 WHERE a.id = d.allotment_id
""")


async def insert_holds(
    tx: Tx, holds: Sequence[NewHold], *, now: datetime, return_id: UUID | None = None
) -> None:
    """Write holds, their movements and the counters, in one statement."""
    await tx.run(HOLD, now, return_id, *HOLD_COLUMNS.arrays(holds))


EXPIRE = Sql("""
WITH ended AS (
    UPDATE holds SET state = 'expired'
     WHERE allotment_id = ANY($1::uuid[]) AND state = 'active' AND expires_at <= $2
    RETURNING id, allotment_id, subject_id, quantity
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, held_delta, created_at)
    SELECT id, 'expire', allotment_id, subject_id, -quantity, $2 FROM ended
)
UPDATE allotments a SET held = a.held - d.quantity
  FROM (SELECT allotment_id, sum(quantity)::bigint AS quantity FROM ended GROUP BY allotment_id) d
 WHERE a.id = d.allotment_id
RETURNING a.id, d.quantity
""")


async def expire(tx: Tx, allotment_ids: Sequence[UUID], *, now: datetime) -> list[tuple[UUID, int]]:
    """Lift the holds on locked allotments that have run out; return what each allotment got back."""
    return [(row[0], row[1]) for row in await tx.rows(EXPIRE, allotment_ids, now)]


RELEASE = Sql("""
WITH ended AS (
    UPDATE holds SET state = 'released'
     WHERE purchase_id = ANY($1::uuid[]) AND state = $3 AND return_id IS NOT DISTINCT FROM $4
    RETURNING id, allotment_id, subject_id, purchase_id, order_line_id, quantity
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, held_delta, created_at)
    SELECT id, 'release', allotment_id, subject_id, -quantity, $2 FROM ended
), counted AS (
    UPDATE allotments a SET held = a.held - d.quantity
      FROM (SELECT allotment_id, sum(quantity)::bigint AS quantity FROM ended GROUP BY allotment_id) d
     WHERE a.id = d.allotment_id
)
SELECT purchase_id, order_line_id, allotment_id, subject_id AS variant_id, quantity FROM ended
""")

CONSUME = Sql("""
WITH ended AS (
    UPDATE holds SET state = 'consumed'
     WHERE purchase_id = ANY($1::uuid[]) AND state = $3 AND return_id IS NOT DISTINCT FROM $4
    RETURNING id, allotment_id, subject_id, purchase_id, order_line_id, quantity
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, held_delta, sold_delta, created_at)
    SELECT id, 'sell', allotment_id, subject_id, -quantity, quantity, $2 FROM ended
), counted AS (
    UPDATE allotments a SET held = a.held - d.quantity, sold = a.sold + d.quantity
      FROM (SELECT allotment_id, sum(quantity)::bigint AS quantity FROM ended GROUP BY allotment_id) d
     WHERE a.id = d.allotment_id
)
SELECT purchase_id, order_line_id, allotment_id, subject_id AS variant_id, quantity FROM ended
""")


async def settle(
    tx: Tx, sql: Sql, purchase_ids: Sequence[UUID], *, now: datetime, return_id: UUID | None = None
) -> list[SettledHold]:
    """Run RELEASE or CONSUME over the active holds of the purchases themselves, or of one return.

    The state is a parameter: a literal would let a plan walk the partial index of every active hold.
    """
    return [SETTLED.read(row) for row in await tx.rows(sql, purchase_ids, now, "active", return_id)]


AVAILABLE = Sql("""
SELECT a.subject_id,
       sum(a.received - a.sold - a.held + coalesce((
           SELECT sum(h.quantity) FROM holds h
            WHERE h.allotment_id = a.id AND h.state = 'active' AND h.expires_at <= $2), 0))::bigint
  FROM allotments a
 WHERE a.subject_id = ANY($1::uuid[])
 GROUP BY a.subject_id
""")


async def available(tx: ReadTx, variant_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, int]:
    """Free units by variant or limit; a hold past its expiry counts as free. Those without an allotment are absent."""
    return {row[0]: row[1] for row in await tx.rows(AVAILABLE, variant_ids, now)}


ENSURE_ALLOTMENTS = Sql(f"""
INSERT INTO allotments (id, subject_id, location_id)
SELECT w.* FROM {ALLOTMENT.unnest("w")}
 ORDER BY subject_id, location_id
    ON CONFLICT (subject_id, location_id, kind) DO NOTHING
""")

RECEIVE = Sql(f"""
WITH wanted AS (
    SELECT DISTINCT ON (w.cause_id) w.cause_id, a.id AS allotment_id, a.subject_id, w.quantity
      FROM {RECEIPT.unnest("w", 2)}
      JOIN allotments a ON a.subject_id = w.variant_id AND a.location_id = w.location_id AND a.kind = 'stock'
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, received_delta, created_at)
    SELECT cause_id, 'receive', allotment_id, subject_id, quantity, $1 FROM wanted
        ON CONFLICT (cause_id, kind) DO NOTHING
    RETURNING cause_id, allotment_id, received_delta
), counted AS (
    UPDATE allotments a SET received = a.received + d.quantity
      FROM (SELECT allotment_id, sum(received_delta)::bigint AS quantity FROM moved GROUP BY allotment_id) d
     WHERE a.id = d.allotment_id
)
SELECT count(*) FROM moved
""")


async def receive(tx: Tx, receipts: Sequence[Receipt], *, new_ids: Sequence[UUID], now: datetime) -> int:
    """Add received units where the receipt is new; return how many receipts were."""
    places = [
        NewAllotment(new_id, each.variant_id, each.location_id)
        for new_id, each in zip(new_ids, receipts, strict=True)
    ]
    await tx.run(ENSURE_ALLOTMENTS, *ALLOTMENT.arrays(places))
    await tx.rows(LOCK_BY_VARIANT, sorted({each.variant_id for each in receipts}))
    count: int = await tx.value(RECEIVE, now, *RECEIPT.arrays(receipts))
    return count


RETURN_SOLD = Sql("""
WITH ended AS (
    SELECT h.id, h.allotment_id, h.subject_id, h.quantity FROM holds h
     WHERE h.purchase_id = $1 AND h.state = 'consumed'
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, sold_delta, created_at)
    SELECT id, 'unsell', allotment_id, subject_id, -quantity, $2 FROM ended
)
UPDATE allotments a SET sold = a.sold - d.quantity
  FROM (SELECT allotment_id, sum(quantity)::bigint AS quantity FROM ended GROUP BY allotment_id) d
 WHERE a.id = d.allotment_id
RETURNING a.subject_id, a.kind
""")


async def return_sold(tx: Tx, purchase_id: UUID, *, now: datetime) -> set[UUID]:
    """Put a purchase's sold units back; return of which variants they are."""
    return {
        row["subject_id"] for row in await tx.rows(RETURN_SOLD, purchase_id, now) if row["kind"] == "stock"
    }


INSERT_LOCATIONS = Sql(f"""
INSERT INTO locations ({LOCATION.joined}) SELECT l.* FROM {LOCATION.unnest("l")} ON CONFLICT (code) DO NOTHING
""")

LOCATIONS = Sql(f"SELECT {LOCATION.of('l')} FROM locations l ORDER BY l.position, l.code")


async def insert_locations(tx: Tx, locations: Sequence[Location]) -> None:
    """Insert locations whose code is new."""
    await tx.run(INSERT_LOCATIONS, *LOCATION.arrays(locations))


async def list_locations(tx: ReadTx) -> list[Location]:
    """Every location, in the order they are tried."""
    return [LOCATION.read(row) for row in await tx.rows(LOCATIONS)]


SOLD_BY_HOLDS = Sql("""
SELECT h.order_line_id, h.id AS hold_id, h.subject_id AS variant_id,
       (h.quantity - coalesce((SELECT sum(r.quantity) FROM stock_returns r WHERE r.hold_id = h.id), 0))::int AS sold
  FROM holds h
 WHERE h.purchase_id = $1 AND h.order_line_id = ANY($2::uuid[]) AND h.state = 'consumed'
 ORDER BY h.order_line_id, h.id
""")
PUT_BACK = Sql(f"""
WITH wanted AS (
    SELECT w.id, w.hold_id, h.allotment_id, h.subject_id, h.purchase_id, h.order_line_id, w.quantity
      FROM {BACK.unnest("w", 3)} JOIN holds h ON h.id = w.hold_id
), written AS (
    INSERT INTO stock_returns (id, hold_id, allotment_id, subject_id, purchase_id, order_line_id, return_id, quantity,
                               created_at)
    SELECT id, hold_id, allotment_id, subject_id, purchase_id, order_line_id, $1, quantity, $2 FROM wanted
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, sold_delta, created_at)
    SELECT id, 'return', allotment_id, subject_id, -quantity, $2 FROM wanted
)
UPDATE allotments a SET sold = a.sold - d.quantity
  FROM (SELECT allotment_id, sum(quantity)::bigint AS quantity FROM wanted GROUP BY allotment_id) d
 WHERE a.id = d.allotment_id
""")


async def sold_by_holds(tx: Tx, purchase_id: UUID, order_line_ids: Sequence[UUID]) -> list[SoldHold]:
    """What of these lines is still sold, hold by hold."""
    return [SOLD.read(row) for row in await tx.rows(SOLD_BY_HOLDS, purchase_id, order_line_ids)]


async def put_back(tx: Tx, parts: Sequence[PutBack], *, return_id: UUID, now: datetime) -> None:
    """Put sold units back, each part once by its id."""
    await tx.run(PUT_BACK, return_id, now, *BACK.arrays(parts))
