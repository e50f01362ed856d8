"""All SQL of the inbox of provider notices."""

from collections.abc import Sequence
from datetime import datetime

from merx.infra.db import Sql, Tx
from merx.payments.model import KeptNotice

STORE_NOTICE = Sql("""
INSERT INTO provider_notices AS n (provider, notice_id, number, body, received_at, deliveries)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (provider, notice_id) DO UPDATE SET deliveries = n.deliveries + excluded.deliveries
RETURNING applied_at IS NOT NULL AND outcome <> 'unknown_number' AS applied, outcome
""")
NOTICE_APPLIED = Sql("""
UPDATE provider_notices SET applied_at = $3, outcome = $4 WHERE provider = $1 AND notice_id = $2
""")


async def store_notice(
    tx: Tx, *, provider: str, notice_id: str, number: str, body: bytes, now: datetime, deliveries: int = 1
) -> tuple[bool, str | None]:
    """Keep a verified notice; say whether it was applied before, and with what outcome. Locks its row.

    One that was kept as being of an unknown number was not: its payment may have turned up since.
    """
    row = await tx.row(STORE_NOTICE, provider, notice_id, number, body, now, deliveries)
    assert row is not None
    return row[0], row[1]


async def notice_applied(tx: Tx, *, provider: str, notice_id: str, outcome: str, now: datetime) -> None:
    """Mark a notice as dealt with."""
    await tx.run(NOTICE_APPLIED, provider, notice_id, now, outcome)


KEEP_APPLIED = Sql("""
INSERT INTO provider_notices (provider, notice_id, number, body, received_at, deliveries, outcome, applied_at)
SELECT n.*, $8
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[], $6::int[], $7::text[]) AS n
    ON CONFLICT (provider, notice_id) DO NOTHING
""")
REPEAT = Sql("""
UPDATE provider_notices n SET deliveries = n.deliveries + r.deliveries
  FROM unnest($1::text[], $2::text[], $3::int[]) AS r (provider, notice_id, deliveries)
 WHERE n.provider = r.provider AND n.notice_id = r.notice_id AND n.notice_id = ANY($2::text[]) AND n.provider = ANY($1::text[])
   AND n.applied_at IS NOT NULL AND n.outcome <> 'unknown_number'
RETURNING n.provider, n.notice_id, n.outcome
""")


async def keep_applied_notices(tx: Tx, notices: Sequence[KeptNotice], *, now: datetime) -> int:
    """Keep notices that are being applied; returns how many were new."""
    return await tx.run(
        KEEP_APPLIED,
        [notice.provider for notice in notices],
        [notice.notice_id for notice in notices],
        [notice.number for notice in notices],
        [notice.body for notice in notices],
        [notice.received_at for notice in notices],
        [notice.deliveries for notice in notices],
        [notice.outcome for notice in notices],
        now,
    )


async def repeat_notices(
    tx: Tx, notices: Sequence[tuple[str, str, int]]
) -> list[tuple[tuple[str, str], str]]:
    """Count more deliveries of (provider, notice id) where it was applied before; returns these with their outcomes."""
    rows = await tx.rows(
        REPEAT, [each[0] for each in notices], [each[1] for each in notices], [each[2] for each in notices]
    )
    return [((row[0], row[1]), row[2]) for row in rows]
