"""Received orders close after the time for complaints; a purchase closes with the last of its orders."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.world.bought import Bought, buy, receive_order, ship_order
from tests.world.shop import a_shop

from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.orders import close_received


@pytest.fixture
async def received(db: Database, keys: MasterKeys, now: datetime) -> Bought:
    """A purchase of two sellers, all of it received at `now`."""
    shop = await a_shop(db, now=now)
    bought = await buy(db, keys, shop, {"TEA": 1, "POT": 1}, account_id=None, now=now)
    for code in shop.sellers:
        await ship_order(db, bought, code, now=now)
        await receive_order(db, bought, code, now=now)
    return bought


async def states(owner: Any) -> tuple[str, list[str]]:
    orders = [row["state"] for row in await owner.fetch("SELECT state FROM orders ORDER BY number")]
    return await owner.fetchval("SELECT state FROM purchases"), orders


async def close(db: Database, now: datetime, *, limit: int = 10) -> int:
    return await db.write(lambda tx: close_received(tx, received_before=now, limit=limit, now=now))


async def test_orders_and_their_purchase_close_together(
    db: Database, received: Bought, now: datetime, owner: Any
) -> None:
    assert await close(db, now - timedelta(seconds=1)) == 0
    assert await states(owner) == ("placed", ["placed", "placed"])
    assert await close(db, now) == 2
    assert await states(owner) == ("closed", ["closed", "closed"])
    assert await close(db, now) == 0
    events = await owner.fetch("SELECT subject_id FROM events WHERE kind = 'OrderClosed'")
    assert [row["subject_id"] for row in events] == [received.purchase_id] * 2


@pytest.mark.usefixtures("received")
async def test_a_purchase_stays_placed_until_its_last_order_closes(
    db: Database, now: datetime, owner: Any
) -> None:
    assert await close(db, now, limit=1) == 1
    assert (await states(owner))[0] == "placed"
    assert await close(db, now, limit=1) == 1
    assert await states(owner) == ("closed", ["closed", "closed"])


@pytest.mark.usefixtures("received")
async def test_two_workers_that_close_the_two_orders_of_one_purchase_close_the_purchase(
    db: Database, now: datetime, owner: Any
) -> None:
    """Neither may finish thinking that the other's order is still open."""
    async with db.transaction() as first:
        assert await close_received(first, received_before=now, limit=1, now=now) == 1
        second = await close(db, now, limit=1)
    assert second == 0, "what another worker is closing is left to it"
    assert await close(db, now) == 1
    assert await states(owner) == ("closed", ["closed", "closed"])


@pytest.mark.usefixtures("received")
async def test_workers_at_once_close_each_order_once(db: Database, now: datetime, owner: Any) -> None:
    assert sum(await asyncio.gather(*(close(db, now, limit=1) for _ in range(6)))) <= 2
    while await close(db, now, limit=1):
        pass
    assert await states(owner) == ("closed", ["closed", "closed"])
    assert await owner.fetchval("SELECT count(*) FROM events WHERE kind = 'OrderClosed'") == 2
