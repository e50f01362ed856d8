"""SQL of what our books have of the money that a bill tells of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from merx.infra.db import ReadTx, Sql
from merx.infra.rows import Columns
from merx.reconciliation.model import DisputeMoved, Known, Lacking

LACKING: Final = Columns(Lacking)
FIRST_CAPTURE = Sql("""
SELECT min(first.captured_at)
  FROM unnest($1::text[]) AS code
 CROSS JOIN LATERAL (SELECT p.captured_at FROM payments p
                      WHERE p.provider = code AND p.captured_at IS NOT NULL
                      ORDER BY p.captured_at LIMIT 1) AS first
""")
_FEE: Final = "coalesce(CASE WHEN f.debit_kind = 'provider_fees' THEN f.amount ELSE -f.amount END, 0)"
KNOWN_PAYMENTS = Sql(f"""
SELECT p.number, p.id AS cause_id, p.id AS payment_id, NULL::uuid AS refund_id, p.purchase_id, p.provider,
       p.state = 'captured' AS done, p.currency, p.amount, p.provider_reference AS reference,
       s.amount IS NOT NULL AS settled, w.amount IS NOT NULL AS written_off, {_FEE} AS fee
  FROM unnest($1::text[]) AS n
  JOIN payments p ON p.number = n
  LEFT JOIN transfers s ON s.cause_id = p.id AND s.leg = 'settled'
  LEFT JOIN transfers w ON w.cause_id = p.id AND w.leg = 'written_off'
  LEFT JOIN transfers f ON f.cause_id = p.id AND f.leg = 'fee'
 WHERE p.provider = ANY($2::text[])
""")
# Of a refund that came back and was paid once more, the row after those that were settled is the one to come.
KNOWN_REFUNDS = Sql(f"""
SELECT r.number, r.id AS cause_id, p.id AS payment_id, r.id AS refund_id, p.purchase_id, p.provider,
       r.state = 'succeeded' OR k.settled < r.reversals AS done, r.currency, r.amount, NULL::text AS reference,
       r.state = 'succeeded' AND k.settled > r.reversals AS settled, w.amount IS NOT NULL AS written_off,
       {_FEE} AS fee, n.again
  FROM unnest($1::text[]) AS wanted
  JOIN refunds r ON r.number = wanted
  JOIN payments p ON p.id = r.payment_id
 CROSS JOIN LATERAL (SELECT count(*) AS settled FROM transfers t
                      WHERE t.cause_id = r.id AND (t.leg = 'settled' OR t.leg LIKE 'settled:%')) AS k
 CROSS JOIN LATERAL (SELECT CASE WHEN least(k.settled, r.reversals) > 0 THEN ':' || least(k.settled, r.reversals) ELSE '' END
                            AS again) AS n
  LEFT JOIN transfers w ON w.cause_id = r.id AND w.leg = 'written_off' || n.again
  LEFT JOIN transfers f ON f.cause_id = r.id AND f.leg = 'fee' || n.again
 WHERE p.provider = ANY($2::text[])
""")
KNOWN_FAILURES = Sql(f"""
SELECT r.number, r.id AS cause_id, p.id AS payment_id, r.id AS refund_id, p.purchase_id, p.provider,
       k.settled < r.reversals AS done, r.currency, r.amount, NULL::text AS reference,
       r.state <> 'succeeded' AND r.reversals > 0 AND k.settled >= r.reversals AS settled, false AS written_off,
       {_FEE} AS fee, n.again, true AS failure
  FROM unnest($1::text[]) AS wanted
  JOIN refunds r ON r.number = wanted
  JOIN payments p ON p.id = r.payment_id
 CROSS JOIN LATERAL (SELECT count(*) AS settled FROM transfers t
                      WHERE t.cause_id = r.id AND t.leg LIKE 'taken_back:%') AS k
 CROSS JOIN LATERAL (SELECT ':' || k.settled + 1 AS again) AS n
  LEFT JOIN transfers f ON f.cause_id = r.id AND f.leg = 'taken_back_fee' || n.again
 WHERE p.provider = ANY($2::text[])
""")
DISPUTES_MOVED = Sql("""
SELECT n.reference, t.cause_id, t.purchase_id,
       CASE WHEN t.debit_kind = 'disputes' THEN t.debit_owner ELSE t.credit_owner END AS owner,
       t.currency, CASE WHEN t.debit_kind = 'disputes' THEN t.amount ELSE -t.amount END AS amount,
       coalesce(CASE WHEN f.debit_kind = 'provider_fees' THEN f.amount ELSE -f.amount END, 0) AS fee,
       s.cause_id IS NOT NULL AS settled
  FROM unnest($1::text[]) AS n (reference)
  JOIN transfers t ON t.leg IN ('withdrawn:' || n.reference, 'reinstated:' || n.reference)
       AND (t.debit_kind = 'disputes' OR t.credit_kind = 'disputes')
  LEFT JOIN transfers f ON f.cause_id = t.cause_id AND f.leg = 'fee:' || n.reference
  LEFT JOIN transfers s ON s.cause_id = t.cause_id AND s.leg = 'settled:' || n.reference
 WHERE t.debit_owner = ANY($2::uuid[])
""")
MISSING_THERE = Sql("""
SELECT p.number, NULL::text AS refund_number, p.id AS payment_id, NULL::uuid AS refund_id, p.purchase_id, p.provider,
       p.currency, p.captured AS amount
  FROM unnest($1::text[]) AS code
  JOIN payments p ON p.provider = code AND p.captured_at >= $2 AND p.captured_at < $3
 WHERE NOT EXISTS (SELECT FROM transfers t WHERE t.cause_id = p.id AND t.leg IN ('settled', 'written_off'))
   AND NOT EXISTS (SELECT FROM differences d WHERE d.cause_id = p.id)
UNION ALL
SELECT p.number, r.number, p.id, r.id, p.purchase_id, p.provider, r.currency, r.amount
  FROM refunds r JOIN payments p ON p.id = r.payment_id
 WHERE r.settled_at >= $2 AND r.settled_at < $3 AND p.provider = ANY($1::text[])
   AND NOT EXISTS (SELECT FROM transfers t
                    WHERE t.cause_id = r.id
                      AND t.leg IN ('settled' || CASE WHEN r.reversals > 0 THEN ':' || r.reversals ELSE '' END,
                                    'written_off' || CASE WHEN r.reversals > 0 THEN ':' || r.reversals ELSE '' END))
   AND NOT EXISTS (SELECT FROM differences d WHERE d.cause_id = r.id)
""")
MOVED_BETWEEN = Sql("""
SELECT EXISTS (SELECT FROM unnest($1::text[]) AS code
                 JOIN payments p ON p.provider = code AND p.captured_at >= $2 AND p.captured_at < $3)
    OR EXISTS (SELECT FROM refunds r JOIN payments p ON p.id = r.payment_id
                WHERE r.settled_at >= $2 AND r.settled_at < $3 AND p.provider = ANY($1::text[]))
""")


async def first_capture(tx: ReadTx, codes: Sequence[str]) -> datetime | None:
    """When these providers first took money."""
    at: datetime | None = await tx.value(FIRST_CAPTURE, codes)
    return at


async def known_payments(tx: ReadTx, numbers: Sequence[str], *, codes: Sequence[str]) -> dict[str, Known]:
    """What we know of payments of these providers, by our number."""
    return {row["number"]: Known(**row) for row in await tx.rows(KNOWN_PAYMENTS, numbers, codes)}


async def known_refunds(tx: ReadTx, numbers: Sequence[str], *, codes: Sequence[str]) -> dict[str, Known]:
    """What we know of refunds of these providers' payments, by our number."""
    return {row["number"]: Known(**row) for row in await tx.rows(KNOWN_REFUNDS, numbers, codes)}


async def known_failures(tx: ReadTx, numbers: Sequence[str], *, codes: Sequence[str]) -> dict[str, Known]:
    """What we know of the money of these refunds that came back, by the refund's number."""
    return {row["number"]: Known(**row) for row in await tx.rows(KNOWN_FAILURES, numbers, codes)}


async def disputes_moved(
    tx: ReadTx, references: Sequence[str], *, owners: Sequence[UUID]
) -> dict[str, DisputeMoved]:
    """What we have booked of moves of disputes at these providers, by the provider's number of the move."""
    return {
        row["reference"]: DisputeMoved(**row) for row in await tx.rows(DISPUTES_MOVED, references, owners)
    }


async def missing_there(tx: ReadTx, *, codes: Sequence[str], start: datetime, end: datetime) -> list[Lacking]:
    """Our payments and refunds of a time that no bill has confirmed and nobody looks at."""
    return [LACKING.read(row) for row in await tx.rows(MISSING_THERE, codes, start, end)]


async def moved_between(tx: ReadTx, *, codes: Sequence[str], start: datetime, end: datetime) -> bool:
    """Whether money of ours moved at these providers in this time."""
    moved: bool = await tx.value(MOVED_BETWEEN, codes, start, end)
    return moved
