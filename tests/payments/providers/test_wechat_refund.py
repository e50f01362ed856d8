"""Refunds through the provider against the simulated WeChat Pay: done, under way, failed, unknown, refused."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.world.wechat import NUMBER, WHOLE, WechatPeer, request

from merx.kit.money import Money
from merx.payments.providers import ProviderRefused, ProviderUnavailable, RefundState
from merx.payments.providers.wechat import WechatProvider
from merx.simulators.wechat.model import Fault, FaultKind


@pytest.fixture
async def peer() -> AsyncIterator[WechatPeer]:
    peer = WechatPeer()
    await peer.paid()
    yield peer
    await peer.close()


async def refund(provider: WechatProvider, amount: Money = WHOLE, number: str = "R1") -> bool:
    return await provider.refund(number=NUMBER, refund_number=number, amount=amount, reason="货到\n不符")


async def state(provider: WechatProvider, amount: Money = WHOLE, number: str = "R1") -> RefundState:
    return await provider.refund_state(number=NUMBER, refund_number=number, amount=amount)


def refunded(peer: WechatPeer) -> int:
    return peer.simulator.list_orders()[0].refunded_fen


async def test_parts_are_accepted_first_and_then_done_until_nothing_is_left(peer: WechatPeer) -> None:
    for number, fen in (("R1", 2_345), ("R2", 10_000)):
        assert await refund(peer.provider, Money(fen, "CNY"), number) is False
        assert await state(peer.provider, Money(fen, "CNY"), number) is RefundState.SUCCEEDED
    (order,) = peer.simulator.list_orders()
    assert [(each.refund_number, each.amount_fen, each.reason) for each in order.refunds] == [
        ("R1", 2_345, "货到 不符"),
        ("R2", 10_000, "货到 不符"),
    ]
    with pytest.raises(ProviderRefused) as caught:
        await refund(peer.provider, Money(1, "CNY"), "R3")
    assert caught.value.params["reason"] == "INVALIDREQUEST"
    assert refunded(peer) == 12_345


async def test_a_repeat_succeeds_and_pays_nothing_twice(peer: WechatPeer) -> None:
    await refund(peer.provider)
    peer.simulator.clock.advance(timedelta(seconds=1))
    assert await refund(peer.provider) is True
    assert refunded(peer) == 12_345


async def test_a_refund_under_way_is_not_done_until_the_provider_says_so(peer: WechatPeer) -> None:
    peer.simulator.add_fault(Fault(kind=FaultKind.SLOW_REFUND, seconds=60))
    assert await refund(peer.provider) is False
    peer.simulator.clock.advance(timedelta(seconds=59))
    assert await state(peer.provider) is RefundState.PROCESSING
    assert await refund(peer.provider) is False
    peer.simulator.clock.advance(timedelta(seconds=1))
    assert await state(peer.provider) is RefundState.SUCCEEDED
    assert await refund(peer.provider) is True


@pytest.mark.parametrize("kind", ["closed_refund", "abnormal_refund"])
async def test_a_refund_that_failed_is_failed_and_may_be_repeated_under_its_number(
    peer: WechatPeer, kind: str
) -> None:
    peer.simulator.add_fault(Fault(kind=FaultKind(kind)))
    await refund(peer.provider)
    assert await state(peer.provider) is RefundState.FAILED
    assert refunded(peer) == 0
    await refund(peer.provider)
    assert await state(peer.provider) is RefundState.SUCCEEDED
    assert refunded(peer) == 12_345


@pytest.mark.parametrize(
    "kind", ["timeout", "error_before", "busy", "timeout_after", "error_after", "unsigned", "bad_signature"]
)
async def test_without_an_answer_to_believe_the_outcome_is_unknown_and_a_repeat_finds_it(
    peer: WechatPeer, kind: str
) -> None:
    peer.simulator.add_fault(Fault(kind=FaultKind(kind), path="/v3/refund"))
    with pytest.raises(ProviderUnavailable) as caught:
        await refund(peer.provider)
    assert not isinstance(caught.value, ProviderRefused)
    peer.simulator.clock.advance(timedelta(seconds=1))
    await refund(peer.provider)
    assert await state(peer.provider) is RefundState.SUCCEEDED
    assert refunded(peer) == 12_345


@pytest.mark.parametrize(
    ("amount", "number", "reason"),
    [
        (Money(101, "CNY"), "R1", "INVALIDREQUEST"),
        (Money(12_246, "CNY"), "R2", "INVALIDREQUEST"),
        (Money(100, "USD"), "R2", "not a refund in Chinese yuan with a number"),
        (Money(0, "CNY"), "R2", "not a refund in Chinese yuan with a number"),
        (Money(100, "CNY"), "R/2", "not a refund in Chinese yuan with a number"),
    ],
)
async def test_a_refund_that_no_repeat_cures_is_refused_and_pays_nothing(
    peer: WechatPeer, amount: Money, number: str, reason: str
) -> None:
    await refund(peer.provider, Money(100, "CNY"))
    with pytest.raises(ProviderRefused) as caught:
        await refund(peer.provider, amount, number)
    assert caught.value.params["reason"] == reason
    assert refunded(peer) == 100


async def test_what_was_never_paid_cannot_be_refunded(peer: WechatPeer) -> None:
    await peer.provider.start(request(number="260301WECHAT00002"))
    for number, reason in (
        ("260301WECHAT00002", "the payment is NOTPAY"),
        ("260301WECHAT00003", "the payment is ORDERNOTEXIST"),
    ):
        with pytest.raises(ProviderRefused) as caught:
            await peer.provider.refund(number=number, refund_number="R1", amount=WHOLE)
        assert caught.value.params["reason"] == reason
    assert await state(peer.provider) is RefundState.UNKNOWN


async def test_the_state_of_another_refund_is_not_believed(peer: WechatPeer) -> None:
    await refund(peer.provider)
    with pytest.raises(ProviderUnavailable):
        await peer.provider.refund_state(number="260301WECHAT00002", refund_number="R1", amount=WHOLE)
    with pytest.raises(ProviderRefused) as caught:
        await state(peer.provider, Money(1, "CNY"))
    assert caught.value.params["reason"] == "the number belongs to a refund of another amount"
