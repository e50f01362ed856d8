"""All SQL of accounts. Personal fields come and go sealed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Record, Sql, Tx

# ---------------------------------------------------------------- persons

INSERT_DATA_KEY = Sql("""
INSERT INTO data_keys (person_id, wrapped_key, master_key_id, created_at) VALUES ($1, $2, $3, $4)
""")


async def insert_data_key(
    tx: Tx, *, person_id: UUID, wrapped_key: bytes, master_key_id: str, now: datetime
) -> None:
    """Keep a person's wrapped data key."""
    await tx.run(INSERT_DATA_KEY, person_id, wrapped_key, master_key_id, now)


DATA_KEY = Sql("SELECT wrapped_key, master_key_id FROM data_keys WHERE person_id = $1")


async def data_key(tx: ReadTx, *, person_id: UUID) -> Record | None:
    """The wrapped data key, or None after erasure."""
    return await tx.row(DATA_KEY, person_id)


# ---------------------------------------------------------------- accounts

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


async def accounts(tx: ReadTx, *, account_ids: Iterable[UUID]) -> list[Record]:
    """Accounts with their data keys; erased persons are left out."""
    return await tx.rows(ACCOUNTS, list(account_ids))


ACCOUNT_BY_EMAIL = Sql("""
SELECT a.id, a.email_sealed, a.name_sealed, a.password_hash, a.locale, a.state, a.version, a.created_at,
       k.wrapped_key, k.master_key_id
  FROM account_emails AS e
  JOIN accounts AS a ON a.id = e.account_id
  JOIN data_keys AS k ON k.person_id = a.id
 WHERE e.email_index = $1 AND a.state = 'active'
""")


async def account_by_email(tx: ReadTx, *, email_index: bytes) -> Record | None:
    """The active account of an e-mail, with its password hash."""
    return await tx.row(ACCOUNT_BY_EMAIL, email_index)


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


# ---------------------------------------------------------------- sessions

INSERT_SESSION = Sql("""
INSERT INTO sessions (token_hash, account_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)
""")


async def insert_session(
    tx: Tx, *, token_hash: bytes, account_id: UUID, now: datetime, expires_at: datetime
) -> None:
    """Write a new session."""
    await tx.run(INSERT_SESSION, token_hash, account_id, now, expires_at)


# The seller membership is read here although sellers own it: every page asks who is asking, in one round trip.
IDENTITY = Sql("""
SELECT a.id, a.email_sealed, a.name_sealed, a.locale, a.state, a.version, a.created_at, k.wrapped_key, k.master_key_id,
       ARRAY(SELECT m.seller_id FROM seller_members AS m WHERE m.account_id = a.id) AS seller_ids,
       EXISTS (SELECT FROM platform_staff AS f WHERE f.account_id = a.id) AS is_staff
  FROM sessions AS s
  JOIN accounts AS a ON a.id = s.account_id AND a.state = 'active'
  JOIN data_keys AS k ON k.person_id = a.id
 WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2
""")


async def identity(tx: ReadTx, *, token_hash: bytes, now: datetime) -> Record | None:
    """The active account of a valid session, with the sellers it works for."""
    return await tx.row(IDENTITY, token_hash, now)


APPOINT_STAFF = Sql("""
INSERT INTO platform_staff (account_id, created_at) VALUES ($1, $2) ON CONFLICT (account_id) DO NOTHING
""")
DISMISS_STAFF = Sql("DELETE FROM platform_staff WHERE account_id = $1")


STAFF_IDS = Sql("SELECT account_id FROM platform_staff ORDER BY account_id")


async def staff_ids(tx: ReadTx) -> list[UUID]:
    """The accounts of the platform's staff."""
    return [row[0] for row in await tx.rows(STAFF_IDS)]


async def insert_staff(tx: Tx, *, account_id: UUID, now: datetime) -> None:
    """Enter an account into the platform's staff."""
    await tx.run(APPOINT_STAFF, account_id, now)


async def delete_staff(tx: Tx, *, account_id: UUID) -> None:
    """Take an account out of the platform's staff."""
    await tx.run(DISMISS_STAFF, account_id)


REVOKE_SESSION = Sql("UPDATE sessions SET revoked_at = $2 WHERE token_hash = $1 AND revoked_at IS NULL")


async def revoke_session(tx: Tx, *, token_hash: bytes, now: datetime) -> None:
    """End one session."""
    await tx.run(REVOKE_SESSION, token_hash, now)


REVOKE_SESSIONS = Sql("UPDATE sessions SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL")


async def revoke_sessions(tx: Tx, *, account_id: UUID, now: datetime) -> int:
    """End every session of an account; how many there were."""
    return await tx.run(REVOKE_SESSIONS, account_id, now)


DELETE_OLD_SESSIONS = Sql("DELETE FROM sessions WHERE expires_at < $1")


async def delete_old_sessions(tx: Tx, *, before: datetime) -> int:
    """Forget sessions that expired before a moment."""
    return await tx.run(DELETE_OLD_SESSIONS, before)


# ---------------------------------------------------------------- addresses

ADDRESSES = Sql("""
SELECT id, sealed, is_default, version FROM addresses
 WHERE account_id = $1 ORDER BY is_default DESC, created_at DESC, id
""")


async def addresses(tx: ReadTx, *, account_id: UUID) -> list[Record]:
    """The address book: the default one first, then the newest."""
    return await tx.rows(ADDRESSES, account_id)


ADDRESS = Sql("SELECT id, sealed, is_default, version FROM addresses WHERE id = $1 AND account_id = $2")


async def address(tx: ReadTx, *, account_id: UUID, address_id: UUID) -> Record | None:
    """One address of an account's own."""
    return await tx.row(ADDRESS, address_id, account_id)


COUNT_ADDRESSES = Sql("SELECT count(*) FROM addresses WHERE account_id = $1")


async def count_addresses(tx: ReadTx, *, account_id: UUID) -> int:
    """How many addresses the account keeps."""
    count: int = await tx.value(COUNT_ADDRESSES, account_id)
    return count


CLEAR_DEFAULT = Sql(
    "UPDATE addresses SET is_default = false WHERE account_id = $1 AND is_default AND id <> $2"
)


async def clear_default(tx: Tx, *, account_id: UUID, but: UUID) -> None:
    """Make no address but `but` the default one."""
    await tx.run(CLEAR_DEFAULT, account_id, but)


INSERT_ADDRESS = Sql("""
INSERT INTO addresses (id, account_id, sealed, country, is_default, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
""")


async def insert_address(
    tx: Tx,
    *,
    address_id: UUID,
    account_id: UUID,
    sealed: bytes,
    country: str,
    is_default: bool,
    now: datetime,
) -> None:
    """Write a new address."""
    await tx.run(INSERT_ADDRESS, address_id, account_id, sealed, country, is_default, now)


UPDATE_ADDRESS = Sql("""
UPDATE addresses SET sealed = $4, country = $5, is_default = is_default OR $6, version = version + 1, updated_at = $7
 WHERE id = $1 AND account_id = $2 AND version = $3
RETURNING is_default, version
""")


async def update_address(
    tx: Tx,
    *,
    address_id: UUID,
    account_id: UUID,
    version: int,
    sealed: bytes,
    country: str,
    make_default: bool,
    now: datetime,
) -> Record | None:
    """Change an address that still has this version; None when it does not."""
    return await tx.row(UPDATE_ADDRESS, address_id, account_id, version, sealed, country, make_default, now)


DELETE_ADDRESS = Sql("DELETE FROM addresses WHERE id = $1 AND account_id = $2 RETURNING is_default")


async def delete_address(tx: Tx, *, account_id: UUID, address_id: UUID) -> Record | None:
    """Delete an address of an account's own; None when there is none."""
    return await tx.row(DELETE_ADDRESS, address_id, account_id)


PROMOTE_NEWEST = Sql("""
UPDATE addresses SET is_default = true
 WHERE id = (SELECT id FROM addresses WHERE account_id = $1 ORDER BY created_at DESC, id LIMIT 1)
""")


async def promote_newest(tx: Tx, *, account_id: UUID) -> None:
    """Make the newest address the default one."""
    await tx.run(PROMOTE_NEWEST, account_id)


# ---------------------------------------------------------------- limits

COUNT_HITS = Sql("""
INSERT INTO rate_limits AS r (bucket, window_start, hits)
SELECT bucket, window_start, 1 FROM unnest($1::bytea[], $2::timestamptz[]) AS h (bucket, window_start)
 ORDER BY bucket, window_start
    ON CONFLICT (bucket, window_start) DO UPDATE SET hits = r.hits + 1
RETURNING bucket, hits
""")


async def count_hits(
    tx: Tx, *, buckets: Sequence[bytes], window_starts: Sequence[datetime]
) -> dict[bytes, int]:
    """Count one attempt in each bucket's window; the counts, this one included."""
    rows = await tx.rows(COUNT_HITS, list(buckets), list(window_starts))
    return {row["bucket"]: row["hits"] for row in rows}


TAKE_BACK_HITS = Sql("""
UPDATE rate_limits AS r SET hits = greatest(r.hits - h.hits, 0)
  FROM (SELECT l.bucket, l.window_start, h.hits
          FROM unnest($1::bytea[], $2::timestamptz[], $3::integer[]) AS h (bucket, window_start, hits)
          JOIN rate_limits AS l USING (bucket, window_start)
         ORDER BY l.bucket, l.window_start FOR UPDATE OF l) AS h
 WHERE r.bucket = h.bucket AND r.window_start = h.window_start
""")


async def take_back_hits(
    tx: Tx, *, buckets: Sequence[bytes], window_starts: Sequence[datetime], hits: Sequence[int]
) -> None:
    """Take attempts back from the buckets' windows."""
    await tx.run(TAKE_BACK_HITS, list(buckets), list(window_starts), list(hits))


DELETE_OLD_LIMITS = Sql("DELETE FROM rate_limits WHERE window_start < $1")


async def delete_old_limits(tx: Tx, *, before: datetime) -> int:
    """Forget counters whose window began before a moment."""
    return await tx.run(DELETE_OLD_LIMITS, before)
