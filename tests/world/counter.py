"""A shop whose money is authorized first: a bank that authorizes and captures, bank transfer, and cash on delivery."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from tests.world.people import member
from tests.world.shop import ADDRESS, ReadyCart, Shop, a_ready_cart, a_shop

from merx.cart import set_provider
from merx.cashier import cancel_purchase, start_payment
from merx.checkout import Placed, Refused, place_orders
from merx.fulfilment import Fulfilment, ship
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.money import Money
from merx.orders import PurchaseView, purchase_view
from merx.payments import Payment, payments_of
from merx.payments.providers import (
    BankTransferProvider,
    BillRow,
    CashOnDeliveryProvider,
    NoticeAnswer,
    NoticeProblem,
    NoticeRejected,
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderRegistry,
    ProviderState,
    ProviderStatus,
    ProviderUnavailable,
    RefundState,
)

DEADLINE = timedelta(minutes=30)
BALANCES = """
SELECT kind, owner, sum(amount)::bigint FROM (
    SELECT debit_kind AS kind, debit_owner AS owner, amount FROM transfers
    UNION ALL SELECT credit_kind, credit_owner, -amount FROM transfers) t
 GROUP BY kind, owner HAVING sum(amount) <> 0 ORDER BY kind, owner
"""


class Bank:
    """The outside world: a card network that authorizes money, hands it over, and can be made to fall silent.

    `silent` calls do nothing and are not answered; `mute` ones are carried out and not answered.
    """

    code = "bank"
    label: Mapping[str, str] = {"en": "Bank", "zh-CN": "银行"}
    currencies = frozenset({"CNY"})
    acknowledgement = NoticeAnswer(status=200, media_type="text/plain", body=b"ok")
    refusal = NoticeAnswer(status=400, media_type="text/plain", body=b"no")

    def __init__(self) -> None:
        self.money: dict[str, tuple[str, Money]] = {}
        self.calls: list[str] = []
        self.silent = 0
        self.mute = 0
        self.refunded: dict[str, Money] = {}

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self.silent:
            self.silent -= 1
            raise ProviderUnavailable(provider=self.code, reason="no answer")

    def _answer(self, number: str) -> ProviderState:
        if self.mute:
            self.mute -= 1
            raise ProviderUnavailable(provider=self.code, reason="the answer was lost")
        status, amount = self.money.get(number, ("unknown", None))
        return ProviderState(
            status=ProviderStatus(status), number=number, provider_reference=f"B{number}", amount=amount,
            paid_at=None, raw_status=status,
        )  # fmt: skip

    async def start(self, request: PaymentRequest) -> ProviderAction:
        self.money.setdefault(request.number, ("waiting", request.amount))
        return ProviderAction(kind="redirect", url=f"https://bank.test/{request.number}")

    def authorize(self, number: str) -> None:
        """The payer agrees."""
        assert self.money[number][0] == "waiting"
        self.money[number] = ("authorized", self.money[number][1])

    def forget(self, number: str) -> None:
        """The authorization runs out."""
        self.money[number] = ("closed", self.money[number][1])

    async def query(self, number: str) -> ProviderState:
        self._called("query")
        return self._answer(number)

    async def close(self, number: str) -> ProviderState:
        self._called("close")
        status, amount = self.money[number]
        if status in ("waiting", "authorized"):
            self.money[number] = ("closed", amount)
        return self._answer(number)

    async def capture(self, *, number: str, amount: Money) -> ProviderState:
        self._called("capture")
        status, held = self.money[number]
        assert amount == held
        if status == "authorized":
            self.money[number] = ("captured", held)
        return self._answer(number)

    async def refund(self, *, number: str, refund_number: str, amount: Money, reason: str = "") -> bool:  # noqa: ARG002 - the contract
        self._called("refund")
        assert self.money[number][0] == "captured"
        self.refunded[refund_number] = amount
        return True

    async def refund_state(self, *, number: str, refund_number: str, amount: Money) -> RefundState:  # noqa: ARG002 - the contract
        return RefundState.SUCCEEDED if refund_number in self.refunded else RefundState.UNKNOWN

    async def bill(self, day: date) -> list[BillRow]:  # noqa: ARG002 - the contract
        return []

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> ProviderNotice:  # noqa: ARG002 - the contract
        raise NoticeRejected(NoticeProblem.MALFORMED, "")

    def parse_return(self, query_string: str) -> str | None:  # noqa: ARG002 - the contract
        return None

    async def aclose(self) -> None:
        return None


class Sold(msgspec.Struct, frozen=True):
    """A purchase, and what its buyer knows of it."""

    id: UUID
    number: str
    total: int
    cart: ReadyCart

    @property
    def payment_number(self) -> str:
        return f"{self.number}P1"


class Counter:
    """A shop with those three ways to pay. `now` is its clock: set it."""

    def __init__(self, db: Database, keys: MasterKeys, owner: Any, shop: Shop, now: datetime) -> None:
        self.db, self.keys, self.owner, self.shop, self.now = db, keys, owner, shop, now
        self.bank = Bank()
        self.transfer = BankTransferProvider(
            holder="Merx Ltd",
            bank="Bank of Tests",
            account="DE02 1203",
            currencies=frozenset({"CNY"}),
            days=3,
        )
        self.cash = CashOnDeliveryProvider(
            currencies=frozenset({"CNY"}), countries=frozenset({ADDRESS.country})
        )
        self.providers = ProviderRegistry([self.bank, self.transfer, self.cash])

    async def ready(
        self, lines: dict[str, int], provider: str, *, account_id: UUID | None = None
    ) -> ReadyCart:
        """A cart that is to be paid so."""
        cart = await a_ready_cart(self.db, self.keys, self.shop, lines, now=self.now, account_id=account_id)
        await self.db.write(
            lambda tx: set_provider(
                tx, cart_id=cart.cart_id, actor=cart.command.buyer, provider=provider, now=self.now
            )
        )
        return cart

    async def order(self, cart: ReadyCart) -> Placed | Refused:
        """The buyer orders."""
        [outcome] = await place_orders(
            self.db, [cart.command], now=self.now, deadline=DEADLINE, methods=self.providers.methods()
        )
        return outcome

    async def place(self, lines: dict[str, int], provider: str, *, account_id: UUID | None = None) -> Sold:
        """A buyer orders and begins to pay."""
        cart = await self.ready(lines, provider, account_id=account_id)
        placed = await self.order(cart)
        assert isinstance(placed, Placed), placed
        sold = Sold(placed.purchase_id, placed.number, placed.total, cart)
        await self.start(sold)
        return sold

    async def start(self, sold: Sold) -> ProviderAction:
        """The buyer begins to pay."""
        return await start_payment(
            self.db, self.providers, purchase_id=sold.id,
            actor=sold.cart.command.buyer,
            public_url="https://shop.test", now=self.now,
        )  # fmt: skip

    async def view(self, sold: Sold) -> PurchaseView:
        async with self.db.read() as read:
            return await purchase_view(read, purchase_id=sold.id, actor=sold.cart.command.buyer)

    async def payment(self, sold: Sold) -> Payment:
        """Its first payment."""
        async with self.db.read() as read:
            return (await payments_of(read, [sold.id]))[0]

    async def ship(self, sold: Sold, lines: dict[str, int] | None = None) -> list[Fulfilment]:
        """Every seller ships everything, or these units by SKU."""
        parcels = []
        for each in (await self.view(sold)).orders:
            picks = [(line.id, lines[line.sku]) for line in each.lines if lines and line.sku in lines]
            if lines and not picks:
                continue
            async with self.db.transaction() as tx:
                parcels.append(await ship(
                    tx, order_id=each.order.id, actor=member(each.order.seller_id), carrier="other",
                    tracking_number="T1234", lines=picks or None, now=self.now,
                    auto_receive_after=timedelta(days=10),
                ))  # fmt: skip
        return parcels

    async def cancel(self, sold: Sold) -> bool:
        """The buyer cancels."""
        return await cancel_purchase(
            self.db, self.providers, purchase_id=sold.id, actor=sold.cart.command.buyer,
            now=self.now,
        )  # fmt: skip

    async def state(self, sold: Sold) -> tuple[str, str | None, list[tuple[str, str]], str]:
        """Purchase, reason, orders with their payment status, and the first payment."""
        row = await self.owner.fetchrow("SELECT state, cancel_reason FROM purchases WHERE id = $1", sold.id)
        orders = await self.owner.fetch(
            "SELECT state, payment_status FROM orders WHERE purchase_id = $1 ORDER BY number", sold.id
        )
        payment = await self.payment(sold)
        return row[0], row[1], [(each[0], each[1]) for each in orders], payment.state.value

    async def stock(self, sku: str) -> tuple[int, int]:
        """Held and sold units."""
        row = await self.owner.fetchrow(
            "SELECT sum(held)::int, sum(sold)::int FROM allotments WHERE subject_id = $1",
            self.shop.variants[sku],
        )
        return row[0], row[1]

    async def books(self) -> dict[tuple[str, UUID], int]:
        """Every account that is not even."""
        return {(row[0], row[1]): row[2] for row in await self.owner.fetch(BALANCES)}

    async def events(self, sold: Sold) -> list[str]:
        """What was told of it, in order."""
        rows = await self.owner.fetch(
            "SELECT kind FROM events WHERE subject_id = $1 ORDER BY xid, id", sold.id
        )
        return [row[0] for row in rows]

    async def everything(self) -> dict[str, list[str]]:
        """Every row that tells of money, stock or orders."""
        tables = (
            "purchases", "orders", "order_lines", "payments", "payment_events", "refunds", "refund_attempts", "holds",
            "movements", "allotments", "transfers", "events", "fulfilments", "fulfilment_lines", "stock_returns",
        )  # fmt: skip
        return {
            table: [row[0] for row in await self.owner.fetch(f"SELECT t::text FROM {table} t ORDER BY 1")]
            for table in tables
        }


async def a_counter(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> Counter:
    """Build the shop."""
    return Counter(db, keys, owner, await a_shop(db, now=now), now)
