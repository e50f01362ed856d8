"""The outbox: written with its cause or not at all, read in order, replayable from any place."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import msgspec
import pytest

from merx.infra.db import Database, Tx
from merx.infra.outbox import START, StoredEvent, history, publish, read_feed
from merx.kit.events import Event
from merx.kit.ids import new_id


class Counted(Event, frozen=True):
    subject: ClassVar = "about"

    about: UUID
    n: int


class Said(Event, frozen=True):
    subject: ClassVar = "about"

    about: UUID
    text: str
    by: UUID | None
    again: bool = False


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
    await db.write(lambda tx: publish(tx, [Counted(subject, n) for n in range(4)], now=now))
    await db.write(lambda tx: publish(tx, [Counted(subject, n) for n in range(4, 7)], now=now))
    assert [event.data for event in await whole_feed(db, limit)] == [f'{{"n": {n}}}' for n in range(7)]


async def test_what_is_rolled_back_never_happened(db: Database, now: datetime, owner: Any) -> None:
    async def change_ones_mind(tx: Tx) -> None:
        await publish(tx, [Counted(new_id(), 1)], now=now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await db.write(change_ones_mind)
    assert await owner.fetchval("SELECT count(*) FROM events") == 0


async def test_history_is_one_subjects_in_order_and_of_the_kinds_asked_for(
    db: Database, now: datetime
) -> None:
    mine, other, actor = new_id(), new_id(), new_id()
    events = [
        Said(mine, "茶", None, actor_id=actor),
        Counted(mine, 1),
        Said(other, "?", None),
        Said(mine, "!", actor),
    ]
    await db.write(lambda tx: publish(tx, events, now=now))
    kinds: list[type[Event]] = [Said, Counted]
    async with db.read() as read:
        found = await history(read, subject_id=mine, of=[Said])
        both = await history(read, subject_id=mine, of=kinds)
    assert [(each.event, each.created_at) for each in found] == [(events[0], now), (events[3], now)]
    assert [each.event for each in both] == [events[0], events[1], events[3]]


async def test_an_event_is_kept_without_what_has_its_default(db: Database, now: datetime, owner: Any) -> None:
    subject, actor = new_id(), new_id()
    events = [Said(subject, "茶", None), Said(subject, "!", actor, again=True, actor_id=actor)]
    await db.write(lambda tx: publish(tx, events, now=now))
    rows = await owner.fetch("SELECT kind, subject_id, data, actor_id FROM events ORDER BY id")
    assert [
        (row["kind"], row["subject_id"], msgspec.json.decode(row["data"]), row["actor_id"]) for row in rows
    ] == [
        ("Said", subject, {"text": "茶", "by": None}, None),
        ("Said", subject, {"text": "!", "by": str(actor), "again": True}, actor),
    ]


async def test_what_is_not_known_any_more_is_passed_over(db: Database, now: datetime, owner: Any) -> None:
    subject = new_id()
    await owner.execute(
        """INSERT INTO events (id, kind, subject_id, data, created_at)
           VALUES ($1, 'Forgotten', $3, '{"x": 1}', $4), ($2, 'Counted', $3, '{"n": 1, "unknown": 2}', $4)""",
        new_id(), new_id(), subject, now,
    )  # fmt: skip
    async with db.read() as read:
        assert [each.event for each in await history(read, subject_id=subject, of=[Counted])] == [
            Counted(subject, 1)
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
    kinds: list[type[Event]] = [Said, Counted]
    async with db.transaction() as slow:
        await publish(slow, [Counted(subject, 1)], now=now)
        await db.write(lambda tx: publish(tx, [Said(subject, "", None)], now=now))
        async with db.read() as read:
            assert await read_feed(read) == []
            assert len(await history(read, subject_id=subject, of=kinds)) == 1
    seen: list[StoredEvent] = []
    async with db.read() as read:
        while len(seen) < 2:
            seen = await read_feed(read)
    assert [event.kind for event in seen] == ["Counted", "Said"]
