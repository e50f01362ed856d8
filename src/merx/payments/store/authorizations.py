"""SQL of authorized money, until it is captured or void."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import Sql, Tx
from merx.payments.model import PaymentState

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
ASKED = Sql("UPDATE payments SET asked_at = $2 WHERE id = ANY($1::uuid[]) RETURNING id, provider")


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


async def asked(tx: Tx, *, payment_ids: Sequence[UUID], now: datetime) -> list[tuple[UUID, str]]:
    """Note that the providers of these payments are asked now: (payment, provider)."""
    return [(row["id"], row["provider"]) for row in await tx.rows(ASKED, payment_ids, now)]
