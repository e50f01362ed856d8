"""Cards that are authorized when their holder pays, and charged later."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from tests.world.gateways import card_at

from merx.kit.money import Money
from merx.payments.providers import (
    CapturingProvider,
    PaymentRequest,
    ProviderNotice,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
)
from merx.payments.providers.card import CardProvider
from merx.simulators.card import CardSimulator, Fault, FaultKind
from merx.simulators.common.delivery import NoticeAnswer

NUMBER = "M20260301_0001"
WHOLE = Money(12_345, "CNY")
RequestOf = Callable[..., PaymentRequest]


@pytest.fixture
async def provider(card_simulator: CardSimulator) -> AsyncIterator[CardProvider]:
    provider = card_at(card_simulator, capture="manual")
    yield provider
    await provider.aclose()


@pytest.fixture
async def held(provider: CardProvider, card_simulator: CardSimulator, request_of: RequestOf) -> CardProvider:
    """A provider with one payment that is authorized."""
    await provider.start(request_of())
    card_simulator.pay(NUMBER)
    return provider


def intent_of(simulator: CardSimulator) -> tuple[str, int]:
    intent = simulator.find("payment_intent", simulator.session(NUMBER)["payment_intent"])
    assert intent is not None
    return intent["status"], intent["amount_received"]


async def test_money_is_authorized_first_and_taken_once(
    held: CardProvider, card_simulator: CardSimulator
) -> None:
    assert isinstance(held, CapturingProvider)
    state = await held.query(NUMBER)
    assert (state.status, state.amount, state.raw_status) == (
        ProviderStatus.AUTHORIZED,
        WHOLE,
        "requires_capture",
    )
    for _ in range(2):
        taken = await held.capture(number=NUMBER, amount=WHOLE)
        assert (taken.status, taken.amount, taken.provider_reference) == (
            ProviderStatus.CAPTURED,
            WHOLE,
            state.provider_reference,
        )
    assert intent_of(card_simulator) == ("succeeded", 12_345)
    assert (await held.close(NUMBER)).status is ProviderStatus.CAPTURED


@pytest.mark.parametrize(
    "kind", [FaultKind.TIMEOUT_AFTER, FaultKind.ERROR_AFTER, FaultKind.TIMEOUT, FaultKind.ERROR_BEFORE]
)
async def test_a_capture_whose_answer_is_lost_can_be_repeated(
    held: CardProvider, card_simulator: CardSimulator, kind: FaultKind
) -> None:
    card_simulator.add_fault(Fault(kind=kind, on="POST /v1/payment_intents"))
    with pytest.raises(ProviderUnavailable):
        await held.capture(number=NUMBER, amount=WHOLE)
    assert (await held.capture(number=NUMBER, amount=WHOLE)).status is ProviderStatus.CAPTURED
    assert intent_of(card_simulator) == ("succeeded", 12_345)


async def test_more_than_was_promised_is_not_taken(held: CardProvider, card_simulator: CardSimulator) -> None:
    with pytest.raises(ProviderRefused):
        await held.capture(number=NUMBER, amount=Money(12_346, "CNY"))
    assert intent_of(card_simulator) == ("requires_capture", 0)


async def test_nothing_is_taken_before_it_was_authorized(
    provider: CardProvider, request_of: RequestOf
) -> None:
    with pytest.raises(ProviderRefused):
        await provider.capture(number=NUMBER, amount=WHOLE)
    await provider.start(request_of())
    with pytest.raises(ProviderRefused):
        await provider.capture(number=NUMBER, amount=WHOLE)


async def test_closing_gives_back_what_was_authorized(
    held: CardProvider, card_simulator: CardSimulator
) -> None:
    card_simulator.add_fault(Fault(kind=FaultKind.TIMEOUT_AFTER, on="POST /v1/payment_intents"))
    with pytest.raises(ProviderUnavailable):
        await held.close(NUMBER)
    closed = await held.close(NUMBER)
    assert (closed.status, closed.amount) == (ProviderStatus.CLOSED, None)
    assert intent_of(card_simulator) == ("canceled", 0)
    assert (await held.capture(number=NUMBER, amount=WHOLE)).status is ProviderStatus.CLOSED


async def test_an_authorization_ends_after_a_week(held: CardProvider, card_simulator: CardSimulator) -> None:
    card_simulator.clock.advance(timedelta(days=6, hours=23))
    assert (await held.query(NUMBER)).status is ProviderStatus.AUTHORIZED
    card_simulator.clock.advance(timedelta(hours=1))
    assert (await held.query(NUMBER)).status is ProviderStatus.CLOSED


async def test_an_authorization_a_capture_and_a_void_are_told_by_webhooks(
    provider: CardProvider, card_simulator: CardSimulator, request_of: RequestOf
) -> None:
    told: list[ProviderNotice] = []

    async def receive(_url: str, body: bytes, headers: object) -> NoticeAnswer:
        told.append(provider.parse_notice(headers, body))  # type: ignore[arg-type]
        return NoticeAnswer(200, b"")

    card_simulator.notices._send = receive
    for kind in ("payment_intent.created", "charge.succeeded"):
        card_simulator.add_fault(Fault(kind=FaultKind.LOSE, on=kind, times=None))
    await provider.start(request_of())
    card_simulator.pay(NUMBER)
    await provider.start(request_of(number="M2"))
    card_simulator.pay("M2")
    await card_simulator.deliver_due()
    assert {(notice.raw["type"], notice.status, notice.amount) for notice in told} == {
        ("payment_intent.amount_capturable_updated", ProviderStatus.AUTHORIZED, WHOLE),
        ("checkout.session.completed", ProviderStatus.WAITING, WHOLE),
    }
    told.clear()
    await provider.capture(number=NUMBER, amount=WHOLE)
    await provider.close("M2")
    await card_simulator.deliver_due()
    assert [(notice.raw["type"], notice.number, notice.status) for notice in told] == [
        ("payment_intent.succeeded", NUMBER, ProviderStatus.CAPTURED),
        ("charge.captured", NUMBER, ProviderStatus.CAPTURED),
        ("payment_intent.canceled", "M2", ProviderStatus.CLOSED),
    ]
