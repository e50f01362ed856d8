"""The outbox: every change writes its event in its own transaction; one feed in order of commit visibility.

The feed is ordered by (xid, id). A reader sees only events of transactions older than every running one
(`pg_snapshot_xmin`), so a cursor never skips an event that commits late. It is replayable from any cursor.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql, Tx
from merx.kit.events import E, Event, decode_event, encode_data, subject_of
from merx.kit.ids import new_id

FEED_LIMIT: Final = 500
START: Final = (0, UUID(int=0))

What_co = TypeVar("What_co", covariant=True)


class Heard(msgspec.Struct, Generic[What_co], frozen=True):
    """An event as its readers get it: what happened, when, and under which id."""

    event: What_co
    id: UUID
    created_at: datetime


class StoredEvent(msgspec.Struct, frozen=True):
    """An event in the feed as it was written, of any kind; (xid, id) is its place."""

    id: UUID
    xid: int
    kind: str
    subject_id: UUID
    data: str
    actor_id: UUID | None
    created_at: datetime


PUBLISH = Sql("""
INSERT INTO events (id, kind, subject_id, data, actor_id, created_at)
SELECT id, kind, subject_id, data, actor_id, $6
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::jsonb[], $5::uuid[])
    AS e (id, kind, subject_id, data, actor_id)
""")


async def publish(tx: Tx, events: Sequence[Event], *, now: datetime) -> None:
    """Write events into the outbox, in order."""
    if not events:
        return
    await tx.run(
        PUBLISH,
        [new_id() for _ in events],
        [type(event).__name__ for event in events],
        [subject_of(event) for event in events],
        [encode_data(event) for event in events],
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
  FROM events WHERE subject_id = $1 AND kind = ANY($2::text[]) ORDER BY id LIMIT $3
""")


async def history(
    tx: ReadTx, *, subject_id: UUID, of: Sequence[type[E]], limit: int = FEED_LIMIT
) -> list[Heard[E]]:
    """What happened to one subject, of these kinds, oldest first: the timeline."""
    kinds = by_kind(of)
    rows = await tx.rows(HISTORY, subject_id, list(kinds), limit)
    return [hear(_stored(row), kinds) for row in rows]


def by_kind(types: Sequence[type[E]]) -> dict[str, type[E]]:
    """Types of events by the kind they are kept under."""
    return {each.__name__: each for each in types}


def hear(stored: StoredEvent, kinds: Mapping[str, type[E]]) -> Heard[E]:
    """A stored event of one of these kinds, as a value. Raises msgspec.ValidationError when its data are not of it."""
    event = decode_event(
        kinds[stored.kind], subject_id=stored.subject_id, data=stored.data, actor_id=stored.actor_id
    )
    return Heard(event, stored.id, stored.created_at)


def _stored(row: Any) -> StoredEvent:
    return StoredEvent(
        id=row["id"], xid=row["xid"], kind=row["kind"], subject_id=row["subject_id"], data=row["data"],
        actor_id=row["actor_id"], created_at=row["created_at"],
    )  # fmt: skip
