"""All SQL of reconciliation."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql, Tx
from merx.infra.rows import Columns
from merx.kit.money import Money
from merx.payments.providers import BillRow
from merx.reconciliation.model import Bill, Difference, DisputeMoved, KeptRow, Known, Lacking

LACKING: Final = Columns(Lacking)

_BILL = msgspec.json.Decoder(Bill)
_DIFFERENCE = msgspec.json.Decoder(Difference)
_BILL_DOCUMENT: Final = """
(to_jsonb(b) || jsonb_build_object(
    'matched', (SELECT count(*) FROM bill_rows r WHERE r.bill_id = b.id AND r.outcome <> 'difference'),
    'differences', (SELECT count(*) FROM differences d WHERE d.bill_id = b.id),
    'open', (SELECT count(*) FROM differences d WHERE d.bill_id = b.id AND d.state = 'open')))::text
"""

# ---------------------------------------------------------------- which days

FIRST_CAPTURE = Sql("""
SELECT min(first.captured_at)
  FROM unnest($1::text[]) AS code
 CROSS JOIN LATERAL (SELECT p.captured_at FROM payments p
                      WHERE p.provider = code AND p.captured_at IS NOT NULL
                      ORDER BY p.captured_at LIMIT 1) AS first
""")
LAST_DAY = Sql("SELECT max(day) FROM bills WHERE provider = $1")
INSERT_BILLS = Sql("""
INSERT INTO bills (id, provider, codes, day, starts_at, ends_at, state, next_attempt_at, created_at)
SELECT w.id, $1, $2::text[], w.day, w.starts_at, w.ends_at, 'waiting', $7, $7
  FROM unnest($3::uuid[], $4::date[], $5::timestamptz[], $6::timestamptz[]) AS w (id, day, starts_at, ends_at)
    ON CONFLICT (provider, day) DO NOTHING
""")
WAITING = Sql(f"""
SELECT {_BILL_DOCUMENT} FROM bills b WHERE b.provider = $1 AND b.state = 'waiting' ORDER BY b.day LIMIT $2
""")
FIND_BILL = Sql(f"SELECT {_BILL_DOCUMENT} FROM bills b WHERE b.provider = $1 AND b.day = $2")
GET_BILL = Sql(f"SELECT {_BILL_DOCUMENT} FROM bills b WHERE b.id = $1")
CLAIM_BILL = Sql("""
UPDATE bills SET attempts = attempts + 1, next_attempt_at = $3
 WHERE id = $1 AND attempts = $2 AND state = 'waiting'
""")
BILL_FAILED = Sql("""
UPDATE bills SET failure = $2, failing_since = coalesce(failing_since, $3) WHERE id = $1 AND state = 'waiting'
""")


async def first_capture(tx: ReadTx, codes: Sequence[str]) -> datetime | None:
    """When these providers first took money."""
    at: datetime | None = await tx.value(FIRST_CAPTURE, codes)
    return at


async def last_day(tx: ReadTx, provider: str) -> date | None:
    """The last day of which there is a bill, read or not."""
    day: date | None = await tx.value(LAST_DAY, provider)
    return day


async def insert_bills(
    tx: Tx,
    *,
    provider: str,
    codes: Sequence[str],
    days: Sequence[tuple[UUID, date, datetime, datetime]],
    now: datetime,
) -> int:
    """Write bills that wait to be read, each an (id, day, start, end); how many were new."""
    return await tx.run(
        INSERT_BILLS, provider, codes, [each[0] for each in days], [each[1] for each in days],
        [each[2] for each in days], [each[3] for each in days], now,
    )  # fmt: skip


async def waiting_bills(tx: ReadTx, provider: str, *, limit: int) -> list[Bill]:
    """The provider's bills that were not read yet, oldest first."""
    return [_BILL.decode(row[0]) for row in await tx.rows(WAITING, provider, limit)]


async def find_bill(tx: ReadTx, *, provider: str, day: date) -> Bill | None:
    """The bill of a day."""
    document = await tx.value(FIND_BILL, provider, day)
    return None if document is None else _BILL.decode(document)


async def get_bill(tx: ReadTx, bill_id: UUID) -> Bill:
    """A bill by id."""
    return _BILL.decode(await tx.value(GET_BILL, bill_id))


async def claim_bill(tx: Tx, bill: Bill, *, again_at: datetime) -> bool:
    """Begin an attempt; False when somebody else did."""
    return await tx.run(CLAIM_BILL, bill.id, bill.attempts, again_at) == 1


async def bill_failed(tx: Tx, bill_id: UUID, *, failure: str, now: datetime) -> None:
    """Write why an attempt brought no bill."""
    await tx.run(BILL_FAILED, bill_id, failure[:500], now)


# ---------------------------------------------------------------- rows

KEPT_ROWS = Sql("""
SELECT kind, number, refund_number, reference, currency, amount, fee_currency, fee, at
  FROM bill_rows WHERE bill_id = $1 ORDER BY position
""")
ADVANCE_BILL = Sql("UPDATE bills SET rows_read = rows_read + $3 WHERE id = $1 AND rows_read = $2")
INSERT_ROWS = Sql("""
INSERT INTO bill_rows (bill_id, position, kind, number, refund_number, reference, currency, amount, fee_currency, fee, at,
                       payment_id, refund_id, outcome, recorded_at)
SELECT $1, r.*, $2
  FROM unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[],
              $11::bigint[], $12::timestamptz[], $13::uuid[], $14::uuid[], $15::text[]) AS r
""")
_FEE: Final = "coalesce(CASE WHEN f.debit_kind = 'provider_fees' THEN f.amount ELSE -f.amount END, 0)"
KNOWN_PAYMENTS = Sql(f"""
SELECT p.number, p.id, p.id, NULL::uuid, p.purchase_id, p.provider, p.state = 'captured', p.currency, p.amount,
       p.provider_reference, s.amount IS NOT NULL, w.amount IS NOT NULL, {_FEE}
  FROM unnest($1::text[]) AS n
  JOIN payments p ON p.number = n
  LEFT JOIN transfers s ON s.cause_id = p.id AND s.leg = 'settled'
  LEFT JOIN transfers w ON w.cause_id = p.id AND w.leg = 'written_off'
  LEFT JOIN transfers f ON f.cause_id = p.id AND f.leg = 'fee'
 WHERE p.provider = ANY($2::text[])
""")
# Of a refund that came back and was paid once more, the row after those that were settled is the one to come.
KNOWN_REFUNDS = Sql(f"""
SELECT r.number, r.id, p.id, r.id, p.purchase_id, p.provider, r.state = 'succeeded' OR k.settled < r.reversals, r.currency,
       r.amount, NULL::text, r.state = 'succeeded' AND k.settled > r.reversals, w.amount IS NOT NULL,
       {_FEE}, n.again
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
SELECT r.number, r.id, p.id, r.id, p.purchase_id, p.provider, k.settled < r.reversals, r.currency,
       r.amount, NULL::text, r.state <> 'succeeded' AND r.reversals > 0 AND k.settled >= r.reversals, false,
       {_FEE}, n.again, true
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
SELECT n.reference, t.cause_id, t.purchase_id, CASE WHEN t.debit_kind = 'disputes' THEN t.debit_owner ELSE t.credit_owner END,
       t.currency, CASE WHEN t.debit_kind = 'disputes' THEN t.amount ELSE -t.amount END,
       coalesce(CASE WHEN f.debit_kind = 'provider_fees' THEN f.amount ELSE -f.amount END, 0),
       s.cause_id IS NOT NULL
  FROM unnest($1::text[]) AS n (reference)
  JOIN transfers t ON t.leg IN ('withdrawn:' || n.reference, 'reinstated:' || n.reference)
       AND (t.debit_kind = 'disputes' OR t.credit_kind = 'disputes')
  LEFT JOIN transfers f ON f.cause_id = t.cause_id AND f.leg = 'fee:' || n.reference
  LEFT JOIN transfers s ON s.cause_id = t.cause_id AND s.leg = 'settled:' || n.reference
 WHERE t.debit_owner = ANY($2::uuid[])
""")


async def disputes_moved(
    tx: ReadTx, references: Sequence[str], *, owners: Sequence[UUID]
) -> dict[str, DisputeMoved]:
    """What we have booked of moves of disputes at these providers, by the provider's number of the move."""
    return {row[0]: DisputeMoved(*row) for row in await tx.rows(DISPUTES_MOVED, references, owners)}


async def kept_rows(tx: ReadTx, bill_id: UUID) -> list[BillRow]:
    """What was kept of a bill before, in order."""
    return [
        BillRow(
            kind=row["kind"], number=row["number"], refund_number=row["refund_number"], reference=row["reference"],
            amount=Money(row["amount"], row["currency"]), fee=Money(row["fee"], row["fee_currency"]), at=row["at"],
        )
        for row in await tx.rows(KEPT_ROWS, bill_id)
    ]  # fmt: skip


async def advance_bill(tx: Tx, bill_id: UUID, *, at: int, by: int) -> bool:
    """Take the next `by` places of a bill of which `at` rows are kept; False when somebody else did. Locks it."""
    return await tx.run(ADVANCE_BILL, bill_id, at, by) == 1


async def insert_rows(tx: Tx, bill_id: UUID, kept: Sequence[KeptRow], *, now: datetime) -> None:
    """Keep rows, in one statement."""
    rows = [each.row for each in kept]
    await tx.run(
        INSERT_ROWS, bill_id, now, [each.position for each in kept], [row.kind for row in rows],
        [row.number for row in rows], [row.refund_number for row in rows], [row.reference for row in rows],
        [row.amount.currency for row in rows], [row.amount.amount for row in rows],
        [row.fee.currency for row in rows], [row.fee.amount for row in rows], [row.at for row in rows],
        [each.payment_id for each in kept], [each.refund_id for each in kept], [each.outcome for each in kept],
    )  # fmt: skip


async def known_payments(tx: ReadTx, numbers: Sequence[str], *, codes: Sequence[str]) -> dict[str, Known]:
    """What we know of payments of these providers, by our number."""
    return {row[0]: Known(*row) for row in await tx.rows(KNOWN_PAYMENTS, numbers, codes)}


async def known_refunds(tx: ReadTx, numbers: Sequence[str], *, codes: Sequence[str]) -> dict[str, Known]:
    """What we know of refunds of these providers' payments, by our number."""
    return {row[0]: Known(*row) for row in await tx.rows(KNOWN_REFUNDS, numbers, codes)}


async def known_failures(tx: ReadTx, numbers: Sequence[str], *, codes: Sequence[str]) -> dict[str, Known]:
    """What we know of the money of these refunds that came back, by the refund's number."""
    return {row[0]: Known(*row) for row in await tx.rows(KNOWN_FAILURES, numbers, codes)}


# ---------------------------------------------------------------- the end of a bill

MATCHED = Sql("""
UPDATE bills
   SET state = 'matched', matched_at = coalesce(matched_at, $3), next_attempt_at = NULL, failing_since = NULL, failure = '',
       totals = coalesce((
           SELECT jsonb_agg(t ORDER BY t.currency)
             FROM (SELECT currency, sum(payments) AS payments, sum(paid) AS paid, sum(refunds) AS refunds,
                          sum(refunded) AS refunded, sum(fees) AS fees
                     FROM (SELECT currency, count(*) FILTER (WHERE kind = 'payment') AS payments,
                                  coalesce(sum(amount) FILTER (WHERE kind = 'payment'), 0) AS paid,
                                  count(*) FILTER (WHERE kind = 'refund') AS refunds,
                                  coalesce(sum(CASE kind WHEN 'refund' THEN amount WHEN 'refund_failure' THEN -amount END), 0)
                                  AS refunded, 0 AS fees
                             FROM bill_rows WHERE bill_id = $1 GROUP BY currency
                           UNION ALL
                           SELECT fee_currency, 0, 0, 0, 0, sum(fee) FROM bill_rows WHERE bill_id = $1 GROUP BY fee_currency)
                          AS parts
                    GROUP BY currency) AS t), '[]')
 WHERE id = $1 AND rows_read = $2
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


async def bill_matched(tx: Tx, bill_id: UUID, *, at: int, now: datetime) -> bool:
    """All of a bill was dealt with: write what its rows make. False when somebody else went on with it."""
    return await tx.run(MATCHED, bill_id, at, now) == 1


async def missing_there(tx: ReadTx, *, codes: Sequence[str], start: datetime, end: datetime) -> list[Lacking]:
    """Our payments and refunds of a time that no bill has confirmed and nobody looks at."""
    return [LACKING.read(row) for row in await tx.rows(MISSING_THERE, codes, start, end)]


async def moved_between(tx: ReadTx, *, codes: Sequence[str], start: datetime, end: datetime) -> bool:
    """Whether money of ours moved at these providers in this time."""
    moved: bool = await tx.value(MOVED_BETWEEN, codes, start, end)
    return moved


# ---------------------------------------------------------------- differences

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
LIST_BILLS = Sql(f"""
SELECT {_BILL_DOCUMENT} FROM bills b WHERE (b.day, b.id) < ($1, $2) ORDER BY b.day DESC, b.id DESC LIMIT $3
""")


RESOLVE_BALANCE = Sql("""
WITH done AS (
    UPDATE differences d SET state = 'resolved', resolution = 'matched', resolved_at = $2
     WHERE d.bill_id = $1 AND d.kind = 'balance_differs' AND d.state = ANY($3::text[]) AND d.currency <> ALL($4::text[])
    RETURNING *
)
SELECT to_jsonb(done)::text FROM done
""")


async def resolve_balance(
    tx: Tx, bill_id: UUID, *, but: Sequence[str], sources: Sequence[str], now: datetime
) -> list[Difference]:
    """The balance agrees with a bill, but for these currencies: what was open about it is resolved."""
    rows = await tx.rows(RESOLVE_BALANCE, bill_id, now, sources, but)
    return [_DIFFERENCE.decode(row[0]) for row in rows]


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


async def list_bills(tx: ReadTx, *, before: tuple[date, UUID], limit: int) -> list[Bill]:
    """Bills, the newest day first."""
    return [_BILL.decode(row[0]) for row in await tx.rows(LIST_BILLS, *before, limit)]
