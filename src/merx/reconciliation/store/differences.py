"""SQL of differences between a bill and our books."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql, Tx
from merx.reconciliation.model import Difference

_DIFFERENCE = msgspec.json.Decoder(Difference)
INSERT_DIFFERENCES = Sql("""
INSERT INTO differences (id, bill_id, position, provider, day, kind, movement, number, refund_number, reference, payment_id, refund_id,
                         purchase_id, cause_id, currency, ours, theirs, fee_currency, fee, state, resolution, resolved_at,
                         created_at)
SELECT d.id, d.bill_id, d.position, d.provider, d.day, d.kind, d.movement, d.number, d.refund_number, d.reference, d.payment_id,
       d.refund_id, d.purchase_id, d.cause_id, d.currency, d.ours, d.theirs, d.fee_currency, d.fee, d.state, d.resolution,
       d.resolved_at, d.created_at
  FROM jsonb_populate_recordset(NULL::differences, $1::jsonb) AS d
    ON CONFLICT DO NOTHING
""")
RESOLVE_MATCHED = Sql("""
WITH done AS (
    UPDATE differences d SET state = 'resolved', resolution = 'matched', resolved_at = $2
     WHERE d.cause_id = ANY($1::uuid[]) AND d.state = ANY($3::text[])
       AND d.kind IN ('missing_there', 'amount_differs', 'refund_pending', 'missing_here')
    RETURNING *
)
SELECT to_jsonb(done)::text FROM done
""")
RESOLVE = Sql("""
UPDATE differences SET state = 'resolved', resolution = $2, note = $3, resolved_by = $4, resolved_at = $5
 WHERE id = $1 AND state = ANY($6::text[])
""")
RESOLVE_BALANCE = Sql("""
WITH done AS (
    UPDATE differences d SET state = 'resolved', resolution = 'matched', resolved_at = $2
     WHERE d.bill_id = $1 AND d.kind = 'balance_differs' AND d.state = ANY($3::text[]) AND d.currency <> ALL($4::text[])
    RETURNING *
)
SELECT to_jsonb(done)::text FROM done
""")
ANSWERED = Sql(
    "UPDATE differences SET answer = $2, answered_at = $3, ours = coalesce(ours, $4) WHERE id = $1"
)
FIND_DIFFERENCE = Sql("SELECT to_jsonb(d)::text FROM differences d WHERE d.id = $1")
LOCK_DIFFERENCE = Sql("SELECT to_jsonb(d)::text FROM differences d WHERE d.id = $1 FOR NO KEY UPDATE")
REFUNDS_DECIDED = Sql("""
SELECT to_jsonb(d)::text
  FROM differences d JOIN refunds r ON r.id = d.refund_id
 WHERE d.state = ANY($1::text[]) AND d.kind = 'refund_pending' AND r.state = ANY($2::text[])
 ORDER BY d.id LIMIT $3
""")
DISPUTES_UNKNOWN = Sql("""
SELECT to_jsonb(d)::text FROM differences d
 WHERE d.state = ANY($1::text[]) AND d.kind = 'missing_here' AND d.movement = 'dispute' ORDER BY d.id LIMIT $2
""")
IN_STATE = Sql("""
SELECT to_jsonb(d)::text FROM differences d WHERE d.state = ANY($1::text[]) AND d.id < $2 ORDER BY d.id DESC LIMIT $3
""")
OPEN_OF = Sql("SELECT count(*) FROM differences WHERE bill_id = $1 AND state = ANY($2::text[])")


async def insert_differences(tx: Tx, found: Sequence[Difference]) -> None:
    """Write differences; one that is there already is left as it is."""
    if found:
        await tx.run(INSERT_DIFFERENCES, msgspec.json.encode(found).decode())


async def resolve_matched(
    tx: Tx, cause_ids: Sequence[UUID], *, sources: Sequence[str], now: datetime
) -> list[Difference]:
    """These payments and refunds are confirmed: what was open about them is resolved."""
    rows = await tx.rows(RESOLVE_MATCHED, cause_ids, now, sources)
    return [_DIFFERENCE.decode(row[0]) for row in rows]


async def resolve(
    tx: Tx,
    found: Difference,
    *,
    resolution: str,
    note: str,
    actor_id: UUID | None,
    sources: Sequence[str],
    now: datetime,
) -> bool:
    """Close a difference; False when it was closed."""
    return await tx.run(RESOLVE, found.id, resolution, note, actor_id, now, sources) == 1


async def resolve_balance(
    tx: Tx, bill_id: UUID, *, but: Sequence[str], sources: Sequence[str], now: datetime
) -> list[Difference]:
    """The balance agrees with a bill, but for these currencies: what was open about it is resolved."""
    rows = await tx.rows(RESOLVE_BALANCE, bill_id, now, sources, but)
    return [_DIFFERENCE.decode(row[0]) for row in rows]


async def answered(tx: Tx, difference_id: UUID, *, answer: str, ours: int | None, now: datetime) -> None:
    """Write what the provider said, and what our books have since."""
    await tx.run(ANSWERED, difference_id, answer, now, ours)


async def find_difference(tx: ReadTx, difference_id: UUID) -> Difference | None:
    """A difference by id."""
    document = await tx.value(FIND_DIFFERENCE, difference_id)
    return None if document is None else _DIFFERENCE.decode(document)


async def lock_difference(tx: Tx, difference_id: UUID) -> Difference | None:
    """Lock a difference; its purchase must be locked already."""
    document = await tx.value(LOCK_DIFFERENCE, difference_id)
    return None if document is None else _DIFFERENCE.decode(document)


async def refunds_decided(
    tx: ReadTx, *, states: Sequence[str], refund_states: Sequence[str], limit: int
) -> list[Difference]:
    """Differences about refunds that were under way and have ended since."""
    return [
        _DIFFERENCE.decode(row[0]) for row in await tx.rows(REFUNDS_DECIDED, states, refund_states, limit)
    ]


async def disputes_unknown(tx: ReadTx, *, states: Sequence[str], limit: int) -> list[Difference]:
    """Differences about disputes that a bill had before we heard of them."""
    return [_DIFFERENCE.decode(row[0]) for row in await tx.rows(DISPUTES_UNKNOWN, states, limit)]


async def in_state(tx: ReadTx, *, states: Sequence[str], before: UUID, limit: int) -> list[Difference]:
    """Differences in these states, newest first."""
    return [_DIFFERENCE.decode(row[0]) for row in await tx.rows(IN_STATE, states, before, limit)]


async def open_of(tx: ReadTx, bill_id: UUID, *, states: Sequence[str]) -> int:
    """How many differences of a bill are in these states."""
    count: int = await tx.value(OPEN_OF, bill_id, states)
    return count
