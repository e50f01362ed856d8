"""SQL of accounts and the directory of their e-mails. Personal fields come and go sealed."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from merx.accounts.model import SealedAccount
from merx.infra.db import ReadTx, Sql, Tx

INSERT_ACCOUNT = Sql("""
INSERT INTO accounts (id, email_sealed, name_sealed, password_hash, locale, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
""")


async def insert_account(
    tx: Tx, *, account_id: UUID, email: bytes, name: bytes, password_hash: str, locale: str, now: datetime
) -> None:
    """Write a new account; e-mail and name sealed."""
    await tx.run(INSERT_ACCOUNT, account_id, email, name, password_hash, locale, now)


CLAIM_EMAIL = Sql("""
INSERT INTO account_emails (email_index, account_id) VALUES ($1, $2) ON CONFLICT (email_index) DO NOTHING
""")


async def claim_email(tx: Tx, *, email_index: bytes, account_id: UUID) -> bool:
    """Enter the e-mail into the directory; False when somebody has it."""
    return await tx.run(CLAIM_EMAIL, email_index, account_id) == 1


ACCOUNTS = Sql("""
SELECT a.id, a.email_sealed, a.name_sealed, a.locale, a.state, a.version, a.created_at, k.wrapped_key, k.master_key_id
  FROM accounts AS a JOIN data_keys AS k ON k.person_id = a.id
 WHERE a.id = ANY($1::uuid[])
""")


async def by_id(tx: ReadTx, *, account_ids: Iterable[UUID]) -> list[SealedAccount]:
    """Accounts with their data keys; erased persons are left out."""
    return [SealedAccount(**row) for row in await tx.rows(ACCOUNTS, list(account_ids))]


ACCOUNT_BY_EMAIL = Sql("""
SELECT a.id, a.email_sealed, a.name_sealed, a.password_hash, a.locale, a.state, a.version, a.created_at,
       k.wrapped_key, k.master_key_id
  FROM account_emails AS e
  JOIN accounts AS a ON a.id = e.account_id
  JOIN data_keys AS k ON k.person_id = a.id
 WHERE e.email_index = $1 AND a.state = 'active'
""")


class Credentials(SealedAccount, frozen=True, kw_only=True):
    """An account and what its password is checked by."""

    password_hash: str


async def by_email(tx: ReadTx, *, email_index: bytes) -> Credentials | None:
    """The active account of an e-mail, with its password hash."""
    row = await tx.row(ACCOUNT_BY_EMAIL, email_index)
    return None if row is None else Credentials(**row)


LOCK_ACCOUNT = Sql("SELECT id FROM accounts WHERE id = $1 AND state = 'active' FOR NO KEY UPDATE")


async def lock_account(tx: Tx, *, account_id: UUID) -> bool:
    """Serialise writers of one account; False when there is no such active account."""
    return await tx.row(LOCK_ACCOUNT, account_id) is not None


LOCK_CREDENTIALS = Sql("""
SELECT id FROM accounts WHERE id = $1 AND state = 'active' AND password_hash = $2 FOR NO KEY UPDATE
""")


async def lock_credentials(tx: Tx, *, account_id: UUID, password_hash: str) -> bool:
    """Lock an account that is still active and still has this password hash."""
    return await tx.row(LOCK_CREDENTIALS, account_id, password_hash) is not None


SET_PASSWORD_HASH = Sql("UPDATE accounts SET password_hash = $2, updated_at = $3 WHERE id = $1")


async def set_password_hash(tx: Tx, *, account_id: UUID, password_hash: str, now: datetime) -> None:
    """Replace the hash of the same password by one in the present parameters."""
    await tx.run(SET_PASSWORD_HASH, account_id, password_hash, now)
