"""The simulated shop: real code on a real PostgreSQL, a simulated Alipay, one clock and one source of chance."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
from tests.factories.shop import PRICES, Shop, a_shop

from merx.accounts import register
from merx.checkout import Placed, PlaceOrder, Refused, receive_notice
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.infra.dispatch import subscribe
from merx.infra.settings import load_settings
from merx.payments.providers import AlipayProvider, NoticeRejected, ProviderRegistry
from merx.sellers import add_member
from merx.services import Services
from merx.simulators import SIMULATED_APP_ID, SIMULATED_SELLER_ID, AlipaySimulator, NoticeAnswer
from merx.subscriptions import SUBSCRIPTIONS
from merx.worker import jobs_of

START = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
PUBLIC_URL = "http://shop.test"
OPENING_STOCK = {"TEA": 12, "CUP": 20, "POT": 5}
SELLER_OF = {"TEA": "tea-house", "CUP": "tea-house", "POT": "pottery"}


class Shopper(msgspec.Struct):
    """Somebody who fills carts: a guest when `account_id` is None."""

    name: str
    account_id: UUID | None
    cart_id: UUID | None = None
    access_hash: bytes | None = None
    lines: dict[str, int] = msgspec.field(default_factory=dict)
    keys_used: int = 0


class Purchase(msgspec.Struct):
    """An order the shop acknowledged, as its buyer remembers it. `name` is how the trace calls it."""

    name: str
    id: UUID
    number: str
    total: int
    lines: dict[str, int]
    placed_at: datetime
    shopper: Shopper
    access_hash: bytes
    link: str | None = None
    opened: bool = False
    paid: bool = False


class Sent(msgspec.Struct, frozen=True):
    """A placement and what was answered, for sending it again."""

    shopper: Shopper
    command: PlaceOrder
    outcome: Placed | Refused


class World:
    """Everything a step may touch. `prices` and `on_sale` are what sellers were told, not what the database says."""

    def __init__(
        self, db: Database, owner: asyncpg.Connection, keys: MasterKeys, seed: int, home: Path
    ) -> None:
        self.db = db
        self.owner = owner
        self.keys = keys
        self.chance = random.Random(seed)
        self.now = START
        self.alipay = AlipaySimulator.in_memory(now=START, send_notice=self._receive)
        self.provider = AlipayProvider(
            app_id=SIMULATED_APP_ID,
            seller_id=SIMULATED_SELLER_ID,
            private_key_pem=self.alipay.merchant_private_pem,
            alipay_public_key_pem=self.alipay.alipay_public_pem,
            gateway_url="http://alipay.test/gateway.do",
            http=httpx.AsyncClient(transport=self.alipay.transport()),
            clock=self.clock,
        )
        self.browser = httpx.AsyncClient(transport=self.alipay.transport(), base_url="http://alipay.test")
        settings = load_settings({"MERX_HOME": str(home), "MERX_PUBLIC_URL": PUBLIC_URL})
        self.services = Services(
            settings=settings, db=db, keys=keys, providers=ProviderRegistry([self.provider]), clock=self.clock
        )
        self.deadline = timedelta(seconds=settings.payment_deadline_seconds)
        self.jobs = {job.name: job for job in jobs_of(self.services)}
        self.prices = {sku: price for sku, (price, _) in PRICES.items()}
        self.on_sale = dict.fromkeys(PRICES, True)
        self.received = dict(OPENING_STOCK)
        self.shoppers: list[Shopper] = []
        self.purchases: list[Purchase] = []
        self.sent: list[Sent] = []
        self.bodies: list[tuple[dict[str, str], bytes]] = []
        self.states: dict[UUID, str] = {}
        self.shop: Shop
        self.staff: dict[str, UUID] = {}

    def clock(self) -> datetime:
        """The present moment of the shop and of the provider."""
        return self.now

    def wait(self, by: timedelta) -> None:
        """Move the one clock forward."""
        self.now += by
        self.alipay.clock.set(self.now, freeze=True)

    async def open(self) -> None:
        """Build the shop and let its people in."""
        self.shop = await a_shop(self.db, now=self.now, stock=OPENING_STOCK)
        await subscribe(self.db, SUBSCRIPTIONS)
        for code, seller_id in self.shop.sellers.items():
            self.staff[code] = await self._account(f"{code}@shop.test")
            async with self.db.transaction() as tx:
                await add_member(
                    tx, seller_id=seller_id, account_id=self.staff[code], role="owner", now=self.now
                )
        for index in range(4):
            self.shoppers.append(Shopper(f"a{index}", await self._account(f"buyer{index}@mail.test")))
            self.shoppers.append(Shopper(f"g{index}", None))

    async def _account(self, email: str) -> UUID:
        async with self.db.transaction() as tx:
            account = await register(
                tx, self.keys, email=email, password_hash="-", name="Somebody", locale="en", now=self.now
            )
        return account.id

    async def close(self) -> None:
        """Release the provider's connections."""
        await self.services.placement.drain()
        await self.provider.aclose()
        await self.browser.aclose()
        self.alipay.close()

    async def _receive(self, _url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        self.bodies.append((dict(headers), body))
        return await self.post_notice(dict(headers), body)

    async def post_notice(self, headers: dict[str, str], body: bytes) -> NoticeAnswer:
        """Hand a notice to the shop as its web edge does."""
        try:
            answer = await receive_notice(self.db, self.provider, headers=headers, body=body, now=self.now)
        except NoticeRejected:
            answer = self.provider.refusal
        return NoticeAnswer(answer.status, answer.body)

    def total(self, lines: Mapping[str, int]) -> int:
        """What the sellers' prices make of these lines: 8 yuan delivery a seller, free from 100 yuan."""
        total = 0
        for seller in sorted(set(SELLER_OF.values())):
            goods = sum(self.prices[sku] * units for sku, units in lines.items() if SELLER_OF[sku] == seller)
            total += goods + (800 if 0 < goods < 10_000 else 0)
        return total

    def free(self, sku: str) -> int:
        """Units nobody has bought and no unexpired hold claims, from what buyers and sellers know."""
        taken = sum(
            purchase.lines.get(sku, 0)
            for purchase in self.purchases
            if self.states[purchase.id] in ("placed", "closed")
            or (self.states[purchase.id] == "pending_payment" and self.holds(purchase))
        )
        return self.received[sku] - taken

    def holds(self, purchase: Purchase) -> bool:
        """Whether the purchase's hold still binds others: the deadline and two minutes."""
        return self.now < purchase.placed_at + self.deadline + timedelta(minutes=2)

    def in_state(self, *states: str) -> list[Purchase]:
        """The acknowledged purchases in these states, oldest first."""
        return [purchase for purchase in self.purchases if self.states[purchase.id] in states]

    async def see_states(self) -> dict[UUID, str]:
        """What the shop says of every purchase now."""
        rows = await self.owner.fetch("SELECT id, state FROM purchases")
        return {row["id"]: row["state"] for row in rows}

    async def parcels(self, purchase: Purchase) -> list[Any]:
        """The purchase's parcels in the order they left."""
        return await self.owner.fetch(
            "SELECT * FROM fulfilments WHERE purchase_id = $1 ORDER BY created_at, id", purchase.id
        )
