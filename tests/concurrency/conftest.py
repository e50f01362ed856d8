"""Several processes' worth of connections on one database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.world.shop import Shop, a_shop

from merx.checkout import Placed, PlacementQueue, PlaceOrder
from merx.infra.db import Database

DEADLINE = timedelta(minutes=30)
OpenQueue = Callable[[], Awaitable[PlacementQueue]]


@pytest.fixture
async def shop(db: Database, now: datetime) -> Shop:
    return await a_shop(db, now=now)


@pytest.fixture
async def open_queue(db: Database, now: datetime) -> AsyncIterator[OpenQueue]:
    """Opens placement queues, each with a pool of its own, as each web process has."""
    opened: list[Database] = []

    async def open_one() -> PlacementQueue:
        pool = await Database(db.dsn, pool_size=4).open()
        opened.append(pool)
        return PlacementQueue(pool, clock=lambda: now, deadline=DEADLINE)

    yield open_one
    for pool in opened:
        await pool.close()


def placed_only(outcomes: list[Any]) -> list[Placed]:
    return [outcome for outcome in outcomes if isinstance(outcome, Placed)]


def with_key(command: PlaceOrder, key: str) -> PlaceOrder:
    """The same order under another key."""
    return PlaceOrder(
        command.cart_id,
        key,
        command.expected_total,
        command.currency,
        command.access_hash,
        command.account_id,
    )


async def counters(owner: Any, shop: Shop, sku: str) -> tuple[int, int, int]:
    """Units of a SKU over all places: received, held, sold; the journal must say the same."""
    row = await owner.fetchrow(
        "SELECT sum(received)::int, sum(held)::int, sum(sold)::int FROM allotments WHERE subject_id = $1",
        shop.variants[sku],
    )
    journal = await owner.fetchrow(
        """SELECT sum(received_delta)::int, sum(held_delta)::int, sum(sold_delta)::int FROM movements
            WHERE subject_id = $1""",
        shop.variants[sku],
    )
    assert tuple(row) == tuple(journal)
    return row[0], row[1], row[2]
