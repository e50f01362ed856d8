"""Who is of the platform's staff: they decide after-sales cases that buyer or seller call the platform into."""

from datetime import datetime
from uuid import UUID

from merx.accounts import store
from merx.infra.db import ReadTx, Tx


async def appoint_staff(tx: Tx, *, account_id: UUID, now: datetime) -> None:
    """Make an account one of the platform's staff; appointing it twice changes nothing."""
    await store.insert_staff(tx, account_id=account_id, now=now)


async def staff_ids(tx: ReadTx) -> list[UUID]:
    """The accounts of the platform's staff."""
    return await store.staff_ids(tx)


async def dismiss_staff(tx: Tx, *, account_id: UUID) -> None:
    """Make it an ordinary account again."""
    await store.delete_staff(tx, account_id=account_id)
