"""SQL of the cashier: what of a payment is due because of its orders."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import Sql, Tx
from merx.payments import PaymentState, asked

TO_CAPTURE = Sql("""
SELECT y.id FROM payments y
 WHERE y.state = $1 AND y.provider = ANY($2::text[]) AND y.void_wanted_at IS NULL
   AND y.capture_failure IS NULL AND (y.asked_at IS NULL OR y.asked_at <= $3)
   AND (y.capture_wanted_at IS NOT NULL
        OR EXISTS (SELECT FROM orders o
                    WHERE o.purchase_id = y.purchase_id AND o.fulfilment_status <> 'unfulfilled'))
 ORDER BY y.asked_at NULLS FIRST LIMIT $4 FOR NO KEY UPDATE OF y SKIP LOCKED
""")


async def claim_to_capture(
    tx: Tx, *, providers: Sequence[str], now: datetime, asked_before: datetime, limit: int
) -> list[tuple[UUID, str]]:
    """Take authorizations with these providers that are due and were not tried lately: (payment, provider).

    They are due when goods have left, or when somebody asked.
    """
    state = PaymentState.AUTHORIZED.value
    rows = await tx.rows(TO_CAPTURE, state, providers, asked_before, limit)
    return await asked(tx, payment_ids=[row["id"] for row in rows], now=now) if rows else []
