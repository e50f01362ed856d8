"""Who holds this token; ending sessions."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from merx.accounts import store
from merx.accounts.model import Account, Identity
from merx.accounts.persons import open_account
from merx.infra.crypto import MasterKeys, token_hash
from merx.infra.db import ReadTx, Tx


async def authenticate(tx: ReadTx, keys: MasterKeys, *, token: str, now: datetime) -> Identity | None:
    """The identity behind a session token; None when it is unknown, expired or revoked, or the account not active."""
    if not token.isascii():
        return None
    row = await store.identity(tx, token_hash=token_hash(token), now=now)
    if row is None:
        return None
    return Identity(
        account=open_account(keys, row), seller_ids=frozenset(row["seller_ids"]), is_staff=row["is_staff"]
    )


async def log_out(tx: Tx, *, token: str, now: datetime) -> None:
    """End the session of a token; ending it twice, or one that never was, is no error."""
    if token.isascii():
        await store.revoke_session(tx, token_hash=token_hash(token), now=now)


async def revoke_all(tx: Tx, *, account_id: UUID, now: datetime) -> int:
    """End every session of an account; how many were open."""
    return await store.revoke_sessions(tx, account_id=account_id, now=now)


async def account_contacts(
    tx: ReadTx, keys: MasterKeys, *, account_ids: Iterable[UUID]
) -> dict[UUID, Account]:
    """Accounts by id, whatever their state; unknown and erased ones are left out."""
    return {row["id"]: open_account(keys, row) for row in await store.accounts(tx, account_ids=account_ids)}
