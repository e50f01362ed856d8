"""A shop whose buyers pay at three simulated providers, and its bookkeeper, who reads their bills."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from tests.world.gateways import alipay_at, card_at, wechat_at
from tests.world.people import member
from tests.world.shop import Shop, a_ready_cart
from tests.world.till import DEADLINE, PUBLIC_URL, Bought

from merx.cart import set_provider
from merx.cashier import ask_provider, start_payment
from merx.checkout import Placed, place_orders
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.infra.dispatch import drain
from merx.kit.actors import Staff
from merx.kit.ids import new_id
from merx.ledger import fold_balances
from merx.orders import purchase_view
from merx.payments import payments_of
from merx.payments.providers import ProviderRegistry
from merx.reconciliation import (
    Bill,
    Difference,
    Resolution,
    ask_again,
    list_differences,
    reconcile,
    reconcile_day,
    resolve_difference,
)
from merx.refunds import send_refunds
from merx.returns import Application, ReturnKind, ReturnReason, Wanted, approve_return, request_return
from merx.simulators import (
    AlipaySimulator,
    CardSimulator,
    WechatSimulator,
)
from merx.subscriptions import SUBSCRIPTIONS
from merx.verify import verify

BOOKS = """
SELECT kind, sum(amount)::bigint AS net
  FROM (SELECT debit_kind AS kind, amount FROM transfers UNION ALL SELECT credit_kind, -amount FROM transfers) entries
 WHERE kind LIKE 'provider%' GROUP BY kind HAVING sum(amount) <> 0 ORDER BY 1
"""


class Books:
    """Everybody's clock is the same. `day` is the day it is in China, where it is early afternoon."""

    def __init__(self, db: Database, keys: MasterKeys, owner: Any, shop: Shop, now: datetime) -> None:
        self.db, self.keys, self.owner, self.shop = db, keys, owner, shop
        self.staff = new_id()
        self.alipay = AlipaySimulator.in_memory(now=now)
        self.wechat = WechatSimulator.in_memory(now=now)
        self.card = CardSimulator.in_memory(now=now)
        self.providers = ProviderRegistry(
            [
                alipay_at(self.alipay),
                alipay_at(self.alipay, qr=True),
                wechat_at(self.wechat),
                card_at(self.card),
            ]
        )
        self.browser = httpx.AsyncClient(
            transport=self.alipay.transport(), base_url="http://alipay.test", follow_redirects=True
        )

    @property
    def now(self) -> datetime:
        return self.alipay.clock.now()

    @property
    def day(self) -> date:
        return (self.now + timedelta(hours=8)).date()

    def wait(self, **by: float) -> None:
        for simulator in (self.alipay, self.wechat, self.card):
            simulator.clock.advance(timedelta(**by))

    async def bought(self, provider: str = "alipay", lines: dict[str, int] | None = None) -> Bought:
        """A purchase whose buyer is at the provider."""
        cart = await a_ready_cart(self.db, self.keys, self.shop, lines or {"TEA": 1}, now=self.now)
        command = cart.command
        async with self.db.transaction() as tx:
            await set_provider(
                tx, cart_id=cart.cart_id, actor=cart.command.buyer, provider=provider, now=self.now
            )
        [placed] = await place_orders(self.db, [command], now=self.now, deadline=DEADLINE)
        assert isinstance(placed, Placed), placed
        async with self.db.read() as read:
            [payment] = await payments_of(read, [placed.purchase_id])
        action = await start_payment(
            self.db, self.providers, purchase_id=placed.purchase_id, actor=command.buyer,
            public_url=PUBLIC_URL, now=self.now,
        )  # fmt: skip
        if provider == "alipay":
            assert (await self.browser.get(action.url)).status_code == 200
        return Bought(placed.purchase_id, placed.number, placed.total, cart, payment.id)

    def pay(self, bought: Bought, provider: str = "alipay") -> None:
        """The buyer pays; nobody tells the shop."""
        peer: Any = {"wechat": self.wechat, "card": self.card}.get(provider, self.alipay)
        peer.pay(bought.payment_number)

    async def paid(self, provider: str = "alipay", lines: dict[str, int] | None = None) -> Bought:
        """A purchase whose money the shop knows of."""
        bought = await self.bought(provider, lines)
        self.pay(bought, provider)
        assert await ask_provider(self.db, self.providers, payment_id=bought.payment_id, now=self.now)
        return bought

    async def approve_refund(self, bought: Bought) -> str:
        """The first order of a purchase is to be paid back whole; returns the refund's number."""
        me = bought.cart.command.buyer
        async with self.db.transaction() as tx:
            view = (await purchase_view(tx, purchase_id=bought.id, actor=me)).orders[0]
            application = Application(
                kind=ReturnKind.REFUND_ONLY, reason=ReturnReason.CHANGED_MIND,
                lines=[Wanted(line.id, line.quantity) for line in view.lines],
            )  # fmt: skip
            case = await request_return(
                tx,
                order_id=view.order.id,
                application=application,
                default_days=15,
                now=self.now,
                actor=me,
            )
            await approve_return(tx, return_id=case.id, actor=member(case.seller_id), now=self.now)
        return f"{bought.payment_number}R1"

    async def refunded(self, bought: Bought) -> str:
        """That, and it is carried out."""
        number = await self.approve_refund(bought)
        for _ in range(2):  # some say so only when they are asked
            await self.send()
            self.wait(minutes=2)
        return number

    async def send(self) -> None:
        """The job that carries refunds out, or asks about them."""
        await send_refunds(self.db, self.providers, now=self.now)

    async def read(self, provider: str = "alipay", day: date | None = None) -> Bill:
        """By hand."""
        return await reconcile_day(
            self.db, self.providers, provider=provider, day=day or self.day - timedelta(days=1), now=self.now
        )

    async def job(self) -> int:
        done = 0
        while more := await reconcile(self.db, self.providers, now=self.now):
            done += more
        return done

    async def open(self, state: str = "open") -> list[Difference]:
        """Differences, the oldest first."""
        async with self.db.read() as read:
            return (await list_differences(read, state=state, limit=100)).items[::-1]

    async def resolve(self, found: Difference, resolution: Resolution, note: str = "") -> Difference:
        answer = None
        if resolution is Resolution.RECHECK:
            answer = await ask_again(self.db, self.providers, difference_id=found.id)
        return await self.db.write(
            lambda tx: resolve_difference(
                tx, difference_id=found.id, resolution=resolution, note=note, actor=Staff(self.staff),
                now=self.now,
                answer=answer,
            )
        )  # fmt: skip

    async def books(self) -> dict[str, int]:
        """The providers' accounts that are not at zero, debits positive."""
        return dict(await self.owner.fetch(BOOKS))

    async def counts(self, tables: Sequence[str]) -> list[int]:
        return [await self.owner.fetchval(f"SELECT count(*) FROM {table}") for table in tables]

    async def state(self, purchase_id: UUID) -> str:
        return str(await self.owner.fetchval("SELECT state FROM purchases WHERE id = $1", purchase_id))

    async def sound(self, *areas: str) -> None:
        """`merx verify` finds nothing (in these areas), and the feed can be delivered."""
        await drain(self.db, SUBSCRIPTIONS, now=self.now)
        await self.db.write(fold_balances)
        report = await verify(self.db, now=self.now, key_ids=["k1", "k2"])
        assert [
            (each.code, each.named)
            for each in report.results
            if each.breaks and (not areas or each.area in areas)
        ] == []

    async def close(self) -> None:
        await self.browser.aclose()
        await self.providers.aclose()
        for simulator in (self.alipay, self.wechat, self.card):
            simulator.close()
