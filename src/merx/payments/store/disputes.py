"""All SQL of disputes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Sql, Tx
from merx.kit.ids import new_id
from merx.payments.model import Dispute, Payment
from merx.payments.providers.model import DisputeMove, DisputeReport

DISPUTE_COLUMNS = """d.id, d.payment_id, d.purchase_id, d.provider, d.reference, d.state, d.reason, d.currency, d.amount,
       coalesce((SELECT sum(m.amount) FROM dispute_moves m WHERE m.dispute_id = d.id), 0)::bigint AS withdrawn,
       d.url, d.due_at, d.opened_at, d.closed_at"""
INSERT_DISPUTE = Sql("""
INSERT INTO disputes (id, payment_id, purchase_id, provider, reference, state, reason, currency, amount, url, due_at,
                      opened_at, closed_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (provider, reference) DO NOTHING
""")
FIND_DISPUTE = Sql(f"SELECT {DISPUTE_COLUMNS} FROM disputes d WHERE d.provider = $1 AND d.reference = $2")
LIST_DISPUTES = Sql(f"""
SELECT {DISPUTE_COLUMNS} FROM disputes d WHERE d.state = ANY($1::text[]) AND d.id < $2 ORDER BY d.id DESC LIMIT $3
""")
MOVE_DISPUTE = Sql("""
UPDATE disputes SET state = $2, due_at = coalesce($4, due_at), closed_at = $5
 WHERE id = $1 AND state = ANY($3::text[])
""")
INSERT_MOVES = Sql("""
INSERT INTO dispute_moves (dispute_id, reference, purchase_id, amount, fee, fee_currency, occurred_at, recorded_at)
SELECT $1, m.reference, $2, m.amount, m.fee, m.fee_currency, m.occurred_at, $8
  FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[])
       AS m (reference, amount, fee, fee_currency, occurred_at)
    ON CONFLICT (dispute_id, reference) DO NOTHING
RETURNING reference
""")
# What was refunded before the holder objected cannot be set aside any more: then less than the dispute is.
SET_ASIDE = Sql("""
UPDATE payments p
   SET version = p.version + 1,
       disputed = least(p.captured - p.refunded,
                        (SELECT coalesce(sum(greatest(d.withdrawn, 0)), 0)
                           FROM (SELECT sum(m.amount) AS withdrawn
                                   FROM disputes e JOIN dispute_moves m ON m.dispute_id = e.id
                                  WHERE e.payment_id = $1 GROUP BY e.id) d))
 WHERE p.id = $1
""")
BEAR = Sql("""
UPDATE dispute_moves SET borne = true WHERE dispute_id = $1 AND NOT borne RETURNING reference, amount
""")


async def insert_dispute(tx: Tx, payment: Payment, report: DisputeReport, *, now: datetime) -> bool:
    """Write a dispute as it is told first; False when it was known."""
    closed_at = now if report.state in ("won", "lost", "closed") else None
    written = await tx.run(
        INSERT_DISPUTE, new_id(), payment.id, payment.purchase_id, payment.provider, report.reference,
        report.state.value, report.reason[:200], report.amount.currency, report.amount.amount, report.url,
        report.due_at, report.opened_at, closed_at, now,
    )  # fmt: skip
    return written == 1


async def find_dispute(tx: ReadTx, *, provider: str, reference: str) -> Dispute | None:
    """A dispute by the provider's name of it."""
    row = await tx.row(FIND_DISPUTE, provider, reference)
    return None if row is None else Dispute(*row)


async def list_disputes(tx: ReadTx, *, states: Sequence[str], before: UUID, limit: int) -> list[Dispute]:
    """Disputes in these states, newest first."""
    return [Dispute(*row) for row in await tx.rows(LIST_DISPUTES, states, before, limit)]


async def move_dispute(
    tx: Tx, dispute_id: UUID, report: DisputeReport, *, sources: Sequence[str], now: datetime
) -> bool:
    """Bring a dispute to the reported state; False when it is further already."""
    closed_at = now if report.state in ("won", "lost", "closed") else None
    return await tx.run(MOVE_DISPUTE, dispute_id, report.state.value, sources, report.due_at, closed_at) == 1


async def insert_moves(
    tx: Tx, dispute: Dispute, moves: Sequence[DisputeMove], *, now: datetime
) -> list[DisputeMove]:
    """Write what money moved; return what was new."""
    rows = await tx.rows(
        INSERT_MOVES, dispute.id, dispute.purchase_id, [each.reference for each in moves],
        [each.amount.amount for each in moves], [each.fee.amount for each in moves],
        [each.fee.currency for each in moves], [each.at for each in moves], now,
    )  # fmt: skip
    fresh = {row[0] for row in rows}
    return [each for each in moves if each.reference in fresh]


async def set_aside(tx: Tx, payment_id: UUID) -> None:
    """Count what disputes hold of a payment: it cannot be refunded meanwhile."""
    await tx.run(SET_ASIDE, payment_id)


async def bear(tx: Tx, dispute_id: UUID) -> list[tuple[str, int]]:
    """Take the moves of a lost dispute that nobody bears yet: reference and amount."""
    return [(row[0], row[1]) for row in await tx.rows(BEAR, dispute_id)]
