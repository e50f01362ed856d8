"""A simulated Alipay, a merchant's own client written from the protocol, and a merchant's notice receiver."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.world.merchant import BASE, NOW, Calls, Shop

from merx.simulators import AlipaySimulator


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def simulator(shop: Shop) -> AsyncIterator[AlipaySimulator]:
    simulator = AlipaySimulator.in_memory(now=NOW, send_notice=shop.receive)
    shop.simulator = simulator
    yield simulator
    simulator.close()


@pytest.fixture
async def web(simulator: AlipaySimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=simulator.transport(), base_url=BASE) as web:
        yield web


@pytest.fixture
def calls(shop: Shop, web: httpx.AsyncClient) -> Calls:
    return Calls(shop, web)
