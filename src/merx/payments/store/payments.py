"""SQL of attempts to pay and of what was told of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from merx.infra.db import ReadTx, Record, Sql, Tx
from merx.payments.model import Fact, NewPayment, Payment, PaymentState

INSERT_PAYMENTS = Sql("""
INSERT INTO payments (id, purchase_id, provider, number, currency, amount, expires_at, state, created_at)
SELECT p.*, 'created', $8
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[]) AS p
""")


async def insert_payments(tx: Tx, payments: Sequence[NewPayment], *, now: datetime) -> None:
    """Write attempts not started yet."""
    await tx.run(
        INSERT_PAYMENTS,
        [payment.id for payment in payments],
        [payment.purchase_id for payment in payments],
        [payment.provider for payment in payments],
        [payment.number for payment in payments],
        [payment.currency for payment in payments],
        [payment.amount for payment in payments],
        [payment.expires_at for payment in payments],
        now,
    )


COLUMNS = """id, purchase_id, provider, number, state, currency, amount, captured, refunded, provider_reference,
       expires_at, started_at, captured_at, disputed, authorized_at, capture_failure, void_wanted_at"""

PAYMENTS_OF = Sql(
    f"SELECT {COLUMNS} FROM payments WHERE purchase_id = ANY($1::uuid[]) ORDER BY length(number), number"
)
FIND_PAYMENT = Sql(f"SELECT {COLUMNS} FROM payments WHERE id = $1")
FIND_BY_NUMBER = Sql(f"SELECT {COLUMNS} FROM payments WHERE number = $1 AND provider = $2")
FIND_BY_NUMBERS = Sql(f"SELECT {COLUMNS} FROM payments WHERE number = ANY($1::text[])")
FIND_BY_REFERENCE = Sql(f"SELECT {COLUMNS} FROM payments WHERE provider_reference = $1 AND provider = $2")
LOCK_PAYMENT = Sql(f"SELECT {COLUMNS} FROM payments WHERE id = $1 FOR NO KEY UPDATE")


def to_payment(row: Record) -> Payment:
    """Map a row of COLUMNS."""
    values = list(row)
    values[4] = PaymentState(values[4])
    return Payment(*values)


async def payments_of(tx: ReadTx, purchase_ids: Sequence[UUID]) -> list[Payment]:
    """The purchases' attempts, oldest first: their numbers count, whatever the clocks of two machines say."""
    return [to_payment(row) for row in await tx.rows(PAYMENTS_OF, purchase_ids)]


async def find_by_number(tx: ReadTx, *, number: str, provider: str) -> Payment | None:
    """The attempt we gave this number at this provider."""
    row = await tx.row(FIND_BY_NUMBER, number, provider)
    return None if row is None else to_payment(row)


async def find_by_numbers(tx: ReadTx, *, numbers: Sequence[str]) -> dict[str, Payment]:
    """The attempts of these numbers, by number; a number is one attempt's, whichever its provider."""
    return {row["number"]: to_payment(row) for row in await tx.rows(FIND_BY_NUMBERS, numbers)}


async def find_by_reference(tx: ReadTx, *, reference: str, provider: str) -> Payment | None:
    """The captured attempt to which this provider gave this number of its own."""
    row = await tx.row(FIND_BY_REFERENCE, reference, provider)
    return None if row is None else to_payment(row)


async def lock_payment(tx: Tx, payment_id: UUID) -> Payment:
    """Lock an attempt; its purchase must be locked already."""
    row = await tx.row(LOCK_PAYMENT, payment_id)
    assert row is not None
    return to_payment(row)


ADVANCE = Sql("""
UPDATE payments SET state = $2, version = version + 1, started_at = coalesce(started_at, $4)
 WHERE id = $1 AND state = ANY($3::text[])
""")


async def advance(
    tx: Tx, payment_id: UUID, *, to: str, sources: Sequence[str], started_at: datetime | None = None
) -> bool:
    """Move an attempt; False when it is in another state."""
    return await tx.run(ADVANCE, payment_id, to, sources, started_at) == 1


EXPIRE_OPEN = Sql("""
UPDATE payments SET state = 'expired', version = version + 1
 WHERE purchase_id = ANY($1::uuid[]) AND state = ANY($2::text[])
   AND (state = 'created' OR id = ANY($3::uuid[]))
""")


async def expire_open(
    tx: Tx, purchase_ids: Sequence[UUID], *, closed: Sequence[UUID], sources: Sequence[str]
) -> None:
    """Give up on the purchases' unstarted attempts and on those in `closed`."""
    await tx.run(EXPIRE_OPEN, purchase_ids, sources, closed)


CAPTURE = Sql("""
WITH reported AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[],
                         $8::timestamptz[])
        AS r (payment_id, purchase_id, kind, reference, amount, currency, source, occurred_at)
), told AS (
    INSERT INTO payment_events (payment_id, purchase_id, kind, reference, amount, currency, source, occurred_at, recorded_at)
    SELECT r.*, $10 FROM reported r
        ON CONFLICT (payment_id, kind, reference) DO NOTHING
)
UPDATE payments y
   SET state = 'captured', captured = y.amount, provider_reference = r.reference, captured_at = r.occurred_at,
       version = y.version + 1
  FROM reported r
 WHERE y.id = r.payment_id AND y.id = ANY($1::uuid[]) AND y.state = ANY($9::text[])
RETURNING y.id
""")
"""The ids are named twice, here and in ADVANCE of orders, so that a plan made on an empty table looks them up, too."""


async def capture(
    tx: Tx, captures: Sequence[tuple[Payment, Fact]], *, sources: Sequence[str], now: datetime
) -> set[UUID]:
    """Keep what was told, and note that the whole amounts are with the provider; returns the payments that moved."""
    rows = await tx.rows(
        CAPTURE,
        [payment.id for payment, _ in captures],
        [payment.purchase_id for payment, _ in captures],
        [fact.kind for _, fact in captures],
        [fact.reference for _, fact in captures],
        [fact.amount for _, fact in captures],
        [fact.currency for _, fact in captures],
        [fact.source for _, fact in captures],
        [fact.occurred_at for _, fact in captures],
        sources,
        now,
    )
    return {row[0] for row in rows}


INSERT_FACT = Sql("""
INSERT INTO payment_events (payment_id, purchase_id, kind, reference, amount, currency, source, occurred_at, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (payment_id, kind, reference) DO NOTHING
""")


async def insert_fact(tx: Tx, payment: Payment, fact: Fact, *, now: datetime) -> bool:
    """Record what the provider told us; False when we knew."""
    return (
        await tx.run(
            INSERT_FACT, payment.id, payment.purchase_id, fact.kind, fact.reference, fact.amount, fact.currency,
            fact.source, fact.occurred_at, now,
        )
        == 1
    )  # fmt: skip


IN_DOUBT = Sql("""
UPDATE payments SET asked_at = $1
 WHERE id = ANY(ARRAY(SELECT id FROM payments
               WHERE state = 'action_required' AND started_at <= $1::timestamptz - $2::interval
                 AND (asked_at IS NULL OR asked_at <= $1::timestamptz
                                          - least($4::interval, greatest($2::interval, (asked_at - started_at) / 10)))
               ORDER BY asked_at NULLS FIRST LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED))
RETURNING id, purchase_id, provider, number
""")


async def claim_in_doubt(
    tx: Tx, *, now: datetime, often: timedelta, seldom: timedelta, limit: int
) -> list[tuple[UUID, UUID, str, str]]:
    """Take started attempts not asked about lately: (id, purchase, provider, number).

    The pause between two questions is `often`, then a tenth of the time since the attempt began, at most `seldom`.
    """
    return [(row[0], row[1], row[2], row[3]) for row in await tx.rows(IN_DOUBT, now, often, limit, seldom)]


async def find_payment(tx: ReadTx, payment_id: UUID) -> Payment | None:
    """An attempt by id, if there is one."""
    row = await tx.row(FIND_PAYMENT, payment_id)
    return None if row is None else to_payment(row)


async def get_payment(tx: ReadTx, payment_id: UUID) -> Payment:
    """An attempt by id."""
    row = await tx.row(FIND_PAYMENT, payment_id)
    assert row is not None
    return to_payment(row)
