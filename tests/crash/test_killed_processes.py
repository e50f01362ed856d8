"""A running shop whose processes are killed while people order, pay, and ask their money back.

Nothing acknowledged is lost, nothing is bought, paid or paid back twice. The driver keeps its own list: a 201 with a
purchase or a case is an acknowledgement; whatever was not answered is sent again under the same key until it is. What is
open when the killing stops settles by itself.
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
from uuid import UUID

import asyncpg
import httpx
import msgspec
import psutil
import pytest
from tests.test_serve import Shop as Served
from tests.test_serve import part
from tests.world.running_peers import CODES, Providers
from tests.world.shop import ADDRESS, PRICES, a_shop, total_of

from merx.accounts import hash_password, register
from merx.configuration import load_settings
from merx.infra.db import Database
from merx.infra.postgres.server import read_connection
from merx.sellers import add_member
from merx.services import master_keys

CHAOS_SECONDS = 12.0
BACK_WITHIN_SECONDS = 30.0
SETTLED_WITHIN_SECONDS = 90.0
SELLER = {"email": "seller@example.com", "password": "correct horse battery staple"}
BUYERS = 10
STOCK = {"TEA": 60, "CUP": 2000, "POT": 3}
ADDRESS_FIELDS = {name: getattr(ADDRESS, name) for name in ADDRESS.__struct_fields__}


def _is_down(answer: httpx.Response) -> bool:
    """Whether the provider of the method does not answer: the same request may succeed later."""
    return answer.status_code == 409 and answer.json().get("reason") == "down"


class Acknowledged(msgspec.Struct, frozen=True):
    """An order that was answered with 201."""

    purchase_id: UUID
    cart_id: UUID
    total: int
    lines: dict[str, int]
    payment_number: str


class Agreed(msgspec.Struct, frozen=True):
    """A case whose approval was answered with 200: one unit, which never left, is to be paid back."""

    purchase_id: UUID
    sku: str
    amount: int


class Driver:
    """Buyers over HTTP, and what they were told."""

    def __init__(
        self, url: str, variants: dict[str, UUID], providers: Providers, chance: random.Random
    ) -> None:
        self.providers = providers
        self.web = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=10)
        self.variants = variants
        self.chance = chance
        self.acknowledged: list[Acknowledged] = []
        self.refused: Counter[str] = Counter()
        self.carts: set[UUID] = set()
        self.retries = 0
        self.paid: set[str] = set()
        self.agreed: list[Agreed] = []
        self.seller = ""
        self.stop = asyncio.Event()

    async def ask(
        self, method: str, path: str, *, token: str = "", key: str = "", body: Any = None, seller: str = ""
    ) -> httpx.Response:
        """Send until there is an answer that is neither a fault of the server nor of a provider."""
        headers = ({"Cart-Token": token} if token else {}) | ({"Idempotency-Key": key} if key else {})
        headers |= {"Authorization": f"Bearer {seller}"} if seller else {}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = await self.web.request(method, path, headers=headers, json=body)
            except httpx.TransportError:
                pass
            else:
                if answer.status_code < 500 and not _is_down(answer):
                    return answer
            self.retries += 1
            await asyncio.sleep(0.05)
        raise AssertionError(f"{method} {path} was not answered for a minute")

    async def buy(self) -> None:
        """One buyer: cart, goods, address, order; many pay, and some of them want a unit back."""
        created = (await self.ask("POST", "/carts", body={"currency": "CNY"})).json()
        token, cart = created["token"], f"/carts/{created['id']}"
        self.carts.add(UUID(created["id"]))
        sku = self.chance.choices(["CUP", "TEA", "POT"], [6, 3, 1])[0]
        lines = {sku: self.chance.choice((1, 2)) if sku == "CUP" else 1}
        provider = self.chance.choice(CODES)
        # Setting a line, unlike adding to it, may be repeated.
        variant = self.variants[sku]
        answers = [
            await self.ask("PUT", f"{cart}/lines/{variant}", token=token, body={"quantity": lines[sku]}),
            await self.ask("PUT", f"{cart}/address", token=token, body={"address": ADDRESS_FIELDS}),
            await self.ask("PUT", f"{cart}/delivery", token=token, body={"method": "standard"}),
            await self.ask("PUT", f"{cart}/payment-method", token=token, body={"provider": provider}),
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
        number = f"{placed['number']}P1"
        self.acknowledged.append(Acknowledged(purchase_id, UUID(created["id"]), total, lines, number))
        if self.chance.random() < 0.5 and await self.pay(purchase_id, token, provider, number):
            self.paid.add(number)
            if self.chance.random() < 0.6:
                await self.want_back(purchase_id, token, sku)

    async def pay(self, purchase_id: UUID, token: str, provider: str, number: str) -> bool:
        """Go to the provider and pay; it may be down just now, then the buyer gives up."""
        try:
            # A provider that is down is a fault of no server of ours: not sent again.
            answer = await self.web.post(f"/purchases/{purchase_id}/pay", headers={"Cart-Token": token})
            if answer.status_code != 200:
                return False
            action = answer.json()["action"]
            if provider == "alipay":
                await self.web.get(action["url"], follow_redirects=True)
            return await self.providers.pay(provider, number)
        except httpx.TransportError:
            return False

    async def want_back(self, purchase_id: UUID, token: str, sku: str) -> None:
        """Ask one unit back as soon as the shop knows of the money; the seller agrees. Gives up after ten seconds."""
        deadline = time.monotonic() + 10
        while True:
            found = (await self.ask("GET", f"/purchases/{purchase_id}", token=token)).json()
            if found["state"] == "placed":
                break
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(0.1)
        (order,) = found["orders"]
        wanted = {
            "kind": "refund_only",
            "reason": "changed_mind",
            "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": 1}],
        }
        applied = await self.ask(
            "POST", f"/orders/{order['id']}/returns", token=token, key=secrets.token_hex(8), body=wanted
        )
        assert applied.status_code == 201, applied.text
        approved = await self.ask(
            "POST", f"/seller/returns/{applied.json()['id']}/approve", seller=self.seller, key=secrets.token_hex(8)
        )  # fmt: skip
        assert approved.status_code == 200, approved.text
        whole = order["lines"][0]["quantity"] == 1
        self.agreed.append(Agreed(purchase_id, sku, total_of({sku: 1}) if whole else PRICES[sku][0]))

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
        now = datetime.now(UTC)
        shop = await a_shop(db, now=now, stock=STOCK)
        password = await hash_password(SELLER["password"])
        keys = master_keys(load_settings({"MERX_HOME": str(home)}))
        async with db.transaction() as tx:
            seller = await register(
                tx, keys, email=SELLER["email"], password_hash=password, name="Seller", locale="en", now=now
            )
            for seller_id in shop.sellers.values():
                await add_member(tx, seller_id=seller_id, account_id=seller.id, role="owner", now=now)
        return shop.variants
    finally:
        await db.close()


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(served: Served) -> None:
    seed = int(os.environ.get("MERX_TEST_SEED") or secrets.randbelow(10**6))
    print(f"\nseed {seed}: MERX_TEST_SEED={seed} python -m pytest -s tests/crash")  # noqa: T201
    chance = random.Random(seed)
    serve = await asyncio.to_thread(served.start)
    providers = Providers(served.environment)
    driver = Driver(f"http://localhost:{served.port}", await build_shop(served.home), providers, chance)
    driver.seller = (await driver.ask("POST", "/sessions", body=SELLER)).json()["token"]
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
    settled_after = await settle(served, driver)
    print(  # noqa: T201
        f"killed {dict(Counter(killed))}; {len(driver.acknowledged)} orders, {len(driver.paid)} paid, "
        f"{len(driver.agreed)} taken back, refused {dict(driver.refused)}, {driver.retries} retries; "
        f"orders again after {back_after:.1f} s, settled after {settled_after:.1f} s"
    )
    assert {"web worker", "postgres"} <= set(killed)
    assert driver.paid
    assert driver.agreed
    await check_books(served, driver)
    await driver.web.aclose()
    await providers.aclose()


async def settle(served: Served, driver: Driver) -> float:
    """Wait until the shop knows of all money and has paid everything back; the providers send again what was not taken.

    What a killed job was about to ask again in a minute, it asks at once.
    """
    begun = time.monotonic()
    owner = await connect(served.home)
    try:
        while True:
            with contextlib.suppress(httpx.TransportError):
                await driver.providers.send_again()
            captured = {
                row[0] for row in await owner.fetch("SELECT number FROM payments WHERE state = 'captured'")
            }
            await owner.execute("UPDATE refunds SET next_attempt_at = now() WHERE state = 'submitted'")
            refunds = await owner.fetchval("SELECT count(*) FROM refunds WHERE state <> 'succeeded'")
            cases = await owner.fetchval("SELECT count(*) FROM returns WHERE state <> 'settled'")
            paid = set(await driver.providers.holdings())
            if captured == paid >= driver.paid and refunds == cases == 0:
                return time.monotonic() - begun
            assert time.monotonic() < begun + SETTLED_WITHIN_SECONDS, (paid - captured, refunds, cases)
            await asyncio.sleep(0.5)
    finally:
        await owner.close()


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
        ordered = Counter[str]()
        for each in driver.acknowledged:
            ordered.update(each.lines)
        back = Counter(each.sku for each in driver.agreed)
        assert {row["subject_id"]: row["taken"] for row in taken} == {
            variant_id: ordered[sku] - back[sku] for sku, variant_id in driver.variants.items()
        }
        assert all(ordered[sku] - back[sku] <= units for sku, units in STOCK.items())
        await check_money(owner, driver)
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


async def check_money(owner: asyncpg.Connection, driver: Driver) -> None:
    """What buyers and seller agreed on went back once, and the providers hold what the shop has booked there."""
    agreed = Counter({each.purchase_id: each.amount for each in driver.agreed})
    refunds = await owner.fetch("SELECT purchase_id, reason, amount, state FROM refunds")
    assert all((row["reason"], row["state"]) == ("after_sales", "succeeded") for row in refunds)
    assert len(refunds) == len(driver.agreed)
    assert {row["purchase_id"]: row["amount"] for row in refunds} == agreed
    purchase_of = {each.payment_number: each for each in driver.acknowledged}
    for number, held in (await driver.providers.holdings()).items():
        purchase = purchase_of[number]
        assert (held.paid, held.refunded) == (purchase.total, agreed[purchase.purchase_id]), number
    booked = await owner.fetchval(
        """SELECT sum(CASE WHEN debit_kind = 'provider_clearing' THEN amount ELSE -amount END)::bigint
             FROM transfers WHERE 'provider_clearing' IN (debit_kind, credit_kind)"""
    )
    holdings = (await driver.providers.holdings()).values()
    assert booked == sum(held.paid - held.refunded for held in holdings)
