"""Refunds through the provider against the simulated Alipay: done, under way, unknown, refused."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from tests.world.gateways import alipay_at

from merx.kit.money import Money
from merx.payments.providers import (
    AlipayProvider,
    PaymentRequest,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
    RefundState,
)
from merx.simulators import AlipaySimulator
from merx.simulators.alipay.model import Fault, FaultKind

NUMBER = "M20260301_0001"
WHOLE = Money(12_345, "CNY")
REFUND = "alipay.trade.refund"
REFUND_QUERY = "alipay.trade.fastpay.refund.query"


@pytest.fixture
async def paid(
    provider: AlipayProvider,
    simulator: AlipaySimulator,
    browser: httpx.AsyncClient,
    request_of: Callable[..., PaymentRequest],
) -> AlipayProvider:
    """A provider at which NUMBER is paid, 123.45 yuan."""
    await browser.get((await provider.start(request_of())).url, follow_redirects=True)
    simulator.pay(NUMBER)
    return provider


async def refund(provider: AlipayProvider, amount: Money = WHOLE, number: str = "R1") -> bool:
    return await provider.refund(number=NUMBER, refund_number=number, amount=amount, reason="货到不符 a=b&c")


def refunded(simulator: AlipaySimulator) -> int:
    return simulator.list_trades()[0].refunded_fen


async def test_parts_go_back_until_nothing_is_left(paid: AlipayProvider, simulator: AlipaySimulator) -> None:
    assert await refund(paid, Money(2_345, "CNY"), "R1") is True
    assert (await paid.query(NUMBER)).status is ProviderStatus.CAPTURED
    assert await refund(paid, Money(10_000, "CNY"), "R2") is True
    assert (await paid.query(NUMBER)).status is ProviderStatus.CLOSED
    (trade,) = simulator.list_trades()
    assert [(each.request_number, each.amount_fen, each.reason) for each in trade.refunds] == [
        ("R1", 2_345, "货到不符 a b c"),
        ("R2", 10_000, "货到不符 a b c"),
    ]


async def test_a_repeat_succeeds_and_pays_nothing_twice(
    paid: AlipayProvider, simulator: AlipaySimulator
) -> None:
    assert await refund(paid, Money(100, "CNY")) is True
    assert await refund(paid, Money(100, "CNY")) is True
    assert refunded(simulator) == 100


async def test_a_refund_under_way_is_not_done_until_the_provider_says_so(
    paid: AlipayProvider, simulator: AlipaySimulator
) -> None:
    simulator.add_fault(Fault(kind=FaultKind.SLOW_REFUND, seconds=60))
    assert await refund(paid) is False
    simulator.clock.advance(timedelta(seconds=59))
    assert await refund(paid) is False
    simulator.clock.advance(timedelta(seconds=1))
    assert await refund(paid) is True
    assert refunded(simulator) == 12_345


@pytest.mark.parametrize(
    "kind", ["timeout", "error_before", "busy", "timeout_after", "error_after", "unsigned"]
)
async def test_without_an_answer_to_believe_the_outcome_is_unknown_and_a_repeat_finds_it(
    paid: AlipayProvider, simulator: AlipaySimulator, kind: str
) -> None:
    simulator.add_fault(Fault(kind=FaultKind(kind), method=REFUND))
    with pytest.raises(ProviderUnavailable) as caught:
        await refund(paid)
    assert not isinstance(caught.value, ProviderRefused)
    assert await refund(paid) is True
    assert refunded(simulator) == 12_345


@pytest.mark.parametrize("kind", ["timeout", "busy", "bad_signature"])
async def test_a_repeat_is_unknown_while_the_query_is_not_answered(
    paid: AlipayProvider, simulator: AlipaySimulator, kind: str
) -> None:
    assert await refund(paid) is True
    simulator.add_fault(Fault(kind=FaultKind(kind), method=REFUND_QUERY))
    with pytest.raises(ProviderUnavailable):
        await refund(paid)
    assert await refund(paid) is True


@pytest.mark.parametrize(
    ("amount", "number", "reason"),
    [
        (Money(101, "CNY"), "R1", "ACQ.DISCORDANT_REPEAT_REQUEST"),
        (Money(12_246, "CNY"), "R2", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"),
        (Money(100, "USD"), "R2", "not a refund in Chinese yuan with a number"),
        (Money(0, "CNY"), "R2", "not a refund in Chinese yuan with a number"),
        (Money(100, "CNY"), "R-2", "not a refund in Chinese yuan with a number"),
    ],
)
async def test_a_refund_that_no_repeat_cures_is_refused_and_pays_nothing(
    paid: AlipayProvider, simulator: AlipaySimulator, amount: Money, number: str, reason: str
) -> None:
    assert await refund(paid, Money(100, "CNY")) is True
    with pytest.raises(ProviderRefused) as caught:
        await refund(paid, amount, number)
    assert caught.value.params["reason"] == reason
    assert refunded(simulator) == 100


async def test_what_was_never_paid_cannot_be_refunded(
    provider: AlipayProvider, browser: httpx.AsyncClient, request_of: Callable[..., PaymentRequest]
) -> None:
    with pytest.raises(ProviderRefused) as absent:
        await refund(provider)
    await browser.get((await provider.start(request_of())).url, follow_redirects=True)
    with pytest.raises(ProviderRefused) as unpaid:
        await refund(provider)
    assert [caught.value.params["reason"] for caught in (absent, unpaid)] == [
        "ACQ.TRADE_NOT_EXIST",
        "ACQ.TRADE_STATUS_ERROR",
    ]


async def test_a_genuine_answer_about_another_refund_is_not_believed(
    paid: AlipayProvider, simulator: AlipaySimulator
) -> None:
    class Replaying(httpx.AsyncBaseTransport):
        """Answers every refund and every refund query as it answered the first."""

        kept: dict[bool, bytes]

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            query = b"fastpay" in await request.aread()
            if query not in self.kept:
                answer = await simulator.transport().handle_async_request(request)
                self.kept[query] = await answer.aread()
            return httpx.Response(200, content=self.kept[query])

    transport = Replaying()
    transport.kept = {}
    replayed = alipay_at(simulator, transport)
    assert await refund(paid, Money(100, "CNY")) is True
    assert await refund(replayed, Money(100, "CNY")) is True
    with pytest.raises(ProviderUnavailable) as caught:
        await refund(replayed, Money(100, "CNY"), "R2")
    assert caught.value.params["reason"] == "the answer is about another refund"
    assert refunded(simulator) == 100


async def state(provider: AlipayProvider, amount: Money = WHOLE, number: str = "R1") -> RefundState:
    return await provider.refund_state(number=NUMBER, refund_number=number, amount=amount)


async def test_a_refund_is_unknown_until_it_is_asked_for_under_way_and_then_done(
    paid: AlipayProvider, simulator: AlipaySimulator
) -> None:
    assert await state(paid) is RefundState.UNKNOWN
    simulator.add_fault(Fault(kind=FaultKind.SLOW_REFUND, seconds=60))
    assert await refund(paid) is False
    assert await state(paid) is RefundState.PROCESSING
    simulator.clock.advance(timedelta(seconds=60))
    assert await state(paid) is RefundState.SUCCEEDED
    assert await state(paid, number="R2") is RefundState.UNKNOWN


async def test_a_refund_of_a_trade_nobody_opened_is_unknown(provider: AlipayProvider) -> None:
    assert await state(provider) is RefundState.UNKNOWN


async def test_a_refund_of_another_amount_is_not_believed(paid: AlipayProvider) -> None:
    assert await refund(paid, Money(100, "CNY")) is True
    with pytest.raises(ProviderUnavailable) as caught:
        await state(paid, Money(101, "CNY"))
    assert caught.value.params["reason"] == "the answer is about another refund"
