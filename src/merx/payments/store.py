"""All SQL of payments, refunds and the inbox of provider notices."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Record, Sql, Tx
from merx.payments.model import Fact, NewPayment, Payment, PaymentState, Refund

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
       expires_at, started_at, captured_at"""

PAYMENTS_OF = Sql(
    f"SELECT {COLUMNS} FROM payments WHERE purchase_id = ANY($1::uuid[]) ORDER BY created_at, id"
)
FIND_BY_NUMBER = Sql(f"SELECT {COLUMNS} FROM payments WHERE number = $1 AND provider = $2")
LOCK_PAYMENT = Sql(f"SELECT {COLUMNS} FROM payments WHERE id = $1 FOR NO KEY UPDATE")


def to_payment(row: Record) -> Payment:
    """Map a row of COLUMNS."""
    values = list(row)
    values[4] = PaymentState(values[4])
    return Payment(*values)


async def payments_of(tx: ReadTx, purchase_ids: Sequence[UUID]) -> list[Payment]:
    """The purchases' attempts, oldest first."""
    return [to_payment(row) for row in await tx.rows(PAYMENTS_OF, purchase_ids)]


async def find_by_number(tx: ReadTx, *, number: str, provider: str) -> Payment | None:
    """The attempt we gave this number at this provider."""
    row = await tx.row(FIND_BY_NUMBER, number, provider)
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
UPDATE payments
   SET state = 'captured', captured = amount, provider_reference = $2, captured_at = $3, version = version + 1
 WHERE id = $1 AND state = ANY($4::text[])
""")


async def capture(tx: Tx, payment_id: UUID, *, reference: str, at: datetime, sources: Sequence[str]) -> bool:
    """The whole amount is with the provider; False when it was recorded before."""
    return await tx.run(CAPTURE, payment_id, reference, at, sources) == 1


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
 WHERE id IN (SELECT id FROM payments
               WHERE state = 'action_required' AND (asked_at IS NULL OR asked_at <= $2)
                 AND started_at <= $2
               ORDER BY asked_at NULLS FIRST LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, purchase_id, provider, number
""")


async def claim_in_doubt(
    tx: Tx, *, now: datetime, asked_before: datetime, limit: int
) -> list[tuple[UUID, UUID, str, str]]:
    """Take started attempts not asked about lately: (id, purchase, provider, number)."""
    return [(row[0], row[1], row[2], row[3]) for row in await tx.rows(IN_DOUBT, now, asked_before, limit)]


STORE_NOTICE = Sql("""
INSERT INTO provider_notices AS n (provider, notice_id, number, body, received_at)
VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (provider, notice_id) DO UPDATE SET deliveries = n.deliveries + 1
RETURNING applied_at IS NOT NULL AS applied, outcome
""")
NOTICE_APPLIED = Sql("""
UPDATE provider_notices SET applied_at = $3, outcome = $4 WHERE provider = $1 AND notice_id = $2
""")


async def store_notice(
    tx: Tx, *, provider: str, notice_id: str, number: str, body: bytes, now: datetime
) -> tuple[bool, str | None]:
    """Keep a verified notice; say whether it was applied before, and with what outcome. Locks its row."""
    row = await tx.row(STORE_NOTICE, provider, notice_id, number, body, now)
    assert row is not None
    return row[0], row[1]


async def notice_applied(tx: Tx, *, provider: str, notice_id: str, outcome: str, now: datetime) -> None:
    """Mark a notice as dealt with."""
    await tx.run(NOTICE_APPLIED, provider, notice_id, now, outcome)


REFUND_COLUMNS = "id, payment_id, purchase_id, number, reason, state, currency, amount, attempts"
INSERT_REFUND = Sql("""
INSERT INTO refunds (id, payment_id, purchase_id, number, reason, state, currency, amount, next_attempt_at, created_at)
VALUES ($1, $2, $3, $4, $5, 'approved', $6, $7, $8, $8)
""")
RESERVE_REFUND = Sql("UPDATE payments SET refunded = refunded + $2, version = version + 1 WHERE id = $1")


async def insert_refund(
    tx: Tx, payment: Payment, *, refund_id: UUID, number: str, reason: str, amount: int, now: datetime
) -> None:
    """Write an approved refund and count it against the payment; the database refuses one above what was captured."""
    await tx.run(RESERVE_REFUND, payment.id, amount)
    await tx.run(
        INSERT_REFUND,
        refund_id,
        payment.id,
        payment.purchase_id,
        number,
        reason,
        payment.currency,
        amount,
        now,
    )


CLAIM_REFUNDS = Sql(f"""
UPDATE refunds SET state = 'submitted', attempts = attempts + 1, next_attempt_at = $2
 WHERE id IN (SELECT id FROM refunds WHERE state IN ('approved', 'submitted') AND next_attempt_at <= $1
               ORDER BY next_attempt_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING {REFUND_COLUMNS}
""")
SETTLE_REFUND = Sql("""
UPDATE refunds SET state = $2, settled_at = $3, next_attempt_at = NULL WHERE id = $1 AND state = 'submitted'
""")
REFUNDS_OF = Sql(f"SELECT {REFUND_COLUMNS} FROM refunds WHERE purchase_id = $1 ORDER BY created_at, id")
FIND_PAYMENT = Sql(f"SELECT {COLUMNS} FROM payments WHERE id = $1")


async def claim_refunds(tx: Tx, *, now: datetime, again_at: datetime, limit: int) -> list[Refund]:
    """Take refunds that are due; whatever becomes of this attempt, the next is due at `again_at`."""
    return [Refund(*row) for row in await tx.rows(CLAIM_REFUNDS, now, again_at, limit)]


async def settle_refund(tx: Tx, refund_id: UUID, *, to: str, now: datetime) -> bool:
    """Record a refund's end; False when it was recorded before."""
    return await tx.run(SETTLE_REFUND, refund_id, to, now) == 1


async def refunds_of(tx: ReadTx, purchase_id: UUID) -> list[Refund]:
    """A purchase's refunds, oldest first."""
    return [Refund(*row) for row in await tx.rows(REFUNDS_OF, purchase_id)]


async def get_payment(tx: ReadTx, payment_id: UUID) -> Payment:
    """An attempt by id."""
    row = await tx.row(FIND_PAYMENT, payment_id)
    assert row is not None
    return to_payment(row)
