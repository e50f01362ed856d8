"""Paying a placed purchase another way: whichever way the money comes, it buys once, and no cent is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from tests.world.gateways import alipay_at
from tests.world.peer import Peer
from tests.world.people import guest
from tests.world.shop import Shop, a_shop
from tests.world.till import DEADLINE, PUBLIC_URL, Bought, Till

from merx.cashier import (
    AlreadyPaid,
    TooManyPaymentAttempts,
    choose_method,
    receive_notice,
    start_payment,
)
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.errors import DomainError
from merx.orders import UnknownPurchase
from merx.payments import NotPayable
from merx.payments.providers import (
    BreakerRules,
    GuardRules,
    MethodNotOffered,
    ProviderRegistry,
    ProviderUnavailable,
)
from merx.simulators import NoticeAnswer
from merx.simulators.alipay.model import FaultKind, TradeStatus

CLOSE = "alipay.trade.close"
MINUTE = timedelta(minutes=1)


class TwoWays(Till):
    """A till where one can go to Alipay's cashier, scan its code, or pay in dollars somewhere else."""

    def __init__(self, db: Database, keys: MasterKeys, owner: Any, shop: Shop, now: datetime) -> None:
        super().__init__(db, keys, owner, shop, now)
        self.qr = alipay_at(self.simulator, qr=True)
        dollars = Peer("dollars", currencies=frozenset({"USD"}))
        rules = GuardRules(breaker=BreakerRules(failures=2))
        self.providers = ProviderRegistry([self.provider, self.qr, dollars], rules=rules)

    async def receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        code = url.removeprefix(f"{PUBLIC_URL}/payments/").removesuffix("/notify")
        answer = await receive_notice(
            self.db, self.providers.get(code), headers=dict(headers), body=body, now=self.now
        )
        return NoticeAnswer(answer.status, answer.body)

    async def choose(self, bought: Bought, method: str = "alipay_qr") -> bool:
        """The buyer wants to pay another way."""
        return await choose_method(
            self.db, self.providers, purchase_id=bought.id, method=method,
            actor=bought.cart.command.buyer, now=self.now,
        )  # fmt: skip

    async def scan(self, bought: Bought) -> None:
        """The buyer asks for the code and scans it."""
        action = await start_payment(
            self.db, self.providers, purchase_id=bought.id, actor=bought.cart.command.buyer,
            public_url=PUBLIC_URL, now=self.now,
        )  # fmt: skip
        assert action.kind == "qr"
        await self.open(action.qr_text)

    async def attempts(self, bought: Bought) -> list[tuple[str, str, str]]:
        """Provider, number and state of every attempt; the number without the purchase's."""
        rows = await self.owner.fetch(
            "SELECT provider, number, state FROM payments WHERE purchase_id = $1 ORDER BY number", bought.id
        )
        return [(row[0], row[1].removeprefix(bought.number), row[2]) for row in rows]

    async def chosen(self, bought: Bought) -> str:
        provider: str = await self.owner.fetchval("SELECT provider FROM purchases WHERE id = $1", bought.id)
        return provider

    def status(self, bought: Bought, attempt: str) -> TradeStatus:
        """What the provider has of an attempt."""
        return next(
            each.status for each in self.simulator.list_trades() if each.number == bought.number + attempt
        )

    async def paid(self, bought: Bought, attempt: str) -> list[str]:
        """The buyer pays an attempt, and the notices go out."""
        self.simulator.pay(bought.number + attempt)
        return [line.outcome for line in await self.simulator.deliver_due()]


@pytest.fixture
async def till(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> AsyncIterator[TwoWays]:
    till = TwoWays(db, keys, owner, await a_shop(db, now=now), now)
    yield till
    try:
        await till.audit()
        await till.provider_agrees()
    finally:
        await till.close()


async def test_an_attempt_never_begun_is_replaced_by_one_under_a_new_number(till: TwoWays) -> None:
    bought = await till.place({"TEA": 1})
    assert await till.choose(bought) is True
    assert await till.attempts(bought) == [("alipay", "P1", "expired"), ("alipay_qr", "P2", "created")]
    assert await till.chosen(bought) == "alipay_qr"
    assert await till.events("PaymentMethodChosen") == 1
    await till.scan(bought)
    assert await till.paid(bought, "P2") == ["success"]
    assert await till.state(bought) == ("placed", None)
    assert await till.attempts(bought) == [("alipay", "P1", "expired"), ("alipay_qr", "P2", "captured")]
    assert (await till.events("OrderPaid"), await till.stock("TEA")) == (1, (0, 1))


async def test_a_begun_attempt_is_closed_at_its_provider_first(till: TwoWays) -> None:
    bought = await till.at_cashier({"TEA": 1})
    assert await till.choose(bought) is True
    assert till.status(bought, "P1") is TradeStatus.CLOSED
    assert await till.attempts(bought) == [("alipay", "P1", "expired"), ("alipay_qr", "P2", "created")]
    assert await till.state(bought) == ("pending_payment", None)
    assert await till.stock("TEA") == (1, 0)


async def test_there_and_back_again_each_attempt_has_a_number_of_its_own(till: TwoWays) -> None:
    bought = await till.at_cashier({"TEA": 1})
    for provider in ("alipay_qr", "alipay", "alipay_qr"):
        assert await till.choose(bought, provider) is True
    assert [number for _, number, _ in await till.attempts(bought)] == ["P1", "P2", "P3", "P4"]
    await till.scan(bought)
    assert set(await till.paid(bought, "P4")) == {"success"}
    assert await till.state(bought) == ("placed", None)


async def test_choosing_the_same_again_changes_nothing_also_twice_at_once(till: TwoWays) -> None:
    bought = await till.at_cashier({"TEA": 1})
    before = await till.everything()
    assert await till.choose(bought, "alipay") is False
    assert await till.everything() == before
    assert sorted(await asyncio.gather(*(till.choose(bought) for _ in range(5)))) == [False] * 4 + [True]
    assert await till.attempts(bought) == [("alipay", "P1", "expired"), ("alipay_qr", "P2", "created")]


async def test_what_turns_out_to_be_paid_is_placed_instead(till: TwoWays) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.LOSE)
    await till.pay(bought)
    with pytest.raises(AlreadyPaid):
        await till.choose(bought)
    assert await till.state(bought) == ("placed", None)
    assert await till.attempts(bought) == [("alipay", "P1", "captured")]
    with pytest.raises(AlreadyPaid):
        await till.choose(bought)
    assert await till.events("OrderPaid") == 1


async def test_a_silent_provider_does_not_stop_the_buyer_and_money_that_comes_twice_is_given_back(
    till: TwoWays,
) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.TIMEOUT, method=CLOSE)
    assert await till.choose(bought) is True
    assert await till.attempts(bought) == [
        ("alipay", "P1", "action_required"),
        ("alipay_qr", "P2", "created"),
    ]
    await till.scan(bought)
    assert await till.paid(bought, "P2") == ["success"]
    assert await till.state(bought) == ("placed", None)
    assert await till.paid(bought, "P1") == ["success"]
    assert await till.refunds() == [("duplicate_payment", "approved", bought.total)]
    await till.audit()
    assert await till.refund() == 1
    assert await till.refunds() == [("duplicate_payment", "succeeded", bought.total)]
    assert [state for _, _, state in await till.attempts(bought)] == ["captured", "captured"]
    assert (await till.events("OrderPaid"), await till.stock("TEA")) == (1, (0, 1))


async def test_the_money_of_the_old_attempt_buys_when_it_comes_first(till: TwoWays) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.TIMEOUT, method=CLOSE)
    await till.choose(bought)
    await till.scan(bought)
    assert await till.paid(bought, "P1") == ["success"]
    assert await till.state(bought) == ("placed", None)
    till.simulator.clock.advance(MINUTE)
    assert await till.ask() == 0
    assert till.status(bought, "P2") is TradeStatus.CLOSED
    assert [state for _, _, state in await till.attempts(bought)] == ["captured", "expired"]
    assert await till.refunds() == []


async def test_an_attempt_nobody_waits_for_is_closed_later_and_the_new_one_is_left_alone(
    till: TwoWays,
) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.TIMEOUT, method=CLOSE)
    await till.choose(bought)
    till.simulator.clock.advance(MINUTE)
    assert await till.ask() == 0
    assert till.status(bought, "P1") is TradeStatus.CLOSED
    assert await till.attempts(bought) == [("alipay", "P1", "expired"), ("alipay_qr", "P2", "created")]
    await till.scan(bought)
    till.simulator.clock.advance(MINUTE)
    assert await till.ask() == 0
    assert till.status(bought, "P2") is TradeStatus.WAITING
    assert await till.state(bought) == ("pending_payment", None)


async def test_the_deadline_ends_every_attempt(till: TwoWays) -> None:
    bought = await till.at_cashier({"TEA": 1})
    till.fault(FaultKind.TIMEOUT, method=CLOSE)
    await till.choose(bought)
    await till.scan(bought)
    till.simulator.clock.advance(DEADLINE)
    assert await till.expire() == 1
    assert await till.state(bought) == ("cancelled", "expired")
    assert [state for _, _, state in await till.attempts(bought)] == ["expired", "expired"]


# --- refusals


async def refused(till: TwoWays, bought: Bought, provider: str, error: type[DomainError]) -> DomainError:
    before = await till.everything()
    with pytest.raises(error) as caught:
        await till.choose(bought, provider)
    assert await till.everything() == before
    return caught.value


async def test_a_method_that_cannot_be_used_is_refused_and_the_others_are_named(till: TwoWays) -> None:
    bought = await till.at_cashier({"TEA": 1})
    for provider in ("dollars", "cash"):
        error = await refused(till, bought, provider, MethodNotOffered)
        assert error.params["offered"] == "alipay, alipay_qr"
    till.fault(FaultKind.TIMEOUT, times=2)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await till.providers.get("alipay_qr").query("N")
    error = await refused(till, bought, "alipay_qr", MethodNotOffered)
    assert error.params["offered"] == "alipay"
    assert till.status(bought, "P1") is TradeStatus.WAITING


async def test_only_the_buyer_of_a_waiting_purchase_chooses(till: TwoWays) -> None:
    bought = await till.at_cashier({"TEA": 1})
    before = await till.everything()
    for access_hash in (None, b"x" * 32):
        with pytest.raises(UnknownPurchase):
            await choose_method(
                till.db, till.providers, purchase_id=bought.id, method="alipay_qr",
                actor=guest(access_hash), now=till.now,
            )  # fmt: skip
    assert await till.everything() == before
    till.simulator.clock.advance(DEADLINE)
    await refused(till, bought, "alipay_qr", NotPayable)
    await till.expire()
    await refused(till, bought, "alipay_qr", NotPayable)


async def test_the_way_to_pay_can_be_changed_nineteen_times(till: TwoWays) -> None:
    bought = await till.place({"TEA": 1})
    for turn in range(19):
        assert await till.choose(bought, ("alipay_qr", "alipay")[turn % 2]) is True
    await refused(till, bought, "alipay", TooManyPaymentAttempts)
    await till.scan(bought)
    assert await till.paid(bought, "P20") == ["success"]
    assert await till.state(bought) == ("placed", None)


# --- races


async def later(turns: int, work: Callable[[], Awaitable[Any]]) -> Any:
    for _ in range(turns):
        await asyncio.sleep(0)
    return await work()


@pytest.mark.parametrize("spread", [0, 5, 20, 60, 200])
async def test_a_change_while_the_old_money_arrives_ends_in_one_sale(till: TwoWays, spread: int) -> None:
    """The provider closes or takes the money, never both; the notice may come before, during or after the change."""
    for notice_first in (True, False):
        bought = await till.at_cashier({"TEA": 1})
        till.simulator.pay(bought.payment_number)
        racers: list[Callable[[], Awaitable[Any]]] = [
            till.simulator.deliver_due,
            partial(till.choose, bought),
        ]
        if not notice_first:
            racers.reverse()
        results = await asyncio.gather(
            *(later(place * spread, racer) for place, racer in enumerate(racers)), return_exceptions=True
        )
        strange = [
            each for each in results if isinstance(each, BaseException) and not isinstance(each, AlreadyPaid)
        ]
        assert strange == []
        assert await till.attempts(bought) == [("alipay", "P1", "captured")]
        assert await till.state(bought) == ("placed", None)
    assert (await till.events("OrderPaid"), await till.refunds()) == (2, [])


@pytest.mark.parametrize("spread", [0, 5, 20, 60, 200])
async def test_a_change_past_a_silent_provider_while_the_old_money_arrives_never_loses_it(
    till: TwoWays, spread: int
) -> None:
    for notice_first in (True, False):
        bought = await till.at_cashier({"TEA": 1})
        till.fault(FaultKind.TIMEOUT, method=CLOSE, number=bought.payment_number)
        till.simulator.pay(bought.payment_number)
        racers: list[Callable[[], Awaitable[Any]]] = [
            till.simulator.deliver_due,
            partial(till.choose, bought),
        ]
        if not notice_first:
            racers.reverse()
        results = await asyncio.gather(
            *(later(place * spread, racer) for place, racer in enumerate(racers)), return_exceptions=True
        )
        changed = any(result is True for result in results)
        expected = [("alipay", "P1", "captured"), ("alipay_qr", "P2", "created")]
        assert await till.attempts(bought) == expected[: 1 + changed]
        assert await till.state(bought) == ("placed", None)
        with pytest.raises(NotPayable):
            await till.start(bought)
        till.simulator.clear_faults()
        till.providers = ProviderRegistry([till.provider, till.qr])
    assert (await till.events("OrderPaid"), await till.refunds()) == (2, [])


async def test_both_attempts_paid_at_once_buy_once_and_the_other_is_given_back(till: TwoWays) -> None:
    for _ in range(4):
        bought = await till.at_cashier({"TEA": 1})
        till.fault(FaultKind.TIMEOUT, method=CLOSE)
        await till.choose(bought)
        await till.scan(bought)
        till.fault(FaultKind.DUPLICATE, times=2, copies=3)
        for attempt in ("P1", "P2"):
            till.simulator.pay(bought.number + attempt)
        await asyncio.gather(
            till.simulator.deliver_due(), till.ask_about(bought), till.simulator.deliver_due()
        )
        assert await till.state(bought) == ("placed", None)
        assert [state for _, _, state in await till.attempts(bought)] == ["captured", "captured"]
        assert await till.refund() == 1
        await till.audit()
        await till.provider_agrees()
    assert (await till.events("OrderPaid"), await till.stock("TEA")) == (4, (0, 4))
    assert [reason for reason, _, _ in await till.refunds()] == ["duplicate_payment"] * 4


async def test_a_change_and_a_cancellation_at_once_leave_nothing_to_pay(till: TwoWays) -> None:
    for spread in (0, 10, 40, 120):
        bought = await till.at_cashier({"TEA": 1})
        racers = [partial(till.choose, bought), partial(till.cancel, bought)]
        results = await asyncio.gather(
            *(later(place * spread, racer) for place, racer in enumerate(racers)), return_exceptions=True
        )
        assert all(result is True or isinstance(result, NotPayable) for result in results), results
        assert await till.state(bought) == ("cancelled", "buyer")
        assert {state for _, _, state in await till.attempts(bought)} == {"expired"}
    assert await till.stock("TEA") == (0, 0)
