"""Deliver the feed to its handlers, in order, at least once, and exactly once for what a handler writes.

Each handler has its own cursor, moved in the transaction of the handler's own writes. A handler that fails is tried
again later, with growing pauses; an event it keeps failing on is parked, where a person sees it, and the others go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
import structlog

from merx.infra.db import Database, Sql, Tx
from merx.infra.outbox import FEED_LIMIT, Heard, by_kind, hear, read_feed

ATTEMPTS: Final = 8
_FIRST_PAUSE: Final = timedelta(seconds=1)
_LOG = structlog.get_logger(__name__)

What = TypeVar("What")


class Subscription(msgspec.Struct, Generic[What], frozen=True):
    """A handler's stable name, the types of event it wants, and the handler."""

    name: str
    events: tuple[type[What], ...]
    handle: Callable[[Tx, Heard[What]], Awaitable[None]]


Subscriptions = Sequence[Subscription[Any]]


class _Cursor(msgspec.Struct, frozen=True):
    xid: int
    event_id: UUID
    failures: int


ADD_CURSOR = Sql("""
INSERT INTO subscription_cursors (handler, xid, event_id) VALUES ($1, '0', '00000000-0000-0000-0000-000000000000')
    ON CONFLICT (handler) DO NOTHING
""")
PENDING = Sql("""
SELECT c.handler FROM subscription_cursors c
 WHERE c.handler = ANY($1::text[]) AND (c.retry_at IS NULL OR c.retry_at <= $2)
   AND EXISTS (SELECT FROM events e
                WHERE (e.xid, e.id) > (c.xid, c.event_id) AND e.xid < pg_snapshot_xmin(pg_current_snapshot()))
""")
UNREAD = Sql("""
SELECT EXISTS (SELECT FROM subscription_cursors c JOIN events e ON (e.xid, e.id) > (c.xid, c.event_id)
                WHERE c.handler = ANY($1::text[]) AND (c.retry_at IS NULL OR c.retry_at <= $2))
""")
LOCK_CURSOR = Sql("""
SELECT xid::text::bigint AS xid, event_id, failures FROM subscription_cursors
 WHERE handler = $1 AND (retry_at IS NULL OR retry_at <= $2)
   FOR UPDATE SKIP LOCKED
""")
MOVE_CURSOR = Sql("""
UPDATE subscription_cursors SET xid = $2::text::xid8, event_id = $3, failures = 0, retry_at = NULL WHERE handler = $1
""")
FAIL = Sql("UPDATE subscription_cursors SET failures = failures + 1, retry_at = $2 WHERE handler = $1")
PARK = Sql("""
INSERT INTO parked_deliveries (handler, event_id, error, parked_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (handler, event_id) DO NOTHING
""")


async def subscribe(db: Database, subscriptions: Subscriptions) -> None:
    """Give every handler its cursor; a new one begins at the start of the feed."""
    for subscription in subscriptions:
        await db.write(partial(_add_cursor, name=subscription.name))


async def _add_cursor(tx: Tx, *, name: str) -> None:
    await tx.run(ADD_CURSOR, name)


async def dispatch(db: Database, subscriptions: Subscriptions, *, now: datetime) -> int:
    """Deliver what is due to every handler; returns how many events were read. Idle, it writes nothing."""
    by_name = {subscription.name: subscription for subscription in subscriptions}
    async with db.read() as read:
        pending = [row[0] for row in await read.rows(PENDING, list(by_name), now)]
    return sum([await _dispatch_to(db, by_name[name], now=now) for name in pending])


async def drain(db: Database, subscriptions: Subscriptions, *, now: datetime) -> None:
    """Deliver until nothing is due, also what a transaction still running anywhere on the server hides. For tests."""
    await subscribe(db, subscriptions)
    names = [subscription.name for subscription in subscriptions]
    async with db.read() as read:
        # Waits for a transaction elsewhere to end, of which there is no sign but this.
        while await dispatch(db, subscriptions, now=now) or await read.value(UNREAD, names, now):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def _dispatch_to(db: Database, subscription: Subscription[Any], *, now: datetime) -> int:
    try:
        return await db.write(lambda tx: _deliver(tx, subscription, now=now, limit=FEED_LIMIT))
    except Exception:  # noqa: BLE001 - whatever a handler does wrong, the others go on
        _LOG.exception("handler_failed_in_batch", handler=subscription.name)
    delivered = 0
    try:  # each event in a transaction of its own, up to the one that fails
        while await db.write(lambda tx: _deliver(tx, subscription, now=now, limit=1)):
            delivered += 1
    except Exception as error:  # noqa: BLE001 - recorded against the handler
        _LOG.exception("handler_failed", handler=subscription.name)
        await db.write(partial(_record_failure, subscription=subscription, error=error, now=now))
    return delivered


async def _deliver(tx: Tx, subscription: Subscription[Any], *, now: datetime, limit: int) -> int:
    cursor = await _take(tx, subscription, now=now)
    if cursor is None:
        return 0
    events = await read_feed(tx, after=(cursor.xid, cursor.event_id), limit=limit)
    if not events:
        return 0
    kinds = by_kind(subscription.events)
    for event in events:
        if event.kind in kinds:
            await subscription.handle(tx, hear(event, kinds))
    await tx.run(MOVE_CURSOR, subscription.name, str(events[-1].xid), events[-1].id)
    return len(events)


async def _take(tx: Tx, subscription: Subscription[Any], *, now: datetime) -> _Cursor | None:
    row = await tx.row(LOCK_CURSOR, subscription.name, now)
    return None if row is None else _Cursor(row["xid"], row["event_id"], row["failures"])


async def _record_failure(
    tx: Tx, *, subscription: Subscription[Any], error: Exception, now: datetime
) -> None:
    cursor = await _take(tx, subscription, now=now)
    if cursor is None:
        return
    if cursor.failures + 1 < ATTEMPTS:
        await tx.run(FAIL, subscription.name, now + _FIRST_PAUSE * 2**cursor.failures)
        return
    events = await read_feed(tx, after=(cursor.xid, cursor.event_id), limit=1)
    if events:
        await tx.run(PARK, subscription.name, events[0].id, repr(error)[:2000], now)
        await tx.run(MOVE_CURSOR, subscription.name, str(events[0].xid), events[0].id)
