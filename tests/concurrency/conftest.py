"""Several processes' worth of connections on one database."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from tests.world.crowd import DEADLINE, OpenQueue

from merx.checkout import PlacementQueue
from merx.infra.db import Database


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
