"""The page about the API: its routes are the real ones, and its first purchase is made by running it."""

import asyncio
import json
import re
import shutil
import socket
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from tests.world.gateways import alipay_at
from tests.world.shop import a_shop

from merx.api import openapi_document
from merx.app import create_app
from merx.configuration import load_settings
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database, Sql
from merx.payments.providers import ProviderRegistry
from merx.services import Services
from merx.simulators import AlipaySimulator

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
PURCHASES = Sql("SELECT state FROM purchases")


def test_the_page_lists_every_route_and_no_other() -> None:
    described = json.loads(openapi_document())["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", PAGE, re.MULTILINE)) == routes


@pytest.fixture
async def address(db: Database, keys: MasterKeys, now: datetime, tmp_path: Path) -> AsyncIterator[str]:
    """A small shop on a socket of this machine."""
    await a_shop(db, now=now)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    simulator = AlipaySimulator.in_memory(now=now)
    alipay = alipay_at(simulator, gateway_url="http://localhost/gateway.do")
    settings = load_settings({"MERX_HOME": str(tmp_path), "MERX_PORT": str(port)})
    services = Services(
        settings=settings, db=db, keys=keys, providers=ProviderRegistry([alipay]), clock=simulator.clock.now
    )
    server = Server(
        create_app(services), address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False
    )
    serving = asyncio.ensure_future(server.serve())
    await _until_open(port)
    yield f"http://localhost:{port}"
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait_for(serving, 10)
    await services.placement.drain()
    await alipay.aclose()
    simulator.close()


async def _until_open(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise TimeoutError("the server did not open its port")


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page's script needs curl")
async def test_the_first_purchase_of_the_page_is_placed(address: str, db: Database) -> None:
    scripts: list[str] = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", scripts[0],
        env={"SHOP": address, "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
    assert said.decode().splitlines()[-1] == "pending_payment"
    async with db.read() as tx:
        assert [row["state"] for row in await tx.rows(PURCHASES)] == ["pending_payment"]
