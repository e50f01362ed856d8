"""The jobs that ask providers: one that does not answer holds up nobody else's buyers."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.world.peer import Peer
from tests.world.shop import a_shop
from tests.world.till import DEADLINE, Bought, Till

from merx.cashier import ask_in_doubt, expire_unpaid
from merx.checkout import place_orders
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.actors import System
from merx.orders import unpaid_past_deadline
from merx.payments import NewRefund, lock_payment, request_refund
from merx.payments.providers import ProviderRegistry, ProviderStatus, ProviderUnavailable
from merx.payments.providers.lanes import WIDTH, in_lanes
from merx.refunds import send_refunds

MINUTE = timedelta(minutes=1)
HANGING = 150


@pytest.fixture
async def till(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> AsyncIterator[Till]:
    """A till whose rows are partly made by hand: its auditor would not understand them."""
    till = Till(db, keys, owner, await a_shop(db, now=now), now)
    yield till
    await till.close()


class Hanging:
    """Answers nobody before it is let go."""

    def __init__(self) -> None:
        self.at_once = 0
        self.let_go = asyncio.Event()

    async def __call__(self, _number: str) -> ProviderStatus:
        self.at_once += 1
        await self.let_go.wait()
        self.at_once -= 1
        return ProviderStatus.CLOSED


async def started(till: Till, provider: str, count: int) -> None:
    """Purchases whose buyers are at this provider."""
    await till.restock("TEA", count)
    carts = [await till.ready({"TEA": 1}) for _ in range(count)]
    placed = await place_orders(till.db, [cart.command for cart in carts], now=till.now, deadline=DEADLINE)
    await till.owner.execute(
        """WITH chosen AS (UPDATE purchases SET provider = $1 WHERE id = ANY($2::uuid[]) RETURNING id)
           UPDATE payments SET provider = $1, state = 'action_required', started_at = $3
             FROM chosen WHERE purchase_id = chosen.id""",
        provider,
        [each.purchase_id for each in placed if hasattr(each, "purchase_id")],
        till.now,
    )


async def until(happens: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await happens():
            await asyncio.sleep(0.01)


async def states(till: Till, provider: str) -> dict[str, int]:
    rows = await till.owner.fetch(
        "SELECT state, count(*)::int FROM purchases WHERE provider = $1 GROUP BY state", provider
    )
    return {row[0]: row[1] for row in rows}


async def test_a_hanging_providers_overdue_purchases_do_not_keep_anothers_waiting(till: Till) -> None:
    hanging = Hanging()
    tea, bank = Peer("tea", hanging), Peer("bank", lambda _number: _closed())
    await started(till, "tea", HANGING)
    till.simulator.clock.advance(MINUTE)
    await started(till, "bank", 1)
    till.simulator.clock.advance(DEADLINE)
    job = asyncio.create_task(expire_unpaid(till.db, ProviderRegistry([tea, bank]), now=till.now))

    async def cancelled() -> bool:
        return hanging.at_once == WIDTH and await states(till, "bank") == {"cancelled": 1}

    await until(cancelled)
    assert not job.done()
    assert await states(till, "tea") == {"pending_payment": HANGING}
    hanging.let_go.set()
    assert await job == HANGING + 1
    assert await states(till, "tea") == {"cancelled": HANGING}


async def test_a_hanging_providers_payments_in_doubt_do_not_keep_anothers_waiting(till: Till) -> None:
    hanging = Hanging()
    tea, bank = Peer("tea", hanging), Peer("bank")
    await started(till, "tea", 25)
    await started(till, "bank", 25)
    till.simulator.clock.advance(MINUTE)
    job = asyncio.create_task(ask_in_doubt(till.db, ProviderRegistry([tea, bank]), now=till.now))

    async def asked() -> bool:
        return hanging.at_once == WIDTH and len(bank.asked) == 25

    await until(asked)
    assert not job.done()
    hanging.let_go.set()
    assert await job == 0
    assert len(set(tea.asked)) == 25


async def _closed() -> ProviderStatus:
    return ProviderStatus.CLOSED


async def test_everything_overdue_is_found_page_by_page(till: Till) -> None:
    await started(till, "tea", 5)
    found: list[Any] = []
    async with till.db.read() as read:
        while page := await unpaid_past_deadline(
            read, now=till.now + DEADLINE, limit=2, after=found[-1] if found else None
        ):
            assert len(page) <= 2
            found += page
        assert await unpaid_past_deadline(read, now=till.now, limit=2) == []
    ids = await till.owner.fetch("SELECT id FROM purchases ORDER BY expires_at, id")
    assert [each.id for each in found] == [row[0] for row in ids]
    assert {each.provider for each in found} == {"tea"}


async def test_a_payment_is_asked_about_every_minute_at_first_and_then_more_and_more_seldom(
    till: Till,
) -> None:
    tea = Peer("tea")
    providers = ProviderRegistry([tea])
    await started(till, "tea", 1)
    asked = []
    for minute in range(1, 181):
        till.simulator.clock.advance(MINUTE)
        before = len(tea.asked)
        await ask_in_doubt(till.db, providers, now=till.now)
        if len(tea.asked) > before:
            asked.append(minute)
    expected = [1]
    while expected[-1] + min(10, math.ceil(expected[-1] / 10)) <= 180:
        expected.append(expected[-1] + min(10, math.ceil(expected[-1] / 10)))
    assert asked == expected
    assert (asked[:11], asked[-3:]) == ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [154, 164, 174])


async def captured(till: Till) -> Bought:
    bought = await till.at_cashier({"TEA": 1})
    await till.pay(bought)
    return bought


async def owes_back(till: Till, bought: Bought) -> None:
    async with till.db.transaction() as tx:
        payment = await lock_payment(tx, bought.payment_id)
        refund = NewRefund(reason="duplicate_payment", amount=1)
        await request_refund(tx, payment=payment, refund=refund, actor=System("test"), now=till.now)


async def test_a_refund_without_an_answer_is_tried_after_pauses_that_double_up_to_an_hour(till: Till) -> None:
    await owes_back(till, await captured(till))

    async def silence(_number: str) -> ProviderStatus:
        raise ProviderUnavailable(provider="alipay", reason="silence")

    peer = Peer("alipay", silence)
    providers = ProviderRegistry([peer])
    tried = []
    for minute in range(250):
        before = len(peer.asked)
        await send_refunds(till.db, providers, now=till.now + minute * MINUTE)
        if len(peer.asked) > before:
            tried.append(minute)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]


async def test_refunds_of_a_hanging_provider_do_not_keep_anothers_waiting(till: Till) -> None:
    mine = await captured(till)
    other = await captured(till)
    await owes_back(till, mine)
    await owes_back(till, other)
    await till.owner.execute("UPDATE payments SET provider = 'tea' WHERE id = $1", mine.payment_id)
    hanging = Hanging()

    async def gives_back(_number: str) -> ProviderStatus:
        return ProviderStatus.CAPTURED

    tea, alipay = Peer("tea", hanging), Peer("alipay", gives_back)
    job = asyncio.create_task(send_refunds(till.db, ProviderRegistry([tea, alipay]), now=till.now))

    async def paid_back() -> bool:
        done: int = await till.owner.fetchval("SELECT count(*) FROM refunds WHERE state = 'succeeded'")
        return done == hanging.at_once == 1

    await until(paid_back)
    assert not job.done()
    hanging.let_go.set()
    assert await job == 1


async def test_what_fails_stops_no_other_and_is_told_when_all_are_done() -> None:
    done: list[int] = []

    async def work(item: int) -> int:
        await asyncio.sleep(0)
        if item % 7 == 3:
            raise ValueError(item)
        done.append(item)
        return item

    with pytest.raises(ValueError, match=r"^(3|10|17|24)$"):
        await in_lanes(range(30), lane=lambda item: str(item % 2), work=work)
    assert sorted(done) == [item for item in range(30) if item % 7 != 3]
    assert await in_lanes([1, 2], lane=str, work=work) == 3
    assert await in_lanes([], lane=str, work=work) == 0
