"""The outbox: written with its cause or not at all, read in order, replayable from any place."""

from datetime import datetime
from typing import Any

import asyncpg
import pytest

from merx.infra.db import Database, Tx
from merx.infra.outbox import START, Event, StoredEvent, history, publish, read_feed
from merx.kit.ids import new_id


async def whole_feed(db: Database, limit: int) -> list[StoredEvent]:
    """Read page by page, as a subscriber does, until everything committed has been seen."""
    seen: list[StoredEvent] = []
    async with db.read() as read:
        while len(seen) < 7:  # a transaction elsewhere on the server may hide the end for a moment
            after = (seen[-1].xid, seen[-1].id) if seen else START
            seen += await read_feed(read, after=after, limit=limit)
        assert await read_feed(read, after=(seen[-1].xid, seen[-1].id), limit=limit) == []
    return seen


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_pages_of_any_size_make_the_same_feed(db: Database, now: datetime, limit: int) -> None:
    subject = new_id()
    await db.write(lambda tx: publish(tx, [Event("A", subject, {"n": n}) for n in range(4)], now=now))
    await db.write(lambda tx: publish(tx, [Event("B", subject, {"n": n}) for n in range(4, 7)], now=now))
    assert [event.data["n"] for event in await whole_feed(db, limit)] == list(range(7))


async def test_what_is_rolled_back_never_happened(db: Database, now: datetime, owner: Any) -> None:
    async def change_ones_mind(tx: Tx) -> None:
        await publish(tx, [Event("A", new_id(), {})], now=now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await db.write(change_ones_mind)
    assert await owner.fetchval("SELECT count(*) FROM events") == 0


async def test_history_is_one_subjects_in_order(db: Database, now: datetime) -> None:
    mine, other, actor = new_id(), new_id(), new_id()
    events = [Event("A", mine, {"text": "茶"}, actor), Event("B", other, {}), Event("C", mine, {"n": None})]
    await db.write(lambda tx: publish(tx, events, now=now))
    async with db.read() as read:
        found = await history(read, subject_id=mine)
    assert [(e.kind, e.data, e.actor_id, e.created_at) for e in found] == [
        ("A", {"text": "茶"}, actor, now),
        ("C", {"n": None}, None, now),
    ]


async def test_publishing_nothing_sends_nothing(db: Database, now: datetime) -> None:
    async with db.transaction() as tx:
        before = db.statements
        await publish(tx, [], now=now)
        assert db.statements == before


@pytest.mark.parametrize("sql", ["UPDATE events SET kind = 'X'", "DELETE FROM events"])
async def test_the_application_cannot_rewrite_the_feed(db: Database, sql: str) -> None:
    async with db.connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(sql)


async def test_what_an_older_transaction_may_still_precede_is_not_shown_yet(
    db: Database, now: datetime
) -> None:
    subject = new_id()
    async with db.transaction() as slow:
        await publish(slow, [Event("Older", subject, {})], now=now)
        await db.write(lambda tx: publish(tx, [Event("Newer", subject, {})], now=now))
        async with db.read() as read:
            assert await read_feed(read) == []
            assert [event.kind for event in await history(read, subject_id=subject)] == ["Newer"]
    seen: list[StoredEvent] = []
    async with db.read() as read:
        while len(seen) < 2:
            seen = await read_feed(read)
    assert [event.kind for event in seen] == ["Older", "Newer"]
