"""The real application on a real PostgreSQL, called in the process; the simulated Alipay calls it back."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.world.client import HOST, Api, Changes
from tests.world.gateways import alipay_at
from tests.world.shop import Shop

from merx.app import create_app
from merx.configuration import load_settings
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.infra.settings import Settings
from merx.payments.providers import ProviderRegistry
from merx.services import Services
from merx.simulators import AlipaySimulator, NoticeAnswer


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home: Path = tmp_path_factory.mktemp("api")
    return load_settings({"MERX_HOME": str(home), "MERX_PUBLIC_URL": HOST, "MERX_CURRENCIES": "CNY,USD"})


@pytest.fixture
async def simulator(now: datetime) -> AsyncIterator[AlipaySimulator]:
    """A simulated Alipay whose notices reach the application by way of `Api.take_notice`."""
    receivers: list[Api] = []

    async def send(url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        answer = await receivers[0].client.post(url, content=body, headers=dict(headers))
        return NoticeAnswer(answer.status_code, answer.content)

    simulator = AlipaySimulator.in_memory(now=now, send_notice=send)
    simulator.receivers = receivers  # type: ignore[attr-defined]
    yield simulator
    simulator.close()


@pytest.fixture
async def services(
    db: Database, keys: MasterKeys, settings: Settings, simulator: AlipaySimulator
) -> AsyncIterator[Services]:
    alipay = alipay_at(simulator)
    services = Services(
        settings=settings, db=db, keys=keys, providers=ProviderRegistry([alipay]), clock=simulator.clock.now
    )
    yield services
    await services.placement.drain()
    await alipay.aclose()


@pytest.fixture
async def api(services: Services, shop: Shop, simulator: AlipaySimulator, owner: Any) -> AsyncIterator[Api]:
    """The application and what a client does with it."""
    transport = httpx.ASGITransport(app=create_app(services))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
        api = Api(client, shop, services, simulator, owner)
        simulator.receivers.append(api)  # type: ignore[attr-defined]
        yield api


@pytest.fixture
def client(api: Api) -> httpx.AsyncClient:
    return api.client


@pytest.fixture
def changes(owner: asyncpg.Connection) -> Changes:
    """Tells what a request changed in the database."""
    return Changes(owner)
