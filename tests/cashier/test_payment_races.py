"""Paying, cancelling and expiring at once: exactly one wins, whichever starts first, and nothing is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from tests.world.till import DEADLINE, Bought, Till

from merx.cashier import AlreadyPaid
from merx.simulators.alipay.book import Refused
from merx.simulators.alipay.model import FaultKind, TradeStatus

CLOSE = "alipay.trade.close"
SECOND = timedelta(seconds=1)
Racer = Callable[[Till, Bought], Awaitable[bool]]


async def pays(till: Till, bought: Bought) -> bool:
    """The payer presses the button, and the notices go out; True when the provider took the money."""
    try:
        await till.pay(bought)
    except Refused:
        return False
    return True


async def cancels(till: Till, bought: Bought) -> bool:
    try:
        return await till.cancel(bought)
    except AlreadyPaid:
        return False


async def expires(till: Till, _bought: Bought) -> bool:
    """The job, on a clock that is a second ahead of the provider's."""
    return await till.expire(now=till.now + SECOND) == 1


async def asks(till: Till, bought: Bought) -> bool:
    await till.ask_about(bought)
    return False


async def after_turns(till: Till, bought: Bought, racer: Racer, turns: int) -> bool:
    """Start a racer some turns of the event loop later: the interleavings differ from round to round."""
    for _ in range(turns):
        await asyncio.sleep(0)
    return await racer(till, bought)


async def race(till: Till, bought: Bought, racers: Sequence[Racer], *, spread: int) -> list[bool]:
    """Run the racers at once; which of them won."""
    return await asyncio.gather(
        *(after_turns(till, bought, racer, place * spread) for place, racer in enumerate(racers))
    )


@pytest.mark.parametrize("spread", [0, 7, 40, 160])
async def test_of_paying_cancelling_and_expiring_exactly_one_wins(till: Till, spread: int) -> None:
    rounds = list(permutations([pays, cancels, expires]))
    till.simulator.clock.advance(-SECOND)
    for racers in rounds:
        bought = await till.at_cashier({"TEA": 1})
        till.simulator.clock.advance(DEADLINE - SECOND)
        results = dict(zip(racers, await race(till, bought, racers, spread=spread), strict=True))
        assert sum(results.values()) == 1, results
        paid = till.trade(bought).status is TradeStatus.SUCCESS
        assert results[pays] is paid
        expected = {
            pays: ("placed", None),
            cancels: ("cancelled", "buyer"),
            expires: ("cancelled", "expired"),
        }
        winner = next(racer for racer, won in results.items() if won)
        assert await till.state(bought) == expected[winner]
        await till.audit()
        await till.provider_agrees()
    assert await till.refunds() == []


@pytest.mark.parametrize("spread", [0, 7, 40, 160])
async def test_a_cancellation_that_cannot_reach_the_provider_never_loses_the_payers_money(
    till: Till, spread: int
) -> None:
    for racers in permutations([pays, cancels, asks]):
        bought = await till.at_cashier({"TEA": 1})
        till.fault(FaultKind.TIMEOUT, method=CLOSE, number=bought.payment_number)
        till.fault(FaultKind.DUPLICATE, number=bought.payment_number, copies=4)
        results = dict(zip(racers, await race(till, bought, racers, spread=spread), strict=True))
        assert results[pays] is True
        # Cancelled first and paid then, or paid first: the stock is there, so the purchase stands.
        assert await till.state(bought) == ("placed", None)
        assert await till.owner.fetchval(
            "SELECT count(*) FROM events WHERE kind = 'OrderPaid' AND subject_id = $1", bought.id
        ) == 1  # fmt: skip
        await till.audit()
        await till.provider_agrees()
        till.simulator.clear_faults()
    assert await till.stock("TEA") == (0, 6)


async def test_late_money_and_a_new_order_do_not_both_get_the_last_unit(till: Till) -> None:
    for turn in range(6):
        late = await till.place({"POT": 1})
        url = await till.start(late)
        till.simulator.clock.advance(DEADLINE - SECOND)
        assert await till.expire(now=till.now + SECOND) == 1
        await till.open(url)
        cart = await till.ready({"POT": 1})
        before = await till.stock("POT")
        racers = [till.pay(late), till.try_to_place(cart)]
        await asyncio.gather(*(racers if turn % 2 else reversed(racers)))
        await till.audit()
        placed = await till.state(late) == ("placed", None)
        held, sold = await till.stock("POT")
        assert (held, sold - before[1]) == ((0, 1) if placed else (1, 0))
        assert await till.refund() == (0 if placed else 1)
        await till.provider_agrees()
        if placed:
            await till.restock("POT", 1)
        else:
            till.simulator.clock.advance(DEADLINE)
            assert await till.expire() == 1
    assert await till.events("RefundApproved") == await till.events("RefundSucceeded")


@pytest.mark.parametrize("spread", [0, 7, 40])
async def test_money_in_the_last_second_and_a_new_order_do_not_both_get_the_last_unit(
    till: Till, spread: int
) -> None:
    async def orders(till: Till, _bought: Bought) -> bool:
        return await till.try_to_place(cart)

    for racers in ([pays, orders], [orders, pays], [pays, asks, orders], [orders, asks, pays]):
        waiting = await till.at_cashier({"POT": 1})
        till.fault(FaultKind.LOSE, number=waiting.payment_number)
        till.simulator.clock.advance(DEADLINE - SECOND)
        await till.pay(waiting)
        till.simulator.clock.advance(
            timedelta(minutes=4)
        )  # its hold has run out, and its notice is due again
        cart = await till.ready({"POT": 1})
        before = await till.stock("POT")
        await race(till, waiting, racers, spread=spread)
        await till.audit()
        placed = await till.state(waiting) == ("placed", None)
        held, sold = await till.stock("POT")
        assert (held, sold - before[1]) == ((0, 1) if placed else (1, 0))
        assert await till.refund() == (0 if placed else 1)
        await till.provider_agrees()
        if placed:
            await till.restock("POT", 1)
        else:
            till.simulator.clock.advance(DEADLINE)
            assert await till.expire() == 1


async def test_many_purchases_paid_at_once_are_all_placed(till: Till) -> None:
    bought = [await till.at_cashier({"TEA": 1, "CUP": 1} if index < 3 else {"TEA": 1}) for index in range(10)]
    till.fault(FaultKind.DUPLICATE, times=None, copies=2)
    for each in bought:
        till.simulator.pay(each.payment_number)
    await asyncio.gather(
        till.simulator.deliver_due(), *(till.ask_about(each) for each in bought for _ in range(2))
    )
    assert {await till.state(each) for each in bought} == {("placed", None)}
    assert [await till.stock(sku) for sku in ("TEA", "CUP")] == [(0, 10), (0, 3)]
    assert await till.events("OrderPaid") == 10
    await till.provider_agrees()
