"""End sessions; the contacts of accounts."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from merx.accounts.model import Account
from merx.accounts.persons import open_account
from merx.accounts.store import accounts, sessions
from merx.infra.crypto import MasterKeys, token_hash
from merx.infra.db import ReadTx, Tx


async def log_out(tx: Tx, *, token: str, now: datetime) -> None:
    """End the session of a token; ending it twice, or one that never was, is no error."""
    if token.isascii():
        await sessions.revoke_session(tx, token_hash=token_hash(token), now=now)


async def revoke_all(tx: Tx, *, account_id: UUID, now: datetime) -> int:
    """End every session of an account; how many were open."""
    return await sessions.revoke_sessions(tx, account_id=account_id, now=now)


async def account_contacts(
    tx: ReadTx, keys: MasterKeys, *, account_ids: Iterable[UUID]
) -> dict[UUID, Account]:
    """Accounts by id, whatever their state; unknown and erased ones are left out."""
    found = await accounts.by_id(tx, account_ids=account_ids)
    return {each.id: open_account(keys, each) for each in found}
