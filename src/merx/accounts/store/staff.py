"""SQL of the platform's staff."""

from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Sql, Tx

APPOINT_STAFF = Sql("""
INSERT INTO platform_staff (account_id, created_at) VALUES ($1, $2) ON CONFLICT (account_id) DO NOTHING
""")


async def insert_staff(tx: Tx, *, account_id: UUID, now: datetime) -> None:
    """Enter an account into the platform's staff."""
    await tx.run(APPOINT_STAFF, account_id, now)


DISMISS_STAFF = Sql("DELETE FROM platform_staff WHERE account_id = $1")


async def delete_staff(tx: Tx, *, account_id: UUID) -> None:
    """Take an account out of the platform's staff."""
    await tx.run(DISMISS_STAFF, account_id)


STAFF_IDS = Sql("SELECT account_id FROM platform_staff ORDER BY account_id")


async def staff_ids(tx: ReadTx) -> list[UUID]:
    """The accounts of the platform's staff."""
    return [row[0] for row in await tx.rows(STAFF_IDS)]
