"""Several job workers on one database: every job may run anywhere, twice at once, and does its work once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.world.people import a_member, member
from tests.world.shop import Shop
from tests.world.till import DEADLINE, Till

from merx.configuration import load_settings
from merx.fulfilment import ship
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.infra.dispatch import drain, subscribe
from merx.inventory import Receipt, receive_stock
from merx.kit.ids import new_id
from merx.services import Services
from merx.simulators.alipay.model import FaultKind
from merx.subscriptions import SUBSCRIPTIONS
from merx.worker import jobs_of

WORKERS = 3


@pytest.fixture
async def till(db: Database, keys: MasterKeys, owner: Any, now: datetime, shop: Shop) -> AsyncIterator[Till]:
    till = Till(db, keys, owner, shop, now)
    yield till
    try:
        await till.audit()
        await till.provider_agrees()
    finally:
        await till.close()


async def every_job_everywhere(till: Till, home: Path) -> None:
    """Three workers, each with its own pool, run every job at the same moment, until none finds anything to do."""
    settings = load_settings({"MERX_HOME": str(home)})
    pools = [await Database(till.db.dsn, pool_size=4).open() for _ in range(WORKERS)]
    try:
        workers = [
            jobs_of(
                Services(
                    settings=settings,
                    db=pool,
                    keys=till.keys,
                    providers=till.providers,
                    clock=lambda: till.now,
                )
            )
            for pool in pools
        ]
        while any(await asyncio.gather(*(job.work(till.now) for jobs in workers for job in jobs))):
            pass
    finally:
        for pool in pools:
            await pool.close()


async def test_what_is_overdue_lost_or_owed_is_settled_once(
    till: Till, keys: MasterKeys, tmp_path: Path
) -> None:
    """Five paid in time whose notices were lost, five nobody paid, one paid whose last unit went to another."""
    receipts = [Receipt(new_id(), till.shop.variants["CUP"], till.shop.locations[0], 50)]
    await till.db.write(lambda tx: receive_stock(tx, receipts=receipts, now=till.now))
    await a_member(till.db, keys, *till.shop.sellers.values(), now=till.now)
    await subscribe(till.db, SUBSCRIPTIONS)
    late = await till.at_cashier({"POT": 1})
    paid = [await till.at_cashier({"CUP": 2}) for _ in range(5)]
    unpaid = [await till.at_cashier({"CUP": 1}) for _ in range(5)]
    till.simulator.clock.advance(DEADLINE - timedelta(seconds=1))
    for bought in (late, *paid):
        till.fault(FaultKind.LOSE, number=bought.payment_number, times=None)
        await till.pay(bought)
    till.simulator.clock.advance(timedelta(minutes=3))
    winner = await till.at_cashier({"POT": 1})
    await till.pay(winner)
    await every_job_everywhere(till, tmp_path)
    till.simulator.clock.advance(timedelta(minutes=2))
    await every_job_everywhere(till, tmp_path)
    assert [(await till.state(bought))[0] for bought in (*paid, winner)] == ["placed"] * 6
    assert [(await till.state(bought))[0] for bought in (*unpaid, late)] == ["cancelled"] * 6
    assert [await till.stock(sku) for sku in ("CUP", "POT")] == [(0, 10), (0, 1)]
    assert await till.refunds() == [("late_payment", "succeeded", late.total)]
    assert till.trade(late).refunded_fen == late.total
    assert await till.events("PurchaseCancelled") == 6
    assert await till.events("PaymentCaptured") == 7
    await drain(till.db, SUBSCRIPTIONS, now=till.now)
    assert await till.owner.fetchval("SELECT count(*) FROM notifications WHERE kind = 'order_paid'") == 6
    assert await till.owner.fetchval("SELECT count(*) FROM mails WHERE kind = 'order_paid'") == 6


async def test_parcels_are_received_and_orders_closed_once(till: Till, tmp_path: Path) -> None:
    bought = [await till.at_cashier({"TEA": 1}) for _ in range(4)]
    for each in bought:
        await till.pay(each)
    orders = await till.owner.fetch("SELECT id, seller_id FROM orders")
    for number, order in enumerate(orders):
        async with till.db.transaction() as tx:
            await ship(
                tx, order_id=order["id"], actor=member(order["seller_id"]), carrier="other",
                tracking_number=f"T{number}000", lines=None, now=till.now,
                auto_receive_after=timedelta(days=10),
            )  # fmt: skip
    till.simulator.clock.advance(timedelta(days=10))
    await every_job_everywhere(till, tmp_path)
    assert await till.events("ParcelReceived") == 4
    till.simulator.clock.advance(timedelta(days=15))
    await every_job_everywhere(till, tmp_path)
    assert [(await till.state(each))[0] for each in bought] == ["closed"] * 4
    assert await till.events("OrderClosed") == 4
    total = sum(each.total for each in bought)
    folded = await till.owner.fetchrow(
        "SELECT sum(debits)::int, sum(credits)::int FROM balances WHERE kind = 'provider_clearing'"
    )
    assert tuple(folded) == (total, total)  # taken, and confirmed by the bill
    assert await till.owner.fetchval("SELECT count(*) FROM bill_rows WHERE outcome = 'matched'") == 4
