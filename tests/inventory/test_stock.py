"""Stock on a real database: receipts, holds and what ends them, each once, each in the journal."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.world.shop import Shop

from merx.infra.db import Database, Tx
from merx.inventory import (
    Claim,
    Location,
    Receipt,
    availability,
    consume_holds,
    create_locations,
    expire_holds,
    hold_stock,
    locations,
    lock_stock,
    receive_stock,
    release_holds,
    return_sold,
)
from merx.inventory.receive import BadReceipt
from merx.kit.ids import new_id

MINUTE = timedelta(minutes=1)


async def hold(db: Database, shop: Shop, sku: str, quantity: int, *, now: datetime) -> UUID:
    """Hold units for a new purchase, for a minute."""
    purchase_id = new_id()

    async def work(tx: Tx) -> None:
        sheet = await lock_stock(tx, variant_ids=[shop.variants[sku]])
        claims = [
            Claim(new_id(), allotment_id, shop.variants[sku], purchase_id, new_id(), part)
            for parts in sheet.take([(shop.variants[sku], quantity)])
            for allotment_id, part in parts
        ]
        await hold_stock(tx, claims=claims, expires_at=now + MINUTE, now=now)

    await db.write(work)
    return purchase_id


async def counters(owner: Any, shop: Shop, sku: str) -> tuple[int, int, int]:
    """Received, held and sold, which the journal must add up to."""
    row = await owner.fetchrow(
        "SELECT sum(received)::int, sum(held)::int, sum(sold)::int FROM allotments WHERE subject_id = $1",
        shop.variants[sku],
    )
    journal = await owner.fetchrow(
        "SELECT sum(received_delta)::int, sum(held_delta)::int, sum(sold_delta)::int FROM movements WHERE subject_id = $1",
        shop.variants[sku],
    )
    assert tuple(row) == tuple(journal)
    return row[0], row[1], row[2]


async def free(db: Database, shop: Shop, sku: str, now: datetime) -> int:
    async with db.read() as read:
        return (await availability(read, variant_ids=[shop.variants[sku]], now=now))[shop.variants[sku]]


async def test_a_receipt_counts_once_however_often_it_comes(
    db: Database, shop: Shop, now: datetime, owner: Any
) -> None:
    receipt = Receipt(new_id(), shop.variants["TEA"], shop.locations[1], 5)

    async def enter() -> int:
        return await db.write(lambda tx: receive_stock(tx, receipts=[receipt, receipt], now=now))

    assert sorted(await asyncio.gather(*(enter() for _ in range(8)))) == [0] * 7 + [1]
    assert await counters(owner, shop, "TEA") == (15, 0, 0)


@pytest.mark.parametrize("quantity", [0, -3])
async def test_a_receipt_of_nothing_is_refused_with_all_its_companions(
    db: Database, shop: Shop, now: datetime, owner: Any, quantity: int
) -> None:
    receipts = [Receipt(new_id(), shop.variants["TEA"], shop.locations[0], units) for units in (1, quantity)]
    with pytest.raises(BadReceipt):
        await db.write(lambda tx: receive_stock(tx, receipts=receipts, now=now))
    assert await counters(owner, shop, "TEA") == (10, 0, 0)


async def test_a_hold_takes_units_away_until_it_runs_out(
    db: Database, shop: Shop, now: datetime, owner: Any
) -> None:
    await hold(db, shop, "CUP", 2, now=now)
    assert await counters(owner, shop, "CUP") == (3, 2, 0)
    assert await free(db, shop, "CUP", now + MINUTE - timedelta(seconds=1)) == 1
    assert await free(db, shop, "CUP", now + MINUTE) == 3, "no job has to run for that"


async def test_run_out_holds_are_lifted_once_and_running_ones_are_left(
    db: Database, shop: Shop, now: datetime, owner: Any
) -> None:
    await hold(db, shop, "CUP", 1, now=now)
    await hold(db, shop, "CUP", 1, now=now + MINUTE)

    async def lift(tx: Tx) -> int:
        sheet = await lock_stock(tx, variant_ids=[shop.variants["CUP"]])
        await expire_holds(tx, sheet=sheet, variant_ids=[shop.variants["CUP"]], now=now + MINUTE)
        return sheet.available(shop.variants["CUP"])

    assert [await db.write(lift), await db.write(lift)] == [2, 2]
    assert await counters(owner, shop, "CUP") == (3, 1, 0)
    states = await owner.fetch("SELECT state FROM holds ORDER BY created_at")
    assert [row["state"] for row in states] == ["expired", "active"]


@pytest.mark.parametrize(
    ("first", "second", "expected", "ended"),
    [
        (consume_holds, release_holds, (3, 0, 2), "consumed"),
        (release_holds, consume_holds, (3, 0, 0), "released"),
    ],
)
async def test_a_hold_ends_once_whoever_comes_second(
    db: Database, shop: Shop, now: datetime, owner: Any, first: Any, second: Any, expected: Any, ended: str
) -> None:
    purchase_id = await hold(db, shop, "CUP", 2, now=now)
    for end, units in ((first, [2]), (first, []), (second, [])):
        settled = await db.write(lambda tx, end=end: end(tx, purchase_ids=[purchase_id], now=now))  # type: ignore[misc]
        assert [hold.quantity for hold in settled] == units
    assert await counters(owner, shop, "CUP") == expected
    assert await owner.fetchval("SELECT state FROM holds") == ended


async def test_a_sale_and_a_release_at_once_have_one_winner(
    db: Database, shop: Shop, now: datetime, owner: Any
) -> None:
    for _ in range(3):
        purchase_id = await hold(db, shop, "TEA", 1, now=now)
        ends = [consume_holds, release_holds] * 4
        settled = await asyncio.gather(
            *(
                db.write(lambda tx, end=end, each=purchase_id: end(tx, purchase_ids=[each], now=now))  # type: ignore[misc]
                for end in ends
            )
        )
        assert sorted(len(each) for each in settled) == [0] * 7 + [1]
    received, held, sold = await counters(owner, shop, "TEA")
    assert (received, held) == (10, 0)
    assert sold == await owner.fetchval("SELECT count(*) FROM holds WHERE state = 'consumed'")


async def test_a_sale_is_undone_once(db: Database, shop: Shop, now: datetime, owner: Any) -> None:
    purchase_id = await hold(db, shop, "POT", 1, now=now)
    await db.write(lambda tx: consume_holds(tx, purchase_ids=[purchase_id], now=now))
    await db.write(lambda tx: return_sold(tx, purchase_id=purchase_id, now=now))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await db.write(lambda tx: return_sold(tx, purchase_id=purchase_id, now=now))
    assert await counters(owner, shop, "POT") == (1, 0, 0)


async def test_the_database_refuses_a_claim_on_more_than_there_is(
    db: Database, shop: Shop, now: datetime, owner: Any
) -> None:
    """The last guard: whatever a decision in memory said."""
    allotment_id = await owner.fetchval(
        "SELECT id FROM allotments WHERE subject_id = $1", shop.variants["POT"]
    )
    claims = [Claim(new_id(), allotment_id, shop.variants["POT"], new_id(), new_id(), 2)]
    with pytest.raises(asyncpg.CheckViolationError, match="allotments_never_oversold"):
        await db.write(lambda tx: hold_stock(tx, claims=claims, expires_at=now, now=now))
    assert await counters(owner, shop, "POT") == (1, 0, 0)
    assert await owner.fetchval("SELECT count(*) FROM holds") == 0


@pytest.mark.parametrize(
    "sql", ["UPDATE movements SET held_delta = 0", "DELETE FROM movements", "DELETE FROM holds"]
)
async def test_the_application_cannot_rewrite_the_journal(db: Database, sql: str) -> None:
    async with db.connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(sql)


@pytest.mark.usefixtures("shop")
async def test_locations_are_made_once_by_code_and_listed_in_order(db: Database) -> None:
    again = [
        Location(new_id(), "shanghai", {"en": "Elsewhere"}, 9),
        Location(new_id(), "beijing", {"en": "Beijing"}, -1),
    ]
    await db.write(lambda tx: create_locations(tx, locations=again))
    async with db.read() as read:
        found = await locations(read)
    assert list(found) == ["beijing", "shanghai", "guangzhou"]
    assert found["shanghai"].name["en"] == "Shanghai"
