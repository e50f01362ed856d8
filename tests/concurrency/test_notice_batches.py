"""Batches of notices from several processes at once: purchases and stock overlap, and nobody waits in a circle."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.world.notices import paid_notices
from tests.world.shop import Shop
from tests.world.till import DEADLINE, Bought, Till

from merx.cashier import AlreadyPaid, NoticeQueue, VerifiedNotice, confirm_payments
from merx.cashier.apply_notice import apply_notice
from merx.infra import db as database_module
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database

PROCESSES = 8
PURCHASES = 24
SECOND = timedelta(seconds=1)


@pytest.fixture
async def till(db: Database, keys: MasterKeys, owner: Any, now: datetime, shop: Shop) -> AsyncIterator[Till]:
    till = Till(db, keys, owner, shop, now)
    for sku in shop.variants:
        await till.restock(sku, 500)
    yield till
    try:
        await till.audit()
    finally:
        await till.close()


@pytest.fixture
async def processes(db: Database) -> AsyncIterator[list[Database]]:
    """Pools of their own, as each web process has."""
    opened = [await Database(db.dsn, pool_size=4).open() for _ in range(PROCESSES)]
    yield opened
    for pool in opened:
        await pool.close()


@pytest.fixture
def circles(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """Every deadlock PostgreSQL had to end; none is tried again."""
    seen: list[Exception] = []
    write = Database.write

    async def watched(self: Database, work: Any) -> Any:
        try:
            return await write(self, work)
        except asyncpg.DeadlockDetectedError as error:
            seen.append(error)
            raise

    monkeypatch.setattr(database_module, "RETRIES", 1)
    monkeypatch.setattr(Database, "write", watched)
    return seen


async def buy(till: Till, dice: random.Random, *, count: int) -> list[Bought]:
    """Purchases of random articles: any two may share stock."""
    return [
        await till.at_cashier({sku: dice.randint(1, 3) for sku in dice.sample(sorted(till.shop.variants), k=dice.randint(1, 3))})
        for _ in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_overlapping_batches_never_wait_in_a_circle(
    till: Till, processes: list[Database], circles: list[Exception], seed: int
) -> None:
    dice = random.Random(seed)
    bought = await buy(till, dice, count=PURCHASES)
    notices = paid_notices(till, *bought)
    carts = [await till.ready({"TEA": 1, "CUP": 1, "POT": 1}) for _ in range(6)]
    batches = [dice.sample(notices, k=dice.randint(1, PURCHASES)) for _ in processes]
    batches[0] = dice.sample(notices, k=PURCHASES)

    async def ask(each: Bought) -> list[Any]:
        return [await till.ask_about(each)]

    async def alone(verified: VerifiedNotice) -> list[Any]:
        return [await till.db.write(lambda tx: apply_notice(tx, verified))]

    async def place(cart: Any) -> list[Any]:
        return [await till.try_to_place(cart)]

    rivals = [confirm_payments(pool, batch) for pool, batch in zip(processes, batches, strict=True)]
    singles = [*map(ask, bought[::3]), *map(alone, notices[::2]), *map(place, carts)]
    answers = await asyncio.gather(*rivals, *singles)
    assert circles == []
    assert {answer for each in answers for answer in each} <= {"placed", "already_captured", True}
    assert {await till.state(each) for each in bought} == {("placed", None)}
    assert await till.events("PaymentCaptured") == PURCHASES
    deliveries = await till.owner.fetchval("SELECT sum(deliveries) FROM provider_notices")
    assert deliveries == sum(map(len, batches)) + len(notices[::2])
    await till.provider_agrees()


async def test_one_notice_in_eight_processes_is_applied_once(till: Till, processes: list[Database]) -> None:
    bought = await till.at_cashier({"TEA": 1, "POT": 1})
    [notice] = paid_notices(till, bought)
    queues = [NoticeQueue(pool) for pool in processes]
    answers = await asyncio.gather(*(queues[index % PROCESSES].confirm(notice) for index in range(64)))
    assert set(answers) == {"placed"}
    assert await till.events("PaymentCaptured") == 1
    assert await till.owner.fetchval("SELECT deliveries FROM provider_notices") == 64


@pytest.mark.parametrize("seed", range(4))
async def test_batches_cancellations_and_expiries_at_once_end_in_the_same_books(
    till: Till, processes: list[Database], circles: list[Exception], seed: int
) -> None:
    dice = random.Random(seed)
    bought = await buy(till, dice, count=12)
    till.simulator.clock.advance(DEADLINE - SECOND)
    notices = paid_notices(till, *bought[:8])  # four are not paid
    later = till.now + SECOND

    async def cancel(each: Bought) -> None:
        try:
            await till.cancel(each)
        except AlreadyPaid:
            return

    async def confirm(pool: Database, batch: list[VerifiedNotice]) -> None:
        for answer in await confirm_payments(pool, batch):
            assert answer in ("placed", "already_captured")

    batches = [dice.sample(notices, k=dice.randint(2, 8)) for _ in processes]
    rivals: list[Awaitable[object]] = [
        confirm(pool, batch) for pool, batch in zip(processes, batches, strict=True)
    ]
    rivals += [cancel(each) for each in dice.sample(bought, k=8)]
    rivals += [till.expire(now=later), till.expire(now=later)]
    dice.shuffle(rivals)
    await asyncio.gather(*rivals)
    assert circles == []
    await confirm(till.db, notices)
    assert {await till.state(each) for each in bought[:8]} == {("placed", None)}
    assert {(await till.state(each))[0] for each in bought[8:]} == {"cancelled"}
    assert await till.events("PaymentCaptured") == 8
    assert await till.refunds() == []
    await till.provider_agrees()
