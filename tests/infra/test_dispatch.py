"""Delivery of the feed: in order, each handler's effects once, failures isolated, nothing skipped."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest

from merx.infra.db import Database, Sql, Tx
from merx.infra.dispatch import ATTEMPTS, Subscription, dispatch, drain, subscribe
from merx.infra.outbox import Heard, publish
from merx.kit.events import Event
from merx.kit.ids import new_id

SUBJECT = new_id()
NOTE = Sql("INSERT INTO leases (name, holder, expires_at) VALUES ($1, gen_random_uuid(), now())")


class Noted(Event, frozen=True):
    subject: ClassVar = "about"

    about: UUID
    n: int


class Other(Noted, frozen=True):
    pass


async def note(tx: Tx, heard: Heard[Noted]) -> None:
    """An effect that cannot be written twice: the name is a key."""
    await tx.run(NOTE, f"note {heard.event.n}")


NOTES = Subscription("test.notes", (Noted,), note)


async def happen(db: Database, now: datetime, *numbers: int, kind: type[Noted] = Noted) -> None:
    for number in numbers:
        await db.write(lambda tx, n=number: publish(tx, [kind(SUBJECT, n)], now=now))  # type: ignore[misc]


async def notes(owner: Any) -> list[int]:
    rows = await owner.fetch("SELECT name FROM leases WHERE name LIKE 'note %'")
    return sorted(int(row["name"].split()[1]) for row in rows)


async def test_events_arrive_in_order_and_only_the_wanted_kinds(db: Database, now: datetime) -> None:
    seen: list[tuple[str, int]] = []

    async def see(_tx: Tx, heard: Heard[Noted]) -> None:
        seen.append((type(heard.event).__name__, heard.event.n))

    await happen(db, now, 1, 2)
    await happen(db, now, 3, kind=Other)
    await happen(db, now, 4)
    await drain(db, [Subscription("test.see", (Noted,), see)], now=now)
    assert seen == [("Noted", 1), ("Noted", 2), ("Noted", 4)]


async def test_a_new_handler_begins_at_the_start_of_the_feed_and_an_old_one_goes_on(
    db: Database, now: datetime, owner: Any
) -> None:
    await happen(db, now, 1)
    await drain(db, [NOTES], now=now)
    await happen(db, now, 2)
    seen: list[int] = []

    async def see(_tx: Tx, heard: Heard[Noted]) -> None:
        seen.append(heard.event.n)

    await drain(db, [NOTES, Subscription("test.late", (Noted,), see)], now=now)
    assert seen == [1, 2]
    assert await notes(owner) == [1, 2]


async def test_ten_deliverers_at_once_apply_every_event_once(db: Database, now: datetime, owner: Any) -> None:
    """No key protects this handler's effect: a second delivery would be a second row."""

    async def careless(tx: Tx, heard: Heard[Noted]) -> None:
        await tx.run(NOTE, f"note {heard.event.n} {new_id()}")

    subscription = Subscription("test.careless", (Noted,), careless)
    await happen(db, now, *range(40))
    await drain(db, [], now=now)
    await subscribe(db, [subscription])
    await asyncio.gather(*(dispatch(db, [subscription], now=now) for _ in range(10)))
    await drain(db, [subscription], now=now)
    assert await notes(owner) == list(range(40))
    row = await owner.fetchrow("SELECT failures, retry_at FROM subscription_cursors")
    assert tuple(row) == (0, None), "no deliverer got in another's way"


async def test_an_event_that_commits_late_is_not_skipped(db: Database, now: datetime, owner: Any) -> None:
    async with db.transaction() as slow:
        await publish(slow, [Noted(SUBJECT, 1)], now=now)
        await happen(db, now, 2)
        await subscribe(db, [NOTES])
        assert await dispatch(db, [NOTES], now=now) == 0, "what an older transaction may precede has to wait"
        assert await notes(owner) == []
    await drain(db, [NOTES], now=now)
    assert await notes(owner) == [1, 2]


async def test_effects_and_cursor_are_one_transaction(db: Database, now: datetime, owner: Any) -> None:
    """Two events of one batch: the second fails, so the first is applied alone, once, and kept."""
    broken = True

    async def careful(tx: Tx, heard: Heard[Noted]) -> None:
        await note(tx, heard)
        if broken and heard.event.n == 2:
            raise RuntimeError("no")

    subscription = Subscription("test.careful", (Noted,), careful)
    await happen(db, now, 1, 2, 3)
    await drain(db, [subscription], now=now)
    assert await notes(owner) == [1]
    row = await owner.fetchrow("SELECT failures, retry_at FROM subscription_cursors")
    assert tuple(row) == (1, now + timedelta(seconds=1))
    broken = False
    await drain(db, [subscription], now=now)
    assert await notes(owner) == [1], "it is not due yet"
    await drain(db, [subscription], now=now + timedelta(seconds=1))
    assert await notes(owner) == [1, 2, 3]
    assert await owner.fetchval("SELECT failures FROM subscription_cursors") == 0


async def test_an_event_that_keeps_failing_is_parked_and_the_others_go_on(
    db: Database, now: datetime, owner: Any
) -> None:
    attempts: list[datetime] = []

    async def stubborn(tx: Tx, heard: Heard[Noted]) -> None:
        if heard.event.n == 2:
            attempts.append(moment)
            raise RuntimeError("never")
        await note(tx, heard)

    moment = now
    subscription = Subscription("test.stubborn", (Noted,), stubborn)
    await happen(db, now, 1, 2, 3)
    for _ in range(ATTEMPTS):
        await drain(db, [subscription], now=moment)
        moment += timedelta(minutes=5)
    assert await notes(owner) == [1, 3]
    parked = await owner.fetchrow("SELECT handler, error, parked_at FROM parked_deliveries")
    assert tuple(parked) == (
        "test.stubborn",
        "RuntimeError('never')",
        now + timedelta(minutes=5) * (ATTEMPTS - 1),
    )
    assert len(set(attempts)) == ATTEMPTS


async def test_an_event_that_is_not_what_its_kind_says_waits_like_one_that_fails(
    db: Database, now: datetime, owner: Any
) -> None:
    await owner.execute(
        """INSERT INTO events (id, kind, subject_id, data, created_at) VALUES ($1, 'Noted', $1, '{"n": "one"}', $2)""",
        new_id(), now,
    )  # fmt: skip
    await drain(db, [NOTES], now=now)
    assert await notes(owner) == []
    assert await owner.fetchval("SELECT failures FROM subscription_cursors") == 1


async def test_pauses_double_from_a_second(db: Database, now: datetime, owner: Any) -> None:
    async def fail(_tx: Tx, _heard: Heard[Noted]) -> None:
        raise RuntimeError

    await happen(db, now, 1)
    pauses = []
    for _ in range(ATTEMPTS - 1):
        await drain(db, [Subscription("test.fail", (Noted,), fail)], now=now)
        retry_at = await owner.fetchval("SELECT retry_at FROM subscription_cursors")
        pauses.append(int((retry_at - now).total_seconds()))
        now = retry_at
    assert pauses == [1, 2, 4, 8, 16, 32, 64]


async def test_one_handlers_failure_does_not_hold_up_another(db: Database, now: datetime, owner: Any) -> None:
    async def fail(_tx: Tx, _heard: Heard[Noted]) -> None:
        raise RuntimeError

    await happen(db, now, 1)
    await drain(db, [Subscription("test.fail", (Noted,), fail), NOTES], now=now)
    assert await notes(owner) == [1]


async def test_a_handler_whose_statement_the_database_refuses_is_tried_again(
    db: Database, now: datetime, owner: Any
) -> None:
    await owner.execute(
        "INSERT INTO leases (name, holder, expires_at) VALUES ('note 1', gen_random_uuid(), now())"
    )
    await happen(db, now, 1)
    await drain(db, [NOTES], now=now)
    assert await owner.fetchval("SELECT failures FROM subscription_cursors") == 1
    await owner.execute("DELETE FROM leases")
    await drain(db, [NOTES], now=now + timedelta(seconds=1))
    assert await notes(owner) == [1]


@pytest.mark.parametrize("handlers", [1, 3])
async def test_an_idle_feed_is_read_without_writing(
    db: Database, now: datetime, owner: Any, handlers: int
) -> None:
    async def see(_tx: Tx, _heard: Heard[Noted]) -> None:
        return

    subscriptions = [Subscription(f"test.{n}", (Noted,), see) for n in range(handlers)]
    await happen(db, now, 1)
    await drain(db, subscriptions, now=now)
    before = await owner.fetch("SELECT xmin::text FROM subscription_cursors ORDER BY handler")
    statements = db.statements
    assert await dispatch(db, subscriptions, now=now) == 0
    assert db.statements - statements == 1
    assert await owner.fetch("SELECT xmin::text FROM subscription_cursors ORDER BY handler") == before
