"""Paying, cancelling and running out of time in the same instant: one of them wins, and nobody loses money."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.world.people import a_member
from tests.world.shop import Shop
from tests.world.till import DEADLINE, Till

from merx.cashier import AlreadyPaid
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.infra.dispatch import drain
from merx.subscriptions import SUBSCRIPTIONS


@pytest.fixture
async def till(db: Database, keys: MasterKeys, owner: Any, now: datetime, shop: Shop) -> AsyncIterator[Till]:
    till = Till(db, keys, owner, shop, now)
    yield till
    try:
        await till.audit()
    finally:
        await till.close()


@pytest.mark.parametrize("turn", range(6))
async def test_money_cancellation_and_expiry_at_once_have_one_winner(till: Till, turn: int) -> None:
    bought = await till.at_cashier({"TEA": 1, "POT": 1})
    till.simulator.clock.advance(DEADLINE - timedelta(seconds=1))
    till.simulator.pay(bought.payment_number)
    later = till.now + timedelta(seconds=1)
    rivals = [till.simulator.deliver_due(), till.cancel(bought), till.expire(now=later), till.ask()]
    rivals = rivals[turn % 4 :] + rivals[: turn % 4]
    results = await asyncio.gather(*rivals, return_exceptions=True)
    strange = [
        each for each in results if isinstance(each, BaseException) and not isinstance(each, AlreadyPaid)
    ]
    assert strange == []
    assert await till.state(bought) == ("placed", None), (
        "the provider had the money first, whoever reported it"
    )
    assert [await till.stock(sku) for sku in ("TEA", "POT")] == [(0, 1), (0, 1)]
    assert await till.events("OrderPaid") == 2
    assert await till.events("PaymentCaptured") == 1
    assert await till.refunds() == []
    await till.provider_agrees()


@pytest.mark.parametrize("turn", range(4))
async def test_cancellation_and_expiry_of_what_nobody_paid_cancel_it_once(till: Till, turn: int) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.simulator.clock.advance(DEADLINE)
    rivals = [till.cancel(bought), till.expire(), till.cancel(bought), till.expire()]
    results = await asyncio.gather(*rivals[turn:], *rivals[:turn])
    assert sum(int(result) for result in results) == 1
    assert (await till.state(bought))[0] == "cancelled"
    assert await till.events("PurchaseCancelled") == 1
    assert await till.stock("TEA") == (0, 0)


async def test_late_money_for_two_purchases_of_the_last_unit_sells_it_once(till: Till) -> None:
    first = await till.at_cashier({"POT": 1})
    till.simulator.clock.advance(DEADLINE - timedelta(seconds=1))
    till.simulator.pay(first.payment_number)
    till.simulator.clock.advance(timedelta(minutes=3))
    second = await till.at_cashier({"POT": 1})
    till.simulator.pay(second.payment_number)
    await asyncio.gather(
        till.simulator.deliver_due(), till.ask(), till.ask_about(first), till.ask_about(second)
    )
    assert sorted([(await till.state(each))[0] for each in (first, second)]) == ["cancelled", "placed"]
    assert await till.stock("POT") == (0, 1)
    assert await till.refund() == 1
    await till.provider_agrees()


async def test_one_notice_fifty_times_at_once_is_applied_and_told_once(till: Till, keys: MasterKeys) -> None:
    await a_member(till.db, keys, till.shop.sellers["tea-house"], now=till.now)
    bought = await till.at_cashier({"TEA": 1})
    bodies: list[tuple[str, bytes, Any]] = []
    deliver = till.receive

    async def keep(url: str, body: bytes, headers: Any) -> Any:
        bodies.append((url, body, headers))
        return await deliver(url, body, headers)

    till.simulator.notices._send = keep
    till.simulator.pay(bought.payment_number)
    await till.simulator.deliver_due()
    url, body, headers = bodies[0]
    answers = await asyncio.gather(*(deliver(url, body, headers) for _ in range(50)))
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"success")}
    assert await till.events("PaymentCaptured") == 1
    row = await till.owner.fetchrow("SELECT deliveries, outcome FROM provider_notices")
    assert tuple(row) == (51, "placed")
    await asyncio.gather(*(drain(till.db, SUBSCRIPTIONS, now=till.now) for _ in range(4)))
    assert await till.owner.fetchval("SELECT count(*) FROM notifications") == 1
    assert await till.owner.fetchval("SELECT count(*) FROM mails") == 1
