"""SQL of limits: allotments of no place. Counters move in the statement that writes why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from merx.infra.db import ReadTx, Sql, Tx
from merx.infra.rows import Columns
from merx.inventory.model import NewLimit, TakenAllotment

LIMIT: Final = Columns(NewLimit)
TAKEN: Final = Columns(TakenAllotment)

OPEN_LIMITS = Sql(f"""
WITH wanted AS (
    SELECT * FROM {LIMIT.unnest("w", 2)}
), made AS (
    INSERT INTO allotments (id, kind, subject_id, received)
    SELECT id, kind, subject_id, quantity FROM wanted ORDER BY subject_id
        ON CONFLICT (subject_id) WHERE location_id IS NULL DO NOTHING
    RETURNING id, subject_id, received
)
INSERT INTO movements (cause_id, kind, allotment_id, subject_id, received_delta, created_at)
SELECT id, 'receive', id, subject_id, received, $1 FROM made
""")


async def open_limits(tx: Tx, limits: Sequence[NewLimit], *, now: datetime) -> None:
    """Open limits whose subject has none yet."""
    await tx.run(OPEN_LIMITS, now, *LIMIT.arrays(limits))


CHANGE_LIMIT = Sql("""
WITH old AS (
    SELECT id, received FROM allotments WHERE subject_id = $1 AND location_id IS NULL FOR NO KEY UPDATE
), changed AS (
    UPDATE allotments a SET received = $2 FROM old
     WHERE a.id = old.id AND a.held + a.sold <= $2 AND old.received <> $2
    RETURNING a.id, a.subject_id, a.received - old.received AS delta
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, received_delta, created_at)
    SELECT $3, 'adjust', id, subject_id, delta, $4 FROM changed
)
SELECT EXISTS (SELECT FROM changed) OR EXISTS (SELECT FROM old WHERE received = $2)
""")


async def change_limit(tx: Tx, subject_id: UUID, *, quantity: int, cause_id: UUID, now: datetime) -> bool:
    """Set how many units there are; False when more are used or held."""
    return bool(await tx.value(CHANGE_LIMIT, subject_id, quantity, cause_id, now))


GIVE_AWAY = Sql(f"""
WITH wanted AS (
    SELECT * FROM {TAKEN.unnest("w", 2)}
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, sold_delta, created_at)
    SELECT cause_id, 'claim', allotment_id, subject_id, 1, $1 FROM wanted
)
UPDATE allotments a SET sold = a.sold + d.quantity
  FROM (SELECT allotment_id, count(*) AS quantity FROM wanted GROUP BY allotment_id) d
 WHERE a.id = d.allotment_id
""")


async def give_away(tx: Tx, taken: Sequence[TakenAllotment], *, now: datetime) -> None:
    """Count units of locked limits as used, each for its cause."""
    await tx.run(GIVE_AWAY, now, *TAKEN.arrays(taken))


GIVE_BACK_USES = Sql("""
WITH ended AS (
    SELECT h.id, h.allotment_id, h.subject_id, h.quantity FROM holds h
     WHERE h.purchase_id = $1 AND h.subject_id = ANY($2::uuid[]) AND h.order_line_id IS NULL AND h.state = 'consumed'
), moved AS (
    INSERT INTO movements (cause_id, kind, allotment_id, subject_id, sold_delta, created_at)
    SELECT id, 'unsell', allotment_id, subject_id, -quantity, $3 FROM ended
        ON CONFLICT (cause_id, kind) DO NOTHING
    RETURNING allotment_id, sold_delta
)
UPDATE allotments a SET sold = a.sold + d.quantity
  FROM (SELECT allotment_id, sum(sold_delta)::bigint AS quantity FROM moved GROUP BY allotment_id) d
 WHERE a.id = d.allotment_id
""")


async def give_back(tx: Tx, purchase_id: UUID, subject_ids: Sequence[UUID], *, now: datetime) -> None:
    """Count a purchase's uses of limits no longer."""
    await tx.run(GIVE_BACK_USES, purchase_id, subject_ids, now)


UNHELD_LIMITS = Sql("""
SELECT DISTINCT h.subject_id FROM holds h
 WHERE h.purchase_id = $1 AND h.order_line_id IS NULL AND h.state IN ('released', 'expired')
   AND NOT EXISTS (SELECT FROM holds l WHERE l.purchase_id = $1 AND l.subject_id = h.subject_id
                                         AND l.order_line_id IS NULL AND l.state IN ('active', 'consumed'))
 ORDER BY h.subject_id
""")


async def unheld(tx: ReadTx, purchase_id: UUID) -> list[UUID]:
    """The limits a purchase held and neither holds nor uses now."""
    return [row["subject_id"] for row in await tx.rows(UNHELD_LIMITS, purchase_id)]
