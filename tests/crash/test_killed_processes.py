"""A running shop whose processes are killed while people order: nothing acknowledged is lost, nothing is bought twice.

The driver keeps its own list: a 201 with a purchase is an acknowledgement; whatever was not answered is sent again under
the same key until it is.
"""

import asyncio
import contextlib
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

import asyncpg
import httpx
import msgspec
import psutil
import pytest
from tests.factories.shop import ADDRESS, a_shop, total_of
from tests.test_serve import Shop as Served
from tests.test_serve import part

from merx.infra.db import Database
from merx.infra.postgres.server import read_connection

CHAOS_SECONDS = 12.0
BACK_WITHIN_SECONDS = 30.0
BUYERS = 10
STOCK = {"TEA": 60, "CUP": 2000, "POT": 3}
ADDRESS_FIELDS = {name: getattr(ADDRESS, name) for name in ADDRESS.__struct_fields__}


class Acknowledged(msgspec.Struct, frozen=True):
    """An order that was answered with 201."""

    purchase_id: UUID
    cart_id: UUID
    total: int
    lines: dict[str, int]


class Driver:
    """Buyers over HTTP, and what they were told."""

    def __init__(self, url: str, variants: dict[str, UUID], chance: random.Random) -> None:
        self.web = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=10)
        self.variants = variants
        self.chance = chance
        self.acknowledged: list[Acknowledged] = []
        self.refused: Counter[str] = Counter()
        self.carts: set[UUID] = set()
        self.retries = 0
        self.paid = 0
        self.stop = asyncio.Event()

    async def ask(
        self, method: str, path: str, *, token: str = "", key: str = "", body: Any = None
    ) -> httpx.Response:
        """Send until there is an answer that is not a fault of the server."""
        headers = ({"Cart-Token": token} if token else {}) | ({"Idempotency-Key": key} if key else {})
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = await self.web.request(method, path, headers=headers, json=body)
            except httpx.TransportError:
                pass
            else:
                if answer.status_code < 500:
                    return answer
            self.retries += 1
            await asyncio.sleep(0.05)
        raise AssertionError(f"{method} {path} was not answered for a minute")

    async def buy(self) -> None:
        """One buyer: cart, goods, address, order, and one in three pays."""
        created = (await self.ask("POST", "/carts", body={"currency": "CNY"})).json()
        token, cart = created["token"], f"/carts/{created['id']}"
        self.carts.add(UUID(created["id"]))
        sku = self.chance.choices(["CUP", "TEA", "POT"], [6, 3, 1])[0]
        lines = {sku: 1}
        # Setting a line, unlike adding to it, may be repeated.
        variant = self.variants[sku]
        answers = [
            await self.ask("PUT", f"{cart}/lines/{variant}", token=token, body={"quantity": 1}),
            await self.ask("PUT", f"{cart}/address", token=token, body={"address": ADDRESS_FIELDS}),
            await self.ask("PUT", f"{cart}/delivery", token=token, body={"method": "standard"}),
            await self.ask("PUT", f"{cart}/payment-method", token=token, body={"provider": "alipay"}),
        ]
        assert [answer.status_code for answer in answers] == [200] * 4, [answer.text for answer in answers]
        total = total_of(lines)
        wanted = {"expected_total": {"amount": total, "currency": "CNY"}}
        answer = await self.ask(
            "POST", f"{cart}/checkout", token=token, key=secrets.token_hex(8), body=wanted
        )
        if answer.status_code == 409:
            self.refused[answer.json()["code"]] += 1
            return
        assert answer.status_code == 201, answer.text
        placed = answer.json()
        purchase_id = UUID(placed["purchase_id"])
        self.acknowledged.append(Acknowledged(purchase_id, UUID(created["id"]), total, lines))
        if self.chance.random() < 0.3:
            await self.pay(purchase_id, token)

    async def pay(self, purchase_id: UUID, token: str) -> None:
        """Go to the cashier and pay; the simulated provider may be down just now, then the buyer gives up."""
        answer = await self.ask(
            "POST", f"/purchases/{purchase_id}/pay", token=token, key=secrets.token_hex(8)
        )
        assert answer.status_code == 200, answer.text
        with contextlib.suppress(httpx.TransportError):
            page = await self.web.get(answer.json()["action"]["url"], follow_redirects=True)
            if page.url.path.startswith("/cashier/"):
                await self.web.post(urljoin(str(page.url), f"{page.url.path}/pay"))
                self.paid += 1

    async def keep_buying(self) -> None:
        while not self.stop.is_set():
            await self.buy()


async def wreak(serve: psutil.Process, chance: random.Random) -> list[str]:
    """Kill something every so often: a web worker and the database for certain, then anything."""
    killed: list[str] = []
    certain = ["web worker", "postgres"]
    chance.shuffle(certain)
    deadline = time.monotonic() + CHAOS_SECONDS
    while time.monotonic() < deadline:
        await asyncio.sleep(chance.uniform(0.8, 2.2))
        anything = chance.choices(["web worker", "worker", "postgres", "web", "simulators"], [6, 3, 3, 1, 1])[
            0
        ]
        name = next((each for each in certain if each not in killed), anything)
        process = part(serve, name.partition(" ")[0])
        with contextlib.suppress(psutil.Error, IndexError):
            if process is None:
                continue
            (chance.choice(process.children()) if name == "web worker" else process).kill()
            killed.append(name)
    return killed


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    folder = Path(tempfile.mkdtemp(prefix="merx-crash-"))
    folder.chmod(0o711)
    served = Served(folder / "home")
    yield served
    if served.process is not None and served.process.poll() is None:
        served.process.terminate()
        await asyncio.to_thread(served.process.wait, 60)
    shutil.rmtree(folder)


async def connect(home: Path) -> asyncpg.Connection:
    found = read_connection(home)
    assert found is not None
    return await asyncpg.connect(found.dsn)


async def build_shop(home: Path) -> dict[str, UUID]:
    found = read_connection(home)
    assert found is not None
    db = await Database(found.dsn, pool_size=2).open()
    try:
        return (await a_shop(db, now=datetime.now(UTC), stock=STOCK)).variants
    finally:
        await db.close()


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(served: Served) -> None:
    seed = int(os.environ.get("MERX_TEST_SEED") or secrets.randbelow(10**6))
    print(f"\nseed {seed}: MERX_TEST_SEED={seed} python -m pytest -s tests/crash")  # noqa: T201
    chance = random.Random(seed)
    serve = await asyncio.to_thread(served.start)
    driver = Driver(f"http://localhost:{served.port}", await build_shop(served.home), chance)
    buyers = [asyncio.create_task(driver.keep_buying()) for _ in range(BUYERS)]
    killed = await wreak(serve, chance)
    before = len(driver.acknowledged)
    quiet_since = time.monotonic()
    while len(driver.acknowledged) == before:
        assert time.monotonic() < quiet_since + BACK_WITHIN_SECONDS, (
            "no order for half a minute after the last kill"
        )
        await asyncio.sleep(0.05)
    back_after = time.monotonic() - quiet_since
    driver.stop.set()
    await asyncio.gather(*buyers)
    print(  # noqa: T201
        f"killed {dict(Counter(killed))}; {len(driver.acknowledged)} orders, {driver.paid} paid, refused "
        f"{dict(driver.refused)}, {driver.retries} retries; orders again after {back_after:.1f} s"
    )
    assert {"web worker", "postgres"} <= set(killed)
    await check_books(served, driver)
    await driver.web.aclose()


async def check_books(served: Served, driver: Driver) -> None:
    owner = await connect(served.home)
    try:
        rows = await owner.fetch("SELECT id, cart_id, total FROM purchases")
        found = {row["id"]: (row["cart_id"], row["total"]) for row in rows}
        assert found == {each.purchase_id: (each.cart_id, each.total) for each in driver.acknowledged}
        assert len({cart_id for cart_id, _ in found.values()}) == len(found), "a cart was bought twice"
        lines = await owner.fetch("SELECT purchase_id, sku, quantity FROM order_lines")
        bought = {row["purchase_id"]: {row["sku"]: row["quantity"]} for row in lines}
        assert bought == {each.purchase_id: each.lines for each in driver.acknowledged}
        assert len(lines) == len(found)
        taken = await owner.fetch("SELECT subject_id, held + sold AS taken FROM allotments")
        ordered = Counter(sku for each in driver.acknowledged for sku in each.lines)
        assert {row["subject_id"]: row["taken"] for row in taken} == {
            variant_id: ordered[sku] for sku, variant_id in driver.variants.items()
        }
        assert all(ordered[sku] <= units for sku, units in STOCK.items())
    finally:
        await owner.close()
    verified = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "merx", "verify"],
        env=served.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
