"""Refunds as objects: approved against what was captured, attempted until the provider's word is known, booked once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.world.shop import a_shop
from tests.world.till import Bought, Till

from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.actors import System
from merx.kit.ids import new_id
from merx.kit.money import Money
from merx.orders import LineClaim, claim_units, lock_order
from merx.payments import (
    NewRefund,
    RefundMoved,
    RefundTooLarge,
    UnknownRefund,
    approve_refund,
    get_payment,
    lock_payment,
    refunds_of,
    request_refund,
    retry_refund,
)
from merx.refunds import UnitsBack, refund_order, settle_refund
from merx.simulators.alipay.model import FaultKind

REFUND = "alipay.trade.refund"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def till(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> AsyncIterator[Till]:
    """A shop with a till."""
    till = Till(db, keys, owner, await a_shop(db, now=now), now)
    yield till
    await till.close()


async def paid(till: Till, lines: dict[str, int]) -> Bought:
    bought = await till.at_cashier(lines)
    assert set(await till.pay(bought)) == {"success"}
    return bought


async def take_all_back(till: Till, bought: Bought) -> int:
    """Refund every unit of the purchase's one order, as after-sales do; returns the amount."""

    async def work(tx: Any) -> int:
        order_id = await till.owner.fetchval("SELECT id FROM orders WHERE purchase_id = $1", bought.id)
        view = await lock_order(tx, order_id=order_id)
        await claim_units(
            tx, order_id=order_id, claims=[LineClaim(line.id, line.quantity, 0) for line in view.lines]
        )
        units = [UnitsBack(line.id, line.quantity, line.quantity) for line in view.lines]
        _, amount = await refund_order(
            tx, view=view, units=units, amount=None, delivered=True, actor=System("test"), now=till.now
        )
        return amount

    return await till.db.write(work)


async def ask(till: Till, bought: Bought, amount: int) -> None:
    async def work(tx: Any) -> None:
        payment = await lock_payment(tx, bought.payment_id)
        refund = NewRefund(reason="late_payment", amount=amount)
        await request_refund(tx, payment=payment, refund=refund, actor=System("test"), now=till.now)

    await till.db.write(work)


async def the_refund(till: Till) -> dict[str, Any]:
    return dict(await till.owner.fetchrow("SELECT id, state, attempts, failure, settled_at FROM refunds"))


async def attempts(till: Till) -> list[tuple[int, str | None]]:
    rows = await till.owner.fetch("SELECT attempt, outcome FROM refund_attempts ORDER BY attempt")
    return [(row[0], row[1]) for row in rows]


async def test_ten_full_refunds_at_once_pay_once(till: Till) -> None:
    bought = await paid(till, {"TEA": 1})
    found = await asyncio.gather(
        *(ask(till, bought, bought.total) for _ in range(10)), return_exceptions=True
    )
    assert [type(each) for each in found if each is not None] == [RefundTooLarge] * 9
    assert await till.refund() == 1
    assert till.trade(bought).refunded_fen == bought.total
    assert await till.owner.fetchval("SELECT refunded FROM payments") == bought.total


@pytest.mark.parametrize("more", [1, 10_000])
async def test_more_than_was_captured_is_not_refunded(till: Till, more: int) -> None:
    bought = await paid(till, {"TEA": 1})
    before = await till.everything()
    with pytest.raises(RefundTooLarge):
        await ask(till, bought, bought.total + more)
    assert await till.everything() == before
    await ask(till, bought, 1000)
    with pytest.raises(RefundTooLarge):
        await ask(till, bought, bought.total - 999)
    assert await till.refunds() == [("late_payment", "approved", 1000)]


async def test_the_database_itself_refuses_to_pay_back_too_much(till: Till) -> None:
    bought = await paid(till, {"TEA": 1})
    with pytest.raises(asyncpg.CheckViolationError):
        await till.owner.execute(
            "UPDATE payments SET refunded = captured + 1 WHERE id = $1", bought.payment_id
        )


async def test_a_sale_refunded_in_full_can_not_be_refunded_again(till: Till) -> None:
    bought = await paid(till, {"TEA": 1, "CUP": 2})
    assert await take_all_back(till, bought) == bought.total
    with pytest.raises(RefundTooLarge):
        await ask(till, bought, 1)


async def test_a_refund_is_approved_once(till: Till) -> None:
    bought = await paid(till, {"TEA": 1})
    await ask(till, bought, 1000)
    refund = await the_refund(till)
    with pytest.raises(RefundMoved):
        await till.db.write(
            lambda tx: approve_refund(tx, refund_id=refund["id"], actor=System("test"), now=till.now)
        )
    assert await till.owner.fetchval("SELECT refunded FROM payments") == 1000


@pytest.mark.parametrize("kind", ["timeout", "timeout_after", "error_before", "error_after"])
async def test_every_attempt_is_written_and_the_truth_is_asked_for(till: Till, kind: str) -> None:
    bought = await paid(till, {"TEA": 1})
    await ask(till, bought, 1000)
    till.fault(FaultKind(kind), method=REFUND)
    assert await till.refund() == 0
    assert await attempts(till) == [(1, "unknown")]
    till.simulator.clock.advance(MINUTE)
    assert await till.refund() == 1
    assert await attempts(till) == [(1, "unknown"), (2, "succeeded")]
    assert till.trade(bought).refunded_fen == 1000


async def test_a_slow_refund_is_processing_until_it_is_done(till: Till) -> None:
    bought = await paid(till, {"TEA": 1})
    await ask(till, bought, 1000)
    till.fault(FaultKind.SLOW_REFUND, seconds=90)
    assert await till.refund() == 0
    till.simulator.clock.advance(MINUTE)
    assert await till.refund() == 0
    till.simulator.clock.advance(2 * MINUTE)
    assert await till.refund() == 1
    assert await attempts(till) == [(1, "processing"), (2, "processing"), (3, "succeeded")]


async def test_a_refused_refund_fails_with_its_reason_and_is_tried_again_by_hand(till: Till) -> None:
    bought = await paid(till, {"TEA": 1})
    await till.provider.refund(
        number=bought.payment_number, refund_number="BYHAND", amount=Money(bought.total, "CNY")
    )
    await ask(till, bought, 1000)
    assert await till.refund() == 0
    refund = await the_refund(till)
    assert (refund["state"], refund["attempts"]) == ("failed", 1)
    assert refund["failure"].startswith("ACQ.")
    till.simulator.clock.advance(timedelta(days=1))
    assert await till.refund() == 0
    assert await attempts(till) == [(1, "refused")]
    await till.db.write(lambda tx: retry_refund(tx, refund_id=refund["id"], now=till.now))
    assert await till.refund() == 0
    assert await attempts(till) == [(1, "refused"), (2, "refused")]
    assert await till.owner.fetchval("SELECT refunded FROM payments") == 1000
    assert await till.events("RefundFailed") == 2


async def test_only_a_failed_refund_is_tried_again(till: Till) -> None:
    bought = await paid(till, {"TEA": 1})
    await ask(till, bought, 1000)
    refund = await the_refund(till)
    with pytest.raises(RefundMoved):
        await till.db.write(lambda tx: retry_refund(tx, refund_id=refund["id"], now=till.now))
    with pytest.raises(UnknownRefund):
        await till.db.write(lambda tx: retry_refund(tx, refund_id=new_id(), now=till.now))


async def test_a_refund_that_succeeds_after_we_gave_up_is_booked_once(till: Till) -> None:
    bought = await paid(till, {"TEA": 1, "CUP": 1})
    amount = await take_all_back(till, bought)
    await till.owner.execute(
        "UPDATE refunds SET state = 'failed', failure = 'refused', next_attempt_at = NULL"
    )
    async with till.db.read() as read:
        (refund,) = await refunds_of(read, bought.id)
        payment = await get_payment(read, bought.payment_id)

    async def learn() -> bool:
        return await till.db.write(lambda tx: settle_refund(tx, payment=payment, refund=refund, now=till.now))

    assert sum(await asyncio.gather(*(learn() for _ in range(6)))) == 1
    assert (await the_refund(till))["state"] == "succeeded"
    assert await till.state(bought) == ("cancelled", "refunded")
    assert await till.owner.fetchval("SELECT refunded FROM orders") == amount == bought.total
    owed = await till.owner.fetchval(
        """SELECT sum(CASE WHEN debit_kind = 'customer_receivable' THEN amount ELSE -amount END)::int
             FROM transfers WHERE 'customer_receivable' IN (debit_kind, credit_kind)"""
    )
    assert owed == 0
