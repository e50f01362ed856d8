"""The placement use case, called in process."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import uvloop

from merx.bench import store
from merx.bench.database import BenchDatabase
from merx.bench.model import BenchError
from merx.checkout import Placed, PlacementQueue, PlaceOrder
from merx.infra.crypto import token_hash
from merx.infra.db import Database
from merx.kit.actors import Buyer

_DEADLINE = timedelta(minutes=30)


async def measure_engine(database: BenchDatabase, *, orders: int, clients: int, pool_size: int) -> float:
    """Orders per second that `clients` concurrent buyers place in one process. Raises BenchError if one is refused."""
    first = await database.prepare_carts(orders)
    # On an event loop like that of the web server, in a thread of its own: this loop only waits.
    return await asyncio.to_thread(
        uvloop.run, _place_all(database.dsn, first, orders, clients=clients, pool_size=pool_size)
    )


def command(number: int) -> PlaceOrder:
    """The order of prepared cart `number`."""
    return PlaceOrder(
        cart_id=UUID(int=(int(store.CART_KIND, 16) << 96) + number),
        idempotency_key=f"bench-{number}",
        expected_total=store.TOTAL,
        currency=store.CURRENCY,
        buyer=Buyer(access=frozenset([token_hash(f"bench-{number}")])),
    )


async def _place_all(dsn: str, first: int, orders: int, *, clients: int, pool_size: int) -> float:
    db = await Database(dsn, pool_size=pool_size).open()
    try:
        queue = PlacementQueue(db, clock=lambda: datetime.now(UTC), deadline=_DEADLINE)
        commands = iter([command(number) for number in range(first, first + orders)])
        await _buy(queue, [next(commands)])  # connects and prepares the statements
        started = time.perf_counter()
        await asyncio.gather(*(_buy(queue, commands) for _ in range(clients)))
        return (orders - 1) / (time.perf_counter() - started)
    finally:
        await db.close()


async def _buy(queue: PlacementQueue, commands: Iterator[PlaceOrder] | list[PlaceOrder]) -> None:
    for each in commands:
        outcome = await queue.place(each)
        if not isinstance(outcome, Placed):
            raise BenchError(f"a prepared cart was refused: {outcome}")
