"""More buyers than units, from several processes at once: never one unit too many, never a buyer without an answer."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from tests.world.crowd import DEADLINE, OpenQueue, counters, placed_only
from tests.world.shop import Shop, a_ready_cart, total_of

from merx.checkout import Placed, Refused, place_orders
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.inventory import Receipt, receive_stock
from merx.kit.ids import new_id

BUYERS = 100


async def test_a_hundred_buyers_in_two_processes_get_the_one_unit_once(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any, open_queue: OpenQueue
) -> None:
    carts = [await a_ready_cart(db, keys, shop, {"POT": 1}, now=now) for _ in range(BUYERS)]
    queues = [await open_queue(), await open_queue()]
    outcomes = await asyncio.gather(
        *(queues[index % 2].place(cart.command) for index, cart in enumerate(carts))
    )
    assert len(placed_only(list(outcomes))) == 1
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    sold_out = {"lines": [{"variant_id": str(shop.variants["POT"]), "wanted": 1, "available": 0}]}
    assert refusals == [Refused("out_of_stock", sold_out)] * (BUYERS - 1)
    assert await counters(owner, shop, "POT") == (1, 1, 0)
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 1
    assert await owner.fetchval("SELECT count(*) FROM carts WHERE state = 'open'") == BUYERS - 1
    assert (
        await owner.fetchval("SELECT sum(amount) FROM transfers WHERE debit_kind = 'customer_receivable'")
        == 20_000
    )


async def test_lone_orders_and_a_queue_share_the_last_units_exactly(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any, open_queue: OpenQueue
) -> None:
    carts = [await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now) for _ in range(40)]
    queue = await open_queue()

    async def alone(command: Any) -> Any:
        return (await place_orders(db, [command], now=now, deadline=DEADLINE))[0]

    outcomes = await asyncio.gather(
        *(queue.place(cart.command) if index % 2 else alone(cart.command) for index, cart in enumerate(carts))
    )
    assert len(placed_only(list(outcomes))) == 10
    codes = {outcome.code for outcome in outcomes if isinstance(outcome, Refused)}
    assert codes == {"out_of_stock"}, (
        "who comes second waits and is told the truth, and does not run into a constraint"
    )
    assert await counters(owner, shop, "TEA") == (10, 10, 0)


async def test_one_order_may_empty_two_places_and_the_next_finds_nothing(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any, open_queue: OpenQueue
) -> None:
    more = Receipt(new_id(), shop.variants["CUP"], shop.locations[1], 2)
    await db.write(lambda tx: receive_stock(tx, receipts=[more], now=now))
    carts = [await a_ready_cart(db, keys, shop, {"CUP": 5}, now=now) for _ in range(20)]
    queues = [await open_queue() for _ in range(3)]
    outcomes = await asyncio.gather(
        *(queues[index % 3].place(cart.command) for index, cart in enumerate(carts))
    )
    assert len(placed_only(list(outcomes))) == 1
    assert await counters(owner, shop, "CUP") == (5, 5, 0)
    held = await owner.fetch("SELECT quantity FROM holds ORDER BY quantity")
    assert [row["quantity"] for row in held] == [2, 3]


async def test_opposite_line_orders_over_two_places_never_deadlock(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any, open_queue: OpenQueue
) -> None:
    receipts = [
        Receipt(new_id(), shop.variants[sku], place, 100) for sku in ("TEA", "CUP", "POT") for place in shop.locations
    ]  # fmt: skip
    await db.write(lambda tx: receive_stock(tx, receipts=receipts, now=now))
    orders = [{"TEA": 1, "CUP": 1, "POT": 1}, {"POT": 1, "CUP": 1, "TEA": 1}, {"CUP": 1, "TEA": 1}]
    carts = [await a_ready_cart(db, keys, shop, orders[index % 3], now=now) for index in range(36)]
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = await owner.fetchval(deadlocks)
    queues = [await open_queue() for _ in range(4)]
    outcomes = await asyncio.gather(
        *(queues[index % 4].place(cart.command) for index, cart in enumerate(carts))
    )
    assert len(placed_only(list(outcomes))) == 36
    assert await owner.fetchval(deadlocks) == before
    assert [await counters(owner, shop, sku) for sku in ("TEA", "POT")] == [(210, 36, 0), (201, 24, 0)]


@pytest.mark.parametrize("fault", ["a constraint refuses it"])
async def test_a_poisoned_order_fails_alone(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any, open_queue: OpenQueue, fault: str
) -> None:
    carts = [await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now) for _ in range(6)]
    poisoned = carts[2]
    await owner.execute("UPDATE carts SET locale = 'en' WHERE id = $1", poisoned.cart_id)
    await owner.execute("ALTER TABLE purchases ADD CONSTRAINT poison CHECK (locale <> 'en')")
    try:
        queue = await open_queue()
        outcomes = await asyncio.gather(*(queue.place(cart.command) for cart in carts))
        assert outcomes[2] == Refused("placement_failed", {}), fault
        assert [isinstance(outcome, Placed) for outcome in outcomes] == [True, True, False, True, True, True]
        assert await owner.fetchval("SELECT count(*) FROM purchases") == 5
        assert await owner.fetchval("SELECT state FROM carts WHERE id = $1", poisoned.cart_id) == "open"
        assert await counters(owner, shop, "TEA") == (10, 5, 0)
    finally:
        await owner.execute("ALTER TABLE purchases DROP CONSTRAINT poison")
    again = await queue.place(poisoned.command)
    assert isinstance(again, Placed), "the key of a fault that left no trace is free"
    assert again.total == total_of({"TEA": 1})


async def test_many_readers_see_a_sum_that_is_always_whole(
    db: Database, keys: MasterKeys, shop: Shop, now: datetime, owner: Any, open_queue: OpenQueue
) -> None:
    """Whatever is running, every snapshot shows counters equal to the journal: both are written in one statement."""
    carts = [await a_ready_cart(db, keys, shop, {"TEA": 1}, now=now) for _ in range(10)]
    queue = await open_queue()
    placing = asyncio.gather(*(queue.place(cart.command) for cart in carts))
    while not placing.done():
        off = await owner.fetchval(
            """SELECT count(*) FROM allotments a
                WHERE a.held <> (SELECT coalesce(sum(held_delta), 0) FROM movements m WHERE m.allotment_id = a.id)"""
        )
        assert off == 0
    assert len(placed_only(list(await placing))) == 10
