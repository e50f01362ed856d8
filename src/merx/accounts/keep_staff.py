"""Who is of the platform's staff: they decide after-sales cases that buyer or seller call the platform into."""

from datetime import datetime
from uuid import UUID

from merx.accounts.errors import UnknownAccount
from merx.accounts.model import Account
from merx.accounts.persons import open_account
from merx.accounts.rules import check_email
from merx.accounts.store import accounts, staff
from merx.infra.crypto import MasterKeys
from merx.infra.db import ReadTx, Tx


async def appoint_staff(tx: Tx, *, account_id: UUID, now: datetime) -> None:
    """Make an account one of the platform's staff; appointing it twice changes nothing."""
    await staff.insert_staff(tx, account_id=account_id, now=now)


async def staff_ids(tx: ReadTx) -> list[UUID]:
    """The accounts of the platform's staff."""
    return await staff.staff_ids(tx)


async def dismiss_staff(tx: Tx, *, account_id: UUID) -> None:
    """Make it an ordinary account again."""
    await staff.delete_staff(tx, account_id=account_id)


async def account_by_email(tx: ReadTx, keys: MasterKeys, *, email: str) -> Account:
    """The active account with an e-mail address. Raises BadEmail, UnknownAccount."""
    index = keys.blind_index(check_email(email).casefold())
    found = await accounts.by_email(tx, email_index=index)
    if found is None:
        raise UnknownAccount
    return open_account(keys, found)
