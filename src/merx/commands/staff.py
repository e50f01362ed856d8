"""`merx staff`: who is of the platform's staff."""

from merx.accounts import account_by_email, appoint_staff, dismiss_staff
from merx.infra.db import Database
from merx.infra.postgres import database_url
from merx.infra.settings import Settings
from merx.kit.clock import system_clock
from merx.services import master_keys


async def add_staff(settings: Settings, *, email: str) -> str:
    """Appoint the account with this e-mail address; returns its name. Raises UnknownAccount."""
    return await _change(settings, email=email, appoint=True)


async def remove_staff(settings: Settings, *, email: str) -> str:
    """Dismiss the account with this e-mail address; returns its name. Raises UnknownAccount."""
    return await _change(settings, email=email, appoint=False)


async def _change(settings: Settings, *, email: str, appoint: bool) -> str:
    async with database_url(settings) as dsn:
        db = await Database(dsn, pool_size=2).open()
        try:
            async with db.transaction() as tx:
                account = await account_by_email(tx, master_keys(settings), email=email)
                if appoint:
                    await appoint_staff(tx, account_id=account.id, now=system_clock())
                else:
                    await dismiss_staff(tx, account_id=account.id)
        finally:
            await db.close()
    return account.name
