"""The pages on a real database, with a simulated payment provider and browsers that keep their cookies."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from tests.world.gateways import alipay_at
from tests.world.pages import ORIGIN, NewBrowser

from merx.app import create_app
from merx.configuration import load_settings
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.payments.providers import ProviderRegistry
from merx.services import Services
from merx.simulators import AlipaySimulator


@pytest.fixture
async def simulator(now: datetime) -> AsyncIterator[AlipaySimulator]:
    simulator = AlipaySimulator.in_memory(now=now)
    yield simulator
    simulator.close()


@pytest.fixture
async def services(
    db: Database, keys: MasterKeys, now: datetime, simulator: AlipaySimulator, tmp_path: Path
) -> AsyncIterator[Services]:
    settings = load_settings(
        {
            "MERX_HOME": str(tmp_path),
            "MERX_MEDIA_DIR": str(tmp_path / "media"),
            "MERX_PUBLIC_URL": ORIGIN,
            "MERX_TRUSTED_HOSTS": "shop.test",
        }
    )
    provider = alipay_at(simulator)
    registry = ProviderRegistry([provider])
    yield Services(settings=settings, db=db, keys=keys, providers=registry, clock=lambda: now)
    await registry.aclose()


@pytest.fixture
async def new_browser(services: Services) -> AsyncIterator[NewBrowser]:
    """Opens browsers: each keeps its own cookies and stops at redirects."""
    app = create_app(services)
    opened: list[httpx.AsyncClient] = []

    def open_browser(language: str = "en", **headers: str) -> httpx.AsyncClient:
        browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(cast("Any", app), client=("192.0.2.7", 40000)),
            base_url=ORIGIN,
            headers={"Accept": "text/html", "Accept-Language": language, "Origin": ORIGIN, **headers},
        )
        opened.append(browser)
        return browser

    yield open_browser
    for browser in opened:
        await browser.aclose()


@pytest.fixture
def browser(new_browser: NewBrowser) -> httpx.AsyncClient:
    """An English visitor without cookies."""
    return new_browser()
