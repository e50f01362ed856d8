"""All SQL of notifications and mails."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql, Tx
from merx.infra.rows import Columns
from merx.kit.ids import new_id
from merx.notifications.model import QueuedMail, StoredNotification

STORED: Final = Columns(StoredNotification)

INSERT_NOTIFICATIONS = Sql("""
INSERT INTO notifications (event_id, account_id, kind, data, created_at)
SELECT $1, account_id, $3, $4::jsonb, $5 FROM unnest($2::uuid[]) AS a (account_id)
 ORDER BY account_id
    ON CONFLICT (account_id, event_id, kind) DO NOTHING
""")
INSERT_MAILS = Sql("""
INSERT INTO mails (id, account_id, event_id, kind, data, state, next_attempt_at, created_at)
SELECT id, account_id, $1, $4, $5::jsonb, 'queued', $6, $6
  FROM unnest($2::uuid[], $3::uuid[]) AS a (id, account_id)
 ORDER BY account_id
    ON CONFLICT (account_id, event_id, kind) DO NOTHING
""")


async def insert(
    tx: Tx, *, event_id: UUID, account_ids: Collection[UUID], kind: str, data: Any, created_at: datetime
) -> None:
    """Write a notification and queue a mail for each account, once per event and kind."""
    encoded = msgspec.json.encode(data).decode()
    await tx.run(INSERT_NOTIFICATIONS, event_id, list(account_ids), kind, encoded, created_at)
    ids = [new_id() for _ in account_ids]
    await tx.run(INSERT_MAILS, event_id, ids, list(account_ids), kind, encoded, created_at)


NOTIFICATIONS = Sql(f"""
SELECT {STORED.of("n")} FROM notifications n
 WHERE n.account_id = $1 AND (n.created_at, n.event_id, n.kind) < ($2, $3, $4)
 ORDER BY n.created_at DESC, n.event_id DESC, n.kind DESC
 LIMIT $5
""")


async def notifications(
    tx: ReadTx, *, account_id: UUID, before: tuple[datetime, UUID, str], limit: int
) -> list[StoredNotification]:
    """An account's notifications older than a position, newest first."""
    return [STORED.read(row) for row in await tx.rows(NOTIFICATIONS, account_id, *before, limit)]


COUNT_UNREAD = Sql("SELECT count(*) FROM notifications WHERE account_id = $1 AND read_at IS NULL")


async def count_unread(tx: ReadTx, *, account_id: UUID) -> int:
    """How many notifications the account has not read."""
    count: int = await tx.value(COUNT_UNREAD, account_id)
    return count


MARK_READ = Sql("""
UPDATE notifications SET read_at = $3
 WHERE account_id = $1 AND read_at IS NULL AND ($2::uuid[] IS NULL OR event_id = ANY($2::uuid[]))
""")


async def mark_read(tx: Tx, *, account_id: UUID, event_ids: Sequence[UUID] | None, now: datetime) -> int:
    """Mark notifications of these events (None: all) read; how many were not yet."""
    return await tx.run(MARK_READ, account_id, None if event_ids is None else list(event_ids), now)


CLAIM_MAILS = Sql("""
UPDATE mails SET state = 'sending', attempts = attempts + 1, next_attempt_at = $2
 WHERE id = ANY(ARRAY(SELECT id FROM mails
               WHERE state IN ('queued', 'sending') AND next_attempt_at <= $1
               ORDER BY next_attempt_at, id
               LIMIT $3
                 FOR UPDATE SKIP LOCKED))
RETURNING id, account_id, kind, data, attempts, created_at
""")


async def claim_mails(tx: Tx, *, now: datetime, lease_until: datetime, limit: int) -> list[QueuedMail]:
    """Claim mails that are due, or whose claim has run out; the oldest first."""
    mails = [
        QueuedMail(
            id=row["id"],
            account_id=row["account_id"],
            kind=row["kind"],
            data=msgspec.json.decode(row["data"], type=dict[str, Any]),
            attempts=row["attempts"],
            created_at=row["created_at"],
        )
        for row in await tx.rows(CLAIM_MAILS, now, lease_until, limit)
    ]
    return sorted(mails, key=lambda mail: (mail.created_at, mail.id))


# Only who holds the claim may settle it: a claim that has run out was counted again by another process.
SETTLE_MAIL = Sql("""
UPDATE mails SET state = $3, next_attempt_at = coalesce($4, next_attempt_at)
 WHERE id = $1 AND attempts = $2 AND state = 'sending'
""")


async def settle_mail(
    tx: Tx, *, mail: QueuedMail, state: str, next_attempt_at: datetime | None = None
) -> bool:
    """Record what became of a claimed mail; False when the claim has passed to another process."""
    return await tx.run(SETTLE_MAIL, mail.id, mail.attempts, state, next_attempt_at) == 1
