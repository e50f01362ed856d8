"""A provider talking to a simulated Alipay without sockets, on a clock that stands still."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.world.gateways import alipay_at, card_at

from merx.kit.money import Money
from merx.payments.providers import AlipayProvider, PaymentRequest
from merx.payments.providers.card import CardProvider
from merx.simulators import AlipaySimulator
from merx.simulators.card import CardSimulator

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
async def simulator() -> AsyncIterator[AlipaySimulator]:
    simulator = AlipaySimulator.in_memory(now=NOW)
    yield simulator
    simulator.close()


@pytest.fixture
async def connect(simulator: AlipaySimulator) -> AsyncIterator[Callable[..., AlipayProvider]]:
    """Make a provider of the simulated merchant, with other options if asked."""
    made: list[AlipayProvider] = []

    def make(**changes: Any) -> AlipayProvider:
        made.append(alipay_at(simulator, **changes))
        return made[-1]

    yield make
    for provider in made:
        await provider.aclose()


@pytest.fixture
def provider(connect: Callable[..., AlipayProvider]) -> AlipayProvider:
    return connect()


@pytest.fixture
async def browser(simulator: AlipaySimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=simulator.transport(), base_url="http://alipay.test") as browser:
        yield browser


@pytest.fixture
def request_of() -> Callable[..., PaymentRequest]:
    def make(**changes: object) -> PaymentRequest:
        values: dict[str, object] = {
            "payment_id": UUID(int=7),
            "number": "M20260301_0001",
            "amount": Money(12_345, "CNY"),
            "subject": "红茶 2 盒",
            "expires_at": NOW + timedelta(minutes=30),
            "notify_url": "https://shop.test/payments/alipay/notice",
            "return_url": "https://shop.test/payments/alipay/return",
            "locale": "zh-CN",
        }
        return PaymentRequest(**(values | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
async def card_simulator() -> AsyncIterator[CardSimulator]:
    simulator = CardSimulator.in_memory(now=NOW)
    yield simulator
    simulator.close()


@pytest.fixture
async def card_provider(card_simulator: CardSimulator) -> AsyncIterator[CardProvider]:
    provider = card_at(card_simulator)
    yield provider
    await provider.aclose()


@pytest.fixture
async def card_browser(card_simulator: CardSimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=card_simulator.transport(), base_url="http://card.test"
    ) as browser:
        yield browser
