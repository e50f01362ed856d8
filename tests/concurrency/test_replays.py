"""The same command many times, the same cart under many keys, and callers that go away."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from tests.world.crowd import DEADLINE, OpenQueue, counters, placed_only, with_key
from tests.world.shop import Shop, a_ready_cart, total_of

from merx.checkout import Refused, place_orders
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, Sql

PING = Sql("SELECT 1")
SLEEP = Sql("SELECT pg_sleep(0.01)")
ADD_LEASE = Sql("INSERT INTO leases (name, holder, expires_at) VALUES ($1, gen_random_uuid(), now())")


@pytest.mark.parametrize("processes", [1, 3])
async def test_one_key_fifty_times_at_once_is_one_purchase_and_one_answer(
    db: Database,
    keys: MasterKeys,
    shop: Shop,
    now: datetime,
    owner: Any,
    open_queue: OpenQueue,
    processes: int,
) -> None:
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1, "POT": 1}, now=now)
    queues = [await open_queue() for _ in range(processes)]
    outcomes = await asyncio.gather(*(queues[index % processes].place(cart.command) for index in range(50)))
    assert len(placed_only(list(outcomes))) == 50
    assert len(set(outcomes)) == 1
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 1
    assert await owner.fetchval("SELECT replays FROM idempotency_keys") == 49
    assert await counters(owner, shop, "POT") == (1, 1, 0)
    assert await owner.fetchval("SELECT count(*) FROM events WHERE kind = 'PurchasePlaced'") == 1


async def test_a_refusal_is_replayed_too(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any, open_queue: OpenQueue
) -> None:
    cart = await a_ready_cart(db, keys, shop, {"CUP": 4}, now=now)
    queues = [await open_queue(), await open_queue()]
    outcomes = await asyncio.gather(*(queues[index % 2].place(cart.command) for index in range(20)))
    refusal = {"lines": [{"variant_id": str(shop.variants["CUP"]), "wanted": 4, "available": 3}]}
    assert outcomes == [Refused("out_of_stock", refusal)] * 20
    assert await owner.fetchval("SELECT replays FROM idempotency_keys") == 19
    assert await owner.fetchval("SELECT state FROM carts") == "open"


async def test_one_cart_under_ten_keys_is_bought_once(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any, open_queue: OpenQueue
) -> None:
    cart = await a_ready_cart(db, keys, shop, {"TEA": 2}, now=now)
    queues = [await open_queue() for _ in range(3)]
    outcomes = await asyncio.gather(
        *(queues[index % 3].place(with_key(cart.command, f"key-{index}")) for index in range(10))
    )
    assert len(placed_only(list(outcomes))) == 1
    assert [outcome for outcome in outcomes if isinstance(outcome, Refused)] == [
        Refused("cart_changed", {})
    ] * 9
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 1
    assert await counters(owner, shop, "TEA") == (10, 2, 0)


async def test_a_replay_writes_before_it_acknowledges(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any
) -> None:
    """Without that write a replay could acknowledge what a synchronous standby has not received yet."""
    cart = await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now)
    await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    row = "SELECT xmin::text, replays FROM idempotency_keys"
    before = await owner.fetchrow(row)
    await place_orders(db, [cart.command], now=now, deadline=DEADLINE)
    after = await owner.fetchrow(row)
    assert (before["replays"], after["replays"]) == (0, 1)
    assert after["xmin"] != before["xmin"], "the replay's own transaction wrote the row"


async def test_a_caller_that_goes_away_changes_nothing(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any, open_queue: OpenQueue
) -> None:
    carts = [await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now) for _ in range(8)]
    queue = await open_queue()
    callers = [asyncio.create_task(queue.place(cart.command)) for cart in carts]
    await asyncio.sleep(0)
    for caller in callers[::2]:
        caller.cancel()
    async with asyncio.timeout(30):
        answers = await asyncio.gather(*callers, return_exceptions=True)
    assert [isinstance(answer, asyncio.CancelledError) for answer in answers] == [True, False] * 4
    await queue.drain()
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 8
    answers = await asyncio.gather(*(queue.place(cart.command) for cart in carts))
    assert [answer.total for answer in placed_only(list(answers))] == [total_of({"TEA": 1})] * 8
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 8


async def test_a_commit_that_has_begun_is_never_cancelled(db: Database, owner: Any) -> None:
    """COMMIT is slow when a deferred check is; the task that waits for it is cancelled again and again."""
    await owner.execute(
        """CREATE FUNCTION pg_temp_slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END';
           CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON leases DEFERRABLE INITIALLY DEFERRED
              FOR EACH ROW EXECUTE FUNCTION pg_temp_slow();"""
    )
    try:
        task = asyncio.create_task(db.write(lambda tx: tx.run(ADD_LEASE, "kept")))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE query ILIKE 'COMMIT%' AND state = 'active'"
        while not await owner.fetchval(waiting):
            assert not task.done()
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await owner.fetchval("SELECT name FROM leases") == "kept"
    finally:
        await owner.execute("DROP TRIGGER slow ON leases; DROP FUNCTION pg_temp_slow()")


async def test_work_cancelled_at_any_point_leaves_no_open_transaction_and_no_lost_connection(
    db: Database, owner: Any
) -> None:
    pool = await Database(db.dsn, pool_size=2).open()
    try:
        for turn in range(40):
            name = f"cancelled-{turn}"

            async def work(tx: Any, name: str = name) -> None:
                await tx.run(ADD_LEASE, name)
                await tx.rows(SLEEP)

            task = asyncio.create_task(pool.write(work))
            for _ in range(turn):
                await asyncio.sleep(0)
            await asyncio.sleep(turn % 5 * 0.003)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert await asyncio.gather(*(pool.write(lambda tx: tx.value(PING)) for _ in range(8))) == [1] * 8
        stuck = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        assert await owner.fetchval(stuck) == 0
    finally:
        await pool.close()
