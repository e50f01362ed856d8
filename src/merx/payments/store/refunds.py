"""SQL of refunds, their lines and their attempts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from merx.infra.db import ReadTx, Sql, Tx
from merx.payments.model import NewRefund, OfflineRefund, Payment, Refund, RefundLine

REFUND_COLUMNS = """r.id, r.payment_id, r.purchase_id, r.number, r.reason, r.state, r.currency, r.amount, r.attempts,
       r.order_id, r.shipping, r.shipping_tax, r.failure, r.created_at, r.settled_at, r.reversals, r.shipping_funded"""
INSERT_REFUND = Sql("""
INSERT INTO refunds (id, payment_id, purchase_id, number, reason, state, currency, amount, order_id, shipping,
                     shipping_tax, shipping_funded, created_at)
SELECT $1, p.id, p.purchase_id, p.number || 'R' || 1 + (SELECT count(*) FROM refunds r WHERE r.payment_id = p.id),
       $3, 'requested', p.currency, $4, $5, $6, $7, $9, $8
  FROM payments p WHERE p.id = $2
""")
INSERT_REFUND_LINES = Sql("""
INSERT INTO refund_lines (refund_id, order_line_id, purchase_id, amount, tax, funded)
SELECT $1, l.order_line_id, $2, l.amount, l.tax, l.funded
  FROM unnest($3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[]) AS l (order_line_id, amount, tax, funded)
""")
APPROVE_REFUND = Sql(f"""
WITH approved AS (
    UPDATE refunds r SET state = 'approved', approved_at = $4, approved_by = $3, next_attempt_at = $4
     WHERE r.id = $1 AND r.state = ANY($2::text[])
    RETURNING {REFUND_COLUMNS}
), reserved AS (
    UPDATE payments p SET refunded = p.refunded + a.amount, version = p.version + 1
      FROM approved a WHERE p.id = a.payment_id
)
SELECT * FROM approved
""")


async def insert_refund(
    tx: Tx, payment: Payment, refund: NewRefund, *, refund_id: UUID, now: datetime
) -> None:
    """Write a requested refund under the next number of its locked payment."""
    await tx.run(
        INSERT_REFUND, refund_id, payment.id, refund.reason, refund.amount, refund.order_id, refund.shipping,
        refund.shipping_tax, now, refund.shipping_funded,
    )  # fmt: skip


async def insert_refund_lines(
    tx: Tx, payment: Payment, lines: Sequence[RefundLine], *, refund_id: UUID
) -> None:
    """Write which parts of an order's lines go back."""
    await tx.run(
        INSERT_REFUND_LINES, refund_id, payment.purchase_id, [line.order_line_id for line in lines],
        [line.amount for line in lines], [line.tax for line in lines], [line.funded for line in lines],
    )  # fmt: skip


async def approve_refund(
    tx: Tx, refund_id: UUID, *, sources: Sequence[str], actor_id: UUID | None, now: datetime
) -> Refund | None:
    """Approve a refund and set its amount aside; None when it is decided. The database refuses one above what was captured."""
    row = await tx.row(APPROVE_REFUND, refund_id, sources, actor_id, now)
    return None if row is None else Refund(*row)


CLAIM_REFUNDS = Sql(f"""
WITH claimed AS (
    UPDATE refunds r SET state = 'submitted', attempts = r.attempts + 1,
           next_attempt_at = $1::timestamptz + least($4::interval, $2::interval * power(2, least(r.attempts, 30)))
     WHERE r.id = ANY(ARRAY(SELECT id FROM refunds
                     WHERE next_attempt_at <= $1 AND state IN ('approved', 'submitted', 'failed')
                     ORDER BY next_attempt_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING {REFUND_COLUMNS}
), tried AS (
    INSERT INTO refund_attempts (refund_id, attempt, purchase_id, started_at)
    SELECT id, attempts, purchase_id, $1 FROM claimed
)
SELECT * FROM claimed ORDER BY created_at, id
""")
FINISH_ATTEMPT = Sql("""
UPDATE refund_attempts SET finished_at = $3, outcome = $4, detail = $5
 WHERE refund_id = $1 AND attempt = $2 AND finished_at IS NULL
""")
SETTLE_REFUND = Sql("""
UPDATE refunds SET state = $2, settled_at = CASE WHEN $2 = 'succeeded' THEN $3::timestamptz END, next_attempt_at = NULL,
       failure = $5
 WHERE id = $1 AND state = ANY($4::text[])
""")
MAKE_DUE = Sql("UPDATE refunds SET next_attempt_at = $2 WHERE id = $1 AND state = 'failed'")
REVERSE_REFUND = Sql("""
UPDATE refunds SET state = 'failed', settled_at = NULL, failure = $2, reversals = reversals + 1, doubted_at = NULL
 WHERE id = $1 AND state = 'succeeded'
RETURNING reversals
""")
DOUBT_REFUND = Sql("""
UPDATE refunds SET doubted_at = $3
 WHERE payment_id = $1 AND number = $2 AND state IN ('submitted', 'succeeded') AND doubted_at IS NULL
""")
CLAIM_DOUBTED = Sql(f"""
UPDATE refunds r SET doubted_at = $2
 WHERE r.id = ANY(ARRAY(SELECT id FROM refunds WHERE doubted_at <= $1
                 ORDER BY doubted_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED))
RETURNING {REFUND_COLUMNS}
""")
BELIEVE_REFUND = Sql("UPDATE refunds SET doubted_at = NULL WHERE id = $1 AND state = ANY($2::text[])")
FAILED_REFUNDS = Sql(f"""
SELECT {REFUND_COLUMNS} FROM refunds r WHERE r.state = 'failed' AND r.id < $1 ORDER BY r.id DESC LIMIT $2
""")
FIND_REFUND = Sql(f"SELECT {REFUND_COLUMNS} FROM refunds r WHERE r.id = $1")
GET_REFUNDS = Sql(f"SELECT {REFUND_COLUMNS} FROM refunds r WHERE r.id = ANY($1::uuid[])")
REFUNDS_OF = Sql(
    f"SELECT {REFUND_COLUMNS} FROM refunds r WHERE r.purchase_id = $1 ORDER BY r.created_at, r.id"
)
REFUND_LINES_OF = Sql(
    "SELECT order_line_id, amount, tax, funded FROM refund_lines WHERE refund_id = $1 ORDER BY order_line_id"
)


async def claim_refunds(
    tx: Tx, *, now: datetime, first_pause: timedelta, longest_pause: timedelta, limit: int
) -> list[Refund]:
    """Take refunds that are due. Whatever becomes of this attempt, the next is due after a pause that doubles."""
    return [Refund(*row) for row in await tx.rows(CLAIM_REFUNDS, now, first_pause, limit, longest_pause)]


async def finish_attempt(tx: Tx, *, refund: Refund, outcome: str, detail: str = "", now: datetime) -> None:
    """Write what came of a refund's present attempt: succeeded, processing, refused or unknown."""
    await tx.run(FINISH_ATTEMPT, refund.id, refund.attempts, now, outcome, detail[:500])


async def settle_refund(
    tx: Tx, refund_id: UUID, *, to: str, sources: Sequence[str], failure: str | None, now: datetime
) -> bool:
    """Record a refund's end; False when it was recorded before."""
    return await tx.run(SETTLE_REFUND, refund_id, to, now, sources, failure) == 1


async def reverse_refund(tx: Tx, refund_id: UUID, *, failure: str) -> int | None:
    """A refund that had succeeded failed after all; say how often by now. None when it is not in that state."""
    count: int | None = await tx.value(REVERSE_REFUND, refund_id, failure)
    return count


async def doubt_refund(tx: Tx, *, payment_id: UUID, number: str, now: datetime) -> bool:
    """Have the provider asked about a refund; False when nothing can be wrong with it, or it is doubted already."""
    return await tx.run(DOUBT_REFUND, payment_id, number, now) == 1


async def claim_doubted(tx: Tx, *, now: datetime, again_at: datetime, limit: int) -> list[Refund]:
    """Take refunds to ask about; they are asked about again at `again_at` unless they are believed by then."""
    return [Refund(*row) for row in await tx.rows(CLAIM_DOUBTED, now, again_at, limit)]


async def believe_refund(tx: Tx, refund_id: UUID, *, states: Sequence[str]) -> bool:
    """Doubt a refund no longer that is in one of these states."""
    return await tx.run(BELIEVE_REFUND, refund_id, states) == 1


async def failed_refunds(tx: ReadTx, *, before: UUID, limit: int) -> list[Refund]:
    """Refunds that failed, newest first."""
    return [Refund(*row) for row in await tx.rows(FAILED_REFUNDS, before, limit)]


async def make_due(tx: Tx, refund_id: UUID, *, now: datetime) -> bool:
    """Let a failed refund be tried again; False when it has not failed."""
    return await tx.run(MAKE_DUE, refund_id, now) == 1


async def find_refund(tx: ReadTx, refund_id: UUID) -> Refund | None:
    """A refund by id."""
    row = await tx.row(FIND_REFUND, refund_id)
    return None if row is None else Refund(*row)


async def get_refunds(tx: ReadTx, refund_ids: Sequence[UUID]) -> dict[UUID, Refund]:
    """Refunds by id."""
    return {row[0]: Refund(*row) for row in await tx.rows(GET_REFUNDS, refund_ids)}


async def refunds_of(tx: ReadTx, purchase_id: UUID) -> list[Refund]:
    """A purchase's refunds, oldest first."""
    return [Refund(*row) for row in await tx.rows(REFUNDS_OF, purchase_id)]


async def refund_lines_of(tx: ReadTx, refund_id: UUID) -> list[RefundLine]:
    """The parts of an order's lines that a refund gives back."""
    return [RefundLine(*row) for row in await tx.rows(REFUND_LINES_OF, refund_id)]


LEAVE_TO_STAFF = Sql("UPDATE refunds SET next_attempt_at = NULL WHERE id = $1")
OFFLINE_REFUNDS = Sql("""
SELECT r.id, r.purchase_id, p.provider, r.number, r.state, r.currency, r.amount, r.reason, r.failure, r.created_at
  FROM refunds r JOIN payments p ON p.id = r.payment_id
 WHERE p.provider = ANY($1::text[]) AND r.state = ANY($2::text[])
 ORDER BY r.created_at, r.id LIMIT $3
""")


async def leave_to_staff(tx: Tx, *, refund_id: UUID) -> None:
    """A submitted refund that people pay back: nobody is asked about it, its attempt ends with their word."""
    await tx.run(LEAVE_TO_STAFF, refund_id)


async def offline_refunds(tx: ReadTx, *, providers: Sequence[str], limit: int = 100) -> list[OfflineRefund]:
    """Refunds that staff have to pay back by hand, and those that failed, oldest first."""
    rows = await tx.rows(OFFLINE_REFUNDS, providers, ["submitted", "failed"], limit)
    return [OfflineRefund(*row) for row in rows]
