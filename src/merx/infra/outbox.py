"""The outbox: every change writes its event in its own transaction; one feed in order of commit visibility.

The feed is ordered by (xid, id). A reader sees only events of transactions older than every running one
(`pg_snapshot_xmin`), so a cursor never skips an event that commits late. It is replayable from any cursor.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql, Tx
from merx.kit.ids import new_id

FEED_LIMIT: Final = 500
START: Final = (0, UUID(int=0))


class Event(msgspec.Struct, frozen=True):
    """A fact that happened. `data` carries what a subscriber needs: ids, amounts, times; never a live object."""

    kind: str
    subject_id: UUID
    data: dict[str, Any]
    actor_id: UUID | None = None


class StoredEvent(msgspec.Struct, frozen=True):
    """An event in the feed; (xid, id) is its place."""

    id: UUID
    xid: int
    kind: str
    subject_id: UUID
    data: dict[str, Any]
    actor_id: UUID | None
    created_at: datetime


PUBLISH = Sql("""
INSERT INTO events (id, kind, subject_id, data, actor_id, created_at)
SELECT id, kind, subject_id, data, actor_id, $6
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::jsonb[], $5::uuid[])
    AS e (id, kind, subject_id, data, actor_id)
""")


async def publish(tx: Tx, events: list[Event], *, now: datetime) -> None:
    """Write events into the outbox, in order."""
    if not events:
        return
    await tx.run(
        PUBLISH,
        [new_id() for _ in events],
        [event.kind for event in events],
        [event.subject_id for event in events],
        [msgspec.json.encode(event.data).decode() for event in events],
        [event.actor_id for event in events],
        now,
    )


READ_FEED = Sql("""
SELECT id, xid::text::bigint AS xid, kind, subject_id, data, actor_id, created_at
  FROM events
 WHERE (xid, id) > ($1::text::xid8, $2::uuid)
   AND xid < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY xid, id
 LIMIT $3
""")


async def read_feed(
    tx: ReadTx, *, after: tuple[int, UUID] = START, limit: int = FEED_LIMIT
) -> list[StoredEvent]:
    """Events after a cursor, oldest first."""
    rows = await tx.rows(READ_FEED, str(after[0]), after[1], limit)
    return [_stored(row) for row in rows]


HISTORY = Sql("""
SELECT id, xid::text::bigint AS xid, kind, subject_id, data, actor_id, created_at
  FROM events WHERE subject_id = $1 ORDER BY id LIMIT $2
""")


async def history(tx: ReadTx, *, subject_id: UUID, limit: int = FEED_LIMIT) -> list[StoredEvent]:
    """Everything that happened to one subject, oldest first: the timeline."""
    return [_stored(row) for row in await tx.rows(HISTORY, subject_id, limit)]


def _stored(row: Any) -> StoredEvent:
    return StoredEvent(
        id=row["id"], xid=row["xid"], kind=row["kind"], subject_id=row["subject_id"],
        data=msgspec.json.decode(row["data"]), actor_id=row["actor_id"], created_at=row["created_at"],
    )  # fmt: skip
