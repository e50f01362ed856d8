"""SQL of sessions."""

from datetime import datetime
from uuid import UUID

from merx.infra.db import Sql, Tx

INSERT_SESSION = Sql("""
INSERT INTO sessions (token_hash, account_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)
""")


async def insert_session(
    tx: Tx, *, token_hash: bytes, account_id: UUID, now: datetime, expires_at: datetime
) -> None:
    """Write a new session."""
    await tx.run(INSERT_SESSION, token_hash, account_id, now, expires_at)


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
