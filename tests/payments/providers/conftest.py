"""A provider talking to a simulated Alipay without sockets, on a clock that stands still."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from merx.kit.money import Money
from merx.payments.providers import AlipayProvider, PaymentRequest
from merx.simulators import SIMULATED_APP_ID, SIMULATED_SELLER_ID, AlipaySimulator

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
GATEWAY = "http://alipay.test/gateway.do"


@pytest.fixture
async def simulator() -> AsyncIterator[AlipaySimulator]:
    simulator = AlipaySimulator.in_memory(now=NOW)
    yield simulator
    simulator.close()


@pytest.fixture
async def provider(simulator: AlipaySimulator) -> AsyncIterator[AlipayProvider]:
    provider = AlipayProvider(
        app_id=SIMULATED_APP_ID,
        seller_id=SIMULATED_SELLER_ID,
        private_key_pem=simulator.merchant_private_pem,
        alipay_public_key_pem=simulator.alipay_public_pem,
        gateway_url=GATEWAY,
        http=httpx.AsyncClient(transport=simulator.transport()),
        clock=simulator.clock.now,
    )
    yield provider
    await provider.aclose()


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
