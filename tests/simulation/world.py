"""The simulated shop: real code on a real PostgreSQL, simulated providers, one clock and one source of chance."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
from tests.world.feed import deliver_events
from tests.world.peers import PUBLIC_URL, Peers
from tests.world.shop import PRICES, Shop, a_shop

from merx.accounts import register
from merx.app import create_app
from merx.checkout import CheckoutSettings, Placed, PlaceOrder, Refused
from merx.configuration import load_settings
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.infra.dispatch import subscribe
from merx.kit.ids import new_id
from merx.payments.providers import ProviderAction
from merx.sellers import add_member
from merx.services import Services
from merx.simulators import NoticeAnswer
from merx.subscriptions import SUBSCRIPTIONS
from merx.worker import jobs_of

START = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
OPENING_STOCK = {"TEA": 16, "CUP": 30, "POT": 6}
SELLER_OF = {"TEA": "tea-house", "CUP": "tea-house", "POT": "pottery"}


class Shopper(msgspec.Struct):
    """Somebody who fills carts: a guest when `account_id` is None."""

    name: str
    account_id: UUID | None
    cart_id: UUID | None = None
    access_hash: bytes | None = None
    lines: dict[str, int] = msgspec.field(default_factory=dict)
    provider: str = ""
    keys_used: int = 0


class Attempt(msgspec.Struct):
    """A payment as its payer knows it; `action` is what the shop told them to do, `paid` what the provider took."""

    number: str
    provider: str
    action: ProviderAction | None = None
    arrived: bool = False
    paid: bool = False


class Purchase(msgspec.Struct):
    """An order the shop acknowledged, as its buyer remembers it. `name` is how the trace calls it.

    What was shipped, asked back and refunded is counted by article, in units; `given` is the money that was approved
    to go back for it.
    """

    name: str
    id: UUID
    number: str
    total: int
    lines: dict[str, int]
    prices: dict[str, int]
    placed_at: datetime
    shopper: Shopper
    access_hash: bytes
    attempts: list[Attempt]
    shipped: Counter[str] = msgspec.field(default_factory=Counter)
    withheld: Counter[str] = msgspec.field(default_factory=Counter)
    returned: Counter[str] = msgspec.field(default_factory=Counter)
    refunded: Counter[str] = msgspec.field(default_factory=Counter)
    back: Counter[str] = msgspec.field(default_factory=Counter)
    given: int = 0

    def of_seller(self, seller: str) -> list[str]:
        """The articles of one of its orders."""
        return [sku for sku in self.lines if SELLER_OF[sku] == seller]

    def worth(self, seller: str, units: Mapping[str, int]) -> int:
        """What these units were sold for; who takes the last of an order takes its delivery, too."""
        mine = self.of_seller(seller)
        goods = sum(self.prices[sku] * self.lines[sku] for sku in mine)
        gone = sum(self.refunded[sku] for sku in mine) + sum(units.values())
        delivery = delivery_fee(goods) if gone == sum(self.lines[sku] for sku in mine) else 0
        return sum(self.prices[sku] * count for sku, count in units.items()) + delivery


def delivery_fee(goods: int) -> int:
    """8 yuan a seller, free from 100 yuan."""
    return 800 if 0 < goods < 10_000 else 0


class Case(msgspec.Struct):
    """An after-sales case as both sides know it. `units` are (how many, how many of them never left) by article."""

    name: str
    id: UUID
    purchase: Purchase
    seller: str
    line_ids: dict[str, UUID]
    units: dict[str, tuple[int, int]]
    goods_come_back: bool
    amount: int
    due_at: datetime | None
    moved_at: datetime
    state: str = "requested"
    proposed: int | None = None
    agreed: int | None = None
    sent: bool = False
    decided: bool = False


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
        self.peers = Peers(now=START, send=self._receive)
        settings = load_settings({"MERX_HOME": str(home), "MERX_PUBLIC_URL": PUBLIC_URL})
        self.services = Services(
            settings=settings, db=db, keys=keys, providers=self.peers.registry(), clock=self.clock
        )
        self.web = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=create_app(self.services)),  # type: ignore[arg-type]
            base_url=PUBLIC_URL,
        )
        self.deadline = timedelta(seconds=settings.of(CheckoutSettings).payment_deadline_seconds)
        self.jobs = {job.name: job for job in jobs_of(self.services)}
        self.prices = {sku: price for sku, (price, _) in PRICES.items()}
        self.on_sale = dict.fromkeys(PRICES, True)
        self.received = dict(OPENING_STOCK)
        self.shoppers: list[Shopper] = []
        self.purchases: list[Purchase] = []
        self.sent: list[Sent] = []
        self.cases: list[Case] = []
        self.platform = new_id()
        self.bodies: list[tuple[str, dict[str, str], bytes]] = []
        self.states: dict[UUID, str] = {}
        self.shop: Shop
        self.staff: dict[str, UUID] = {}

    def clock(self) -> datetime:
        """The present moment of the shop and of the provider."""
        return self.now

    def wait(self, by: timedelta) -> None:
        """Move the one clock forward."""
        self.now += by
        self.peers.clock.set(self.now, freeze=True)

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
        """Release the providers' connections."""
        await self.services.placement.drain()
        await self.web.aclose()
        await self.peers.aclose()

    async def _receive(self, code: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        self.bodies.append((code, dict(headers), body))
        return await self.post_notice(code, dict(headers), body)

    async def post_notice(self, code: str, headers: dict[str, str], body: bytes) -> NoticeAnswer:
        """Send a notice to the shop's public address."""
        answer = await self.web.post(f"/payments/{code}/notify", content=body, headers=headers)
        return NoticeAnswer(answer.status_code, answer.content)

    async def deliver_events(self) -> None:
        """Let every handler hear everything."""
        await deliver_events(self.db, self.owner, now=self.now)

    def total(self, lines: Mapping[str, int]) -> int:
        """What the sellers' prices make of these lines: 8 yuan delivery a seller, free from 100 yuan."""
        total = 0
        for seller in sorted(set(SELLER_OF.values())):
            total_of_seller = sum(
                self.prices[sku] * units for sku, units in lines.items() if SELLER_OF[sku] == seller
            )
            total += total_of_seller + delivery_fee(total_of_seller)
        return total

    def free(self, sku: str) -> int:
        """Units nobody has bought and no unexpired hold claims, from what buyers and sellers know."""
        taken = sum(
            purchase.lines.get(sku, 0) - purchase.back[sku]
            for purchase in self.purchases
            if self.sold(purchase) or (self.states[purchase.id] == "pending_payment" and self.holds(purchase))
        )
        return self.received[sku] - taken

    def sold(self, purchase: Purchase) -> bool:
        """Whether its goods were sold, even if all of them were paid back since."""
        return self.states[purchase.id] in ("placed", "closed") or purchase.given > 0

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
