"""SQL of authorized money, until it is captured or void."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Sql, Tx
from merx.payments.model import OfflinePayment, PaymentState
from merx.payments.store.payments import to_offline_payment

AUTHORIZE = Sql("""
UPDATE payments
   SET state = 'authorized', authorized_at = $2, started_at = coalesce(started_at, $2), version = version + 1
 WHERE id = $1 AND state = ANY($3::text[])
""")
VOID = Sql(
    "UPDATE payments SET state = 'voided', version = version + 1 WHERE id = $1 AND state = ANY($2::text[])"
)
WANT_VOID = Sql("""
UPDATE payments SET void_wanted_at = $3, asked_at = NULL, version = version + 1
 WHERE id = $1 AND state = $2 AND void_wanted_at IS NULL
""")
WANT_CAPTURE = Sql("""
UPDATE payments SET capture_wanted_at = coalesce(capture_wanted_at, $2), capture_failure = NULL, asked_at = NULL,
       version = version + 1
 WHERE id = $1 AND state = $3 AND void_wanted_at IS NULL
""")
CAPTURE_FAILED = Sql("""
UPDATE payments SET capture_failure = $2, version = version + 1
 WHERE id = $1 AND state = $3 AND capture_failure IS NULL
""")
TO_VOID = Sql("""
UPDATE payments SET asked_at = $1
 WHERE id = ANY(ARRAY(SELECT id FROM payments
               WHERE state = $4 AND void_wanted_at IS NOT NULL AND (asked_at IS NULL OR asked_at <= $2)
               ORDER BY asked_at NULLS FIRST LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED))
RETURNING id, provider
""")
TO_CAPTURE = Sql("""
UPDATE payments SET asked_at = $1
 WHERE id = ANY(ARRAY(SELECT y.id FROM payments y
               WHERE y.state = $4 AND y.provider = ANY($5::text[]) AND y.void_wanted_at IS NULL
                 AND y.capture_failure IS NULL AND (y.asked_at IS NULL OR y.asked_at <= $2)
                 AND (y.capture_wanted_at IS NOT NULL
                      OR EXISTS (SELECT FROM orders o
                                  WHERE o.purchase_id = y.purchase_id AND o.fulfilment_status <> 'unfulfilled'))
               ORDER BY y.asked_at NULLS FIRST LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED))
RETURNING id, provider
""")


async def authorize(tx: Tx, payment_id: UUID, *, at: datetime, sources: Sequence[str]) -> bool:
    """The money is authorized; False when the attempt is in another state."""
    return await tx.run(AUTHORIZE, payment_id, at, sources) == 1


async def void(tx: Tx, payment_id: UUID, *, sources: Sequence[str]) -> bool:
    """The authorization is void; False when it was before, or the money was captured."""
    return await tx.run(VOID, payment_id, sources) == 1


async def want_void(tx: Tx, *, payment_id: UUID, now: datetime) -> bool:
    """Have an authorization voided, now and until it is known; False when it is none, or was to be before."""
    return await tx.run(WANT_VOID, payment_id, PaymentState.AUTHORIZED.value, now) == 1


async def want_capture(tx: Tx, *, payment_id: UUID, now: datetime) -> bool:
    """Have authorized money captured, now and until it is known; False when there is none that may be."""
    return await tx.run(WANT_CAPTURE, payment_id, now, PaymentState.AUTHORIZED.value) == 1


async def capture_failed(tx: Tx, payment_id: UUID, *, failure: str) -> bool:
    """Note that the money will not come; False when that was known."""
    return await tx.run(CAPTURE_FAILED, payment_id, failure[:200], PaymentState.AUTHORIZED.value) == 1


async def claim_to_void(
    tx: Tx, *, now: datetime, asked_before: datetime, limit: int
) -> list[tuple[UUID, str]]:
    """Take authorizations that are to be voided and were not tried lately: (payment, provider)."""
    rows = await tx.rows(TO_VOID, now, asked_before, limit, PaymentState.AUTHORIZED.value)
    return [(row[0], row[1]) for row in rows]


async def claim_to_capture(
    tx: Tx, *, providers: Sequence[str], now: datetime, asked_before: datetime, limit: int
) -> list[tuple[UUID, str]]:
    """Take authorizations with these providers that are due and were not tried lately: (payment, provider).

    They are due when goods have left, or when somebody asked.
    """
    state = PaymentState.AUTHORIZED.value
    rows = await tx.rows(TO_CAPTURE, now, asked_before, limit, state, providers)
    return [(row[0], row[1]) for row in rows]


UNCAPTURED = Sql("""
SELECT y.id, y.purchase_id, y.provider, y.number, y.state, y.currency, y.amount, y.expires_at, p.state AS purchase_state,
       ARRAY(SELECT o.number FROM orders o WHERE o.purchase_id = p.id ORDER BY o.number) AS order_numbers,
       y.capture_failure, y.void_wanted_at
  FROM payments y JOIN purchases p ON p.id = y.purchase_id
 WHERE y.state = $1 AND y.provider <> ALL($2::text[]) AND y.void_wanted_at IS NULL
 ORDER BY y.capture_failure IS NULL, y.created_at LIMIT $3
""")


async def uncaptured_payments(
    tx: ReadTx, *, offline: Sequence[str], limit: int = 100
) -> list[OfflinePayment]:
    """Authorized money that serves a purchase and was not captured yet, what cannot be captured any more first."""
    rows = await tx.rows(UNCAPTURED, PaymentState.AUTHORIZED.value, offline, limit)
    return [to_offline_payment(row) for row in rows]
