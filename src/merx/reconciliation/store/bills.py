"""SQL of bills and of the rows that are kept of them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql, Tx
from merx.kit.money import Money
from merx.payments.providers import BillRow
from merx.reconciliation.model import Bill, KeptRow

_BILL = msgspec.json.Decoder(Bill)
_BILL_DOCUMENT: Final = """
(to_jsonb(b) || jsonb_build_object(
    'matched', (SELECT count(*) FROM bill_rows r WHERE r.bill_id = b.id AND r.outcome <> 'difference'),
    'differences', (SELECT count(*) FROM differences d WHERE d.bill_id = b.id),
    'open', (SELECT count(*) FROM differences d WHERE d.bill_id = b.id AND d.state = 'open')))::text
"""
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
LIST_BILLS = Sql(f"""
SELECT {_BILL_DOCUMENT} FROM bills b WHERE (b.day, b.id) < ($1, $2) ORDER BY b.day DESC, b.id DESC LIMIT $3
""")
ADVANCE_BILL = Sql("UPDATE bills SET rows_read = rows_read + $3 WHERE id = $1 AND rows_read = $2")
KEPT_ROWS = Sql("""
SELECT kind, number, refund_number, reference, currency, amount, fee_currency, fee, at
  FROM bill_rows WHERE bill_id = $1 ORDER BY position
""")
INSERT_ROWS = Sql("""
INSERT INTO bill_rows (bill_id, position, kind, number, refund_number, reference, currency, amount, fee_currency, fee, at,
                       payment_id, refund_id, outcome, recorded_at)
SELECT $1, r.*, $2
  FROM unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[],
              $11::bigint[], $12::timestamptz[], $13::uuid[], $14::uuid[], $15::text[]) AS r
""")
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


async def list_bills(tx: ReadTx, *, before: tuple[date, UUID], limit: int) -> list[Bill]:
    """Bills, the newest day first."""
    return [_BILL.decode(row[0]) for row in await tx.rows(LIST_BILLS, *before, limit)]


async def advance_bill(tx: Tx, bill_id: UUID, *, at: int, by: int) -> bool:
    """Take the next `by` places of a bill of which `at` rows are kept; False when somebody else did. Locks it."""
    return await tx.run(ADVANCE_BILL, bill_id, at, by) == 1


async def kept_rows(tx: ReadTx, bill_id: UUID) -> list[BillRow]:
    """What was kept of a bill before, in order."""
    return [
        BillRow(
            kind=row["kind"], number=row["number"], refund_number=row["refund_number"], reference=row["reference"],
            amount=Money(row["amount"], row["currency"]), fee=Money(row["fee"], row["fee_currency"]), at=row["at"],
        )
        for row in await tx.rows(KEPT_ROWS, bill_id)
    ]  # fmt: skip


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


async def bill_matched(tx: Tx, bill_id: UUID, *, at: int, now: datetime) -> bool:
    """All of a bill was dealt with: write what its rows make. False when somebody else went on with it."""
    return await tx.run(MATCHED, bill_id, at, now) == 1
