"""Refunds and the bill of the card provider."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from merx.kit.money import Money
from merx.payments.providers import PaymentRequest, ProviderRefused, ProviderStatus, ProviderUnavailable
from merx.payments.providers.card import CardProvider
from merx.payments.providers.errors import BillNotReady
from merx.payments.providers.model import BillRow, RefundState
from merx.simulators.card import CardSimulator, Fault, FaultKind

NUMBER = "M20260301_0001"
WHOLE = Money(12_345, "CNY")
RequestOf = Callable[..., PaymentRequest]


@pytest.fixture
async def paid(
    card_provider: CardProvider, card_simulator: CardSimulator, request_of: RequestOf
) -> CardProvider:
    await card_provider.start(request_of())
    card_simulator.pay(NUMBER)
    return card_provider


async def give_back(provider: CardProvider, refund_number: str, amount: Money = WHOLE) -> bool:
    return await provider.refund(number=NUMBER, refund_number=refund_number, amount=amount)


async def state_of(provider: CardProvider, refund_number: str, amount: Money = WHOLE) -> RefundState:
    return await provider.refund_state(number=NUMBER, refund_number=refund_number, amount=amount)


def refunded(simulator: CardSimulator) -> int:
    intent = simulator.find("payment_intent", simulator.session(NUMBER)["payment_intent"])
    assert intent is not None
    charge = simulator.find("charge", intent["latest_charge"])
    assert charge is not None
    amount: int = charge["amount_refunded"]
    return amount


async def test_parts_of_a_payment_go_back_until_nothing_is_left(
    paid: CardProvider, card_simulator: CardSimulator
) -> None:
    assert await give_back(paid, "R1", Money(2_345, "CNY"))
    assert (await paid.query(NUMBER)).status is ProviderStatus.CAPTURED
    assert await give_back(paid, "R2", Money(10_000, "CNY"))
    assert (await paid.query(NUMBER)).status is ProviderStatus.CLOSED
    with pytest.raises(ProviderRefused):
        await give_back(paid, "R3", Money(1, "CNY"))
    assert refunded(card_simulator) == 12_345
    assert await state_of(paid, "R1", Money(2_345, "CNY")) is RefundState.SUCCEEDED
    assert await state_of(paid, "R3", Money(1, "CNY")) is RefundState.UNKNOWN


async def test_a_repeat_pays_nothing_twice_even_when_the_provider_has_forgotten_the_key(
    paid: CardProvider, card_simulator: CardSimulator
) -> None:
    part = Money(100, "CNY")
    assert await give_back(paid, "R1", part)
    assert await give_back(paid, "R1", part)
    card_simulator.clock.advance(timedelta(days=5))
    assert await give_back(paid, "R1", part)
    assert refunded(card_simulator) == 100


async def test_the_same_refund_asked_for_at_once_is_paid_once(
    paid: CardProvider, card_simulator: CardSimulator
) -> None:
    assert await asyncio.gather(*(give_back(paid, "R1", Money(500, "CNY")) for _ in range(10))) == [True] * 10
    assert refunded(card_simulator) == 500


@pytest.mark.parametrize(
    "kind",
    [FaultKind.TIMEOUT, FaultKind.TIMEOUT_AFTER, FaultKind.ERROR_AFTER, FaultKind.BUSY, FaultKind.IN_FLIGHT],
)
async def test_a_refund_whose_answer_is_lost_ends_in_one_refund(
    paid: CardProvider, card_simulator: CardSimulator, kind: FaultKind
) -> None:
    card_simulator.add_fault(Fault(kind=kind, on="POST /v1/refunds", number="R1"))
    with pytest.raises(ProviderUnavailable) as raised:
        await give_back(paid, "R1")
    assert not isinstance(raised.value, ProviderRefused)
    assert await give_back(paid, "R1")
    assert refunded(card_simulator) == 12_345


async def test_a_fault_of_the_provider_before_it_refunded_is_repeated_for_a_day_and_then_cured(
    paid: CardProvider, card_simulator: CardSimulator
) -> None:
    card_simulator.add_fault(Fault(kind=FaultKind.ERROR_BEFORE, on="POST /v1/refunds"))
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await give_back(paid, "R1")
    assert refunded(card_simulator) == 0
    card_simulator.clock.advance(timedelta(hours=24))
    assert await give_back(paid, "R1")


async def test_a_slow_refund_is_accepted_first_and_done_later(
    paid: CardProvider, card_simulator: CardSimulator
) -> None:
    card_simulator.add_fault(Fault(kind=FaultKind.SLOW_REFUND, seconds=600, number="R1"))
    assert not await give_back(paid, "R1")
    assert await state_of(paid, "R1") is RefundState.PROCESSING
    card_simulator.clock.advance(timedelta(minutes=10))
    assert await state_of(paid, "R1") is RefundState.SUCCEEDED
    assert await give_back(paid, "R1")


async def test_a_refund_the_cards_bank_sends_back_has_failed(
    paid: CardProvider, card_simulator: CardSimulator
) -> None:
    card_simulator.add_fault(Fault(kind=FaultKind.FAILED_REFUND, seconds=600))
    assert await give_back(paid, "R1")
    card_simulator.clock.advance(timedelta(minutes=10))
    assert await state_of(paid, "R1") is RefundState.FAILED
    assert refunded(card_simulator) == 0
    for _ in range(2):
        assert await give_back(paid, "R1")
    assert await state_of(paid, "R1") is RefundState.SUCCEEDED
    assert refunded(card_simulator) == WHOLE.amount


@pytest.mark.parametrize("amount", [Money(12_346, "CNY"), Money(0, "CNY"), Money(-5, "CNY")])
async def test_more_than_was_paid_and_nothing_are_refused(
    paid: CardProvider, card_simulator: CardSimulator, amount: Money
) -> None:
    with pytest.raises(ProviderRefused):
        await give_back(paid, "R1", amount)
    assert refunded(card_simulator) == 0


async def test_a_refund_number_stands_for_one_amount(
    paid: CardProvider, card_simulator: CardSimulator
) -> None:
    assert await give_back(paid, "R1", Money(100, "CNY"))
    with pytest.raises(ProviderUnavailable):
        await give_back(paid, "R1", Money(200, "CNY"))
    with pytest.raises(ProviderUnavailable):
        await state_of(paid, "R1", Money(200, "CNY"))
    assert refunded(card_simulator) == 100


async def test_what_was_not_paid_is_not_refunded(card_provider: CardProvider, request_of: RequestOf) -> None:
    assert await state_of(card_provider, "R1") is RefundState.UNKNOWN
    await card_provider.start(request_of())
    with pytest.raises(ProviderRefused):
        await give_back(card_provider, "R1")


async def test_a_days_bill_holds_its_payments_and_refunds_with_fees_in_order(
    paid: CardProvider, card_simulator: CardSimulator, request_of: RequestOf
) -> None:
    start = card_simulator.clock.now()
    card_simulator.clock.advance(timedelta(hours=1))
    await give_back(paid, "R1", Money(345, "CNY"))
    card_simulator.clock.advance(timedelta(days=1))
    await paid.start(
        request_of(number="M2", amount=Money(1_000, "USD"), expires_at=start + timedelta(days=2))
    )
    card_simulator.pay("M2")
    day = date(2026, 3, 1)
    with pytest.raises(BillNotReady):
        await paid.bill(day + timedelta(days=1))
    intent = card_simulator.session(NUMBER)["payment_intent"]
    rows = await paid.bill(day)
    assert rows[0] == BillRow(
        kind="payment",
        number=NUMBER,
        refund_number=None,
        reference=intent,
        amount=WHOLE,
        fee=Money(388, "CNY"),
        at=start,
    )
    assert [(row.kind, row.number, row.refund_number, row.amount, row.fee) for row in rows[1:]] == [
        ("refund", NUMBER, "R1", Money(345, "CNY"), Money(0, "CNY"))
    ]
    card_simulator.clock.advance(timedelta(days=1))
    assert [row.number for row in await paid.bill(day + timedelta(days=1))] == ["M2"]
    assert await paid.bill(day - timedelta(days=1)) == []


async def test_a_bill_longer_than_a_page_is_read_to_its_end(
    paid: CardProvider, card_simulator: CardSimulator
) -> None:
    intent = card_simulator.session(NUMBER)["payment_intent"]
    for position in range(120):
        metadata = {"number": NUMBER, "refund_number": f"R{position}"}
        values = {"payment_intent": intent, "amount": "1", "metadata": metadata}
        card_simulator._refunds.create(values, card_simulator.clock.now())
    card_simulator.clock.advance(timedelta(days=1))
    rows = await paid.bill(date(2026, 3, 1))
    assert len(rows) == 121
    assert len({row.refund_number for row in rows}) == 121


async def test_a_bill_shows_what_the_provider_left_out_or_changed(
    paid: CardProvider, card_simulator: CardSimulator
) -> None:
    await give_back(paid, "R1", Money(345, "CNY"))
    card_simulator.clock.advance(timedelta(days=1))
    card_simulator.add_fault(Fault(kind=FaultKind.SKIP_ROW, number="R1"))
    assert [row.kind for row in await paid.bill(date(2026, 3, 1))] == ["payment"]
    card_simulator.add_fault(Fault(kind=FaultKind.ALTER_ROW, number="R1"))
    assert [row.amount for row in await paid.bill(date(2026, 3, 1))] == [WHOLE, Money(346, "CNY")]
