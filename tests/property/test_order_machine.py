"""Random moves through the public use cases on a real PostgreSQL, against a model that fits on a page."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from tests.world.counter import Bank
from tests.world.people import member
from tests.world.shop import PRICES, Shop, a_ready_cart, a_shop

from merx.cashier import (
    AlreadyPaid,
    AlreadyShipped,
    authorize_payment,
    cancel_purchase,
    cancel_undelivered,
    confirm_payment,
    expire_unpaid,
)
from merx.checkout import Placed, Refused, place_orders
from merx.fulfilment import NothingToShip, NotPaid, auto_receive, bring_back, receive, ship
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.kit.actors import Buyer, System
from merx.orders import lock_purchase, purchase_view
from merx.payments import Fact, payments_of
from merx.payments.providers import ProviderRegistry, ProviderUnavailable

T = TypeVar("T")
DEADLINE = timedelta(minutes=30)
AUTO_RECEIVE = timedelta(days=10)
STOCK = {"TEA": 4, "CUP": 3, "POT": 1}
LINES = st.dictionaries(st.sampled_from(sorted(PRICES)), st.integers(1, 3), min_size=1)


class Silent(Bank):
    """A provider that never answers: what is to be given back stays in doubt, and may be taken after all."""

    code = "alipay"

    def _called(self, what: str) -> None:
        raise ProviderUnavailable(provider=self.code, reason=what)


SILENT = ProviderRegistry([Silent()])


class Sale(msgspec.Struct):
    """What the model knows of a purchase."""

    id: UUID
    lines: dict[str, int]
    buyer: Buyer
    placed_at: datetime
    state: str = "pending_payment"
    refund: bool = False
    shipped_at: datetime | None = None
    received: bool = False
    authorized: bool = False
    """Served on an authorization whose money has not come."""
    withdrawn: bool = False
    """Was served on an authorization, or would have been, and is cancelled for good."""
    paid: bool = False


class Sales(RuleBasedStateMachine):
    """cart → place → pay, cancel or expire → ship → receive, in any order, at any moment."""

    db: Database
    owner: asyncpg.Connection
    loop: asyncio.AbstractEventLoop
    emptying: str
    sales = Bundle("sales")

    def __init__(self) -> None:
        super().__init__()
        self.keys = MasterKeys({"k": b"1" * 32}, index_key=b"i" * 32)
        self.now = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
        self.shop: Shop
        self.all: list[Sale] = []
        self.turn = 0
        self.lifted: dict[
            UUID, set[str]
        ] = {}  # purchase → articles of which somebody lifted its run-out hold

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def open_the_shop(self) -> None:
        self.run(self.owner.execute(self.emptying))
        self.shop = self.run(a_shop(self.db, now=self.now, stock=STOCK))

    def free(self, sku: str) -> int:
        """Units that may be claimed now."""
        return STOCK[sku] - sum(
            sale.lines.get(sku, 0)
            for sale in self.all
            if sale.state in ("placed", "closed")
            or (sale.state == "pending_payment" and not self.run_out(sale))
        )

    def run_out(self, sale: Sale) -> bool:
        return self.now >= sale.placed_at + DEADLINE + timedelta(minutes=2)

    def lift(self, wanted: dict[str, int]) -> None:
        """Where the plain count was short, every run-out hold on that article is lifted: its sale holds it no more."""
        for sku, units in wanted.items():
            taken = sum(
                sale.lines.get(sku, 0)
                for sale in self.all
                if sale.state in ("placed", "closed")
                or (sale.state == "pending_payment" and sku in self.held(sale))
            )
            if units > STOCK[sku] - taken:
                for sale in self.all:
                    if sale.state == "pending_payment" and self.run_out(sale):
                        self.lifted.setdefault(sale.id, set()).add(sku)

    def held(self, sale: Sale) -> set[str]:
        return set(sale.lines) - self.lifted.get(sale.id, set())

    @rule(target=sales, lines=LINES)
    def place(self, lines: dict[str, int]) -> Any:
        self.turn += 1
        cart = self.run(a_ready_cart(self.db, self.keys, self.shop, lines, now=self.now, key=f"k{self.turn}"))
        [outcome] = self.run(place_orders(self.db, [cart.command], now=self.now, deadline=DEADLINE))
        enough = all(units <= self.free(sku) for sku, units in lines.items())
        self.lift(lines)
        if not enough:
            assert isinstance(outcome, Refused)
            assert outcome.code == "out_of_stock"
            return multiple()
        assert isinstance(outcome, Placed)
        sale = Sale(outcome.purchase_id, lines, cart.command.buyer, self.now)
        self.all.append(sale)
        return sale

    @rule(by=st.sampled_from([timedelta(minutes=10), timedelta(minutes=31), timedelta(days=11)]))
    def wait(self, by: timedelta) -> None:
        self.now += by

    @rule(sale=sales)
    def money_arrives(self, sale: Sale) -> None:
        async def confirm() -> str:
            async with self.db.read() as read:
                [payment] = await payments_of(read, [sale.id])
            fact = Fact("captured", f"T{payment.number}", payment.amount, "CNY", "query", self.now)
            return await self.db.write(
                lambda tx: confirm_payment(
                    tx, purchase_id=sale.id, payment_id=payment.id, fact=fact, now=self.now
                )
            )

        outcome = self.run(confirm())
        if sale.authorized:
            assert outcome == "placed"
            sale.authorized = False
            sale.paid = True
            return
        if sale.paid or sale.refund:
            assert outcome == "already_captured"
            return
        if sale.withdrawn:
            assert outcome == "refund_approved"
            sale.refund = True
            return
        sale.paid = True
        held = self.held(sale) if sale.state == "pending_payment" else set()
        missing = {sku: units for sku, units in sale.lines.items() if sku not in held}
        others = {sku: self.free_beside(sku, sale) for sku in missing}
        if all(units <= others[sku] for sku, units in missing.items()):
            self.lift(missing)
            assert outcome == "placed"
            sale.state = "placed"
        else:
            self.lift(missing)
            assert outcome == "refund_approved"
            sale.state, sale.refund, sale.paid = "cancelled", True, False

    @rule(sale=sales)
    def money_is_authorized(self, sale: Sale) -> None:
        async def authorize() -> str:
            async with self.db.read() as read:
                [payment] = await payments_of(read, [sale.id])
            fact = Fact("authorized", f"A{payment.number}", payment.amount, "CNY", "query", self.now)
            return await self.db.write(
                lambda tx: authorize_payment(
                    tx, purchase_id=sale.id, payment_id=payment.id, fact=fact, now=self.now
                )
            )

        if sale.state == "cancelled":
            return  # an authorization that comes late is the money's rule above, without the money
        outcome = self.run(authorize())
        if sale.state != "pending_payment":
            assert outcome == "already_authorized"
            return
        missing = {sku: units for sku, units in sale.lines.items() if sku not in self.held(sale)}
        others = {sku: self.free_beside(sku, sale) for sku in missing}
        self.lift(missing)
        if all(units <= others[sku] for sku, units in missing.items()):
            assert outcome == "placed"
            sale.state, sale.authorized = "placed", True
        else:
            assert outcome == "void_wanted"
            sale.state, sale.withdrawn = "cancelled", True

    @rule(sale=sales)
    def goods_are_refused_at_the_door(self, sale: Sale) -> None:
        """What the use case of after-sales does, for an order of any number of sellers."""

        async def bring() -> None:
            async with self.db.transaction() as tx:
                purchase = await lock_purchase(tx, purchase_id=sale.id)
                rows = await self.owner.fetch(
                    "SELECT id, order_id, quantity FROM order_lines WHERE purchase_id = $1", sale.id
                )
                for order_id in sorted({row["order_id"] for row in rows}):
                    back = {row["id"]: row["quantity"] for row in rows if row["order_id"] == order_id}
                    await bring_back(
                        tx, order_id=order_id, restocked=back, actor=System("test"), now=self.now
                    )
                units = {row["id"]: row["quantity"] for row in rows}
                assert (
                    await cancel_undelivered(tx, purchase, back=units, actor=System("test"), now=self.now)
                    is not None
                )

        if not (sale.authorized and sale.shipped_at and not sale.received):
            return
        self.run(bring())
        sale.state, sale.authorized, sale.withdrawn, sale.shipped_at = "cancelled", False, True, None

    def free_beside(self, sku: str, sale: Sale) -> int:
        own = sale.state == "pending_payment" and not self.run_out(sale)
        return self.free(sku) + (sale.lines[sku] if own else 0)

    @rule(sale=sales)
    def cancel(self, sale: Sale) -> None:
        work = cancel_purchase(
            self.db, SILENT, purchase_id=sale.id, actor=sale.buyer,
            now=self.now,
        )  # fmt: skip
        if sale.authorized and sale.shipped_at is None:
            assert self.run(work)
            sale.state, sale.authorized, sale.withdrawn = "cancelled", False, True
            return
        if sale.state in ("placed", "closed"):
            with pytest.raises(AlreadyShipped if sale.authorized else AlreadyPaid):
                self.run(work)
            return
        assert self.run(work) == (sale.state == "pending_payment")
        sale.state = "cancelled"

    @rule()
    def expire(self) -> None:
        due = [
            sale
            for sale in self.all
            if sale.state == "pending_payment" and self.now >= sale.placed_at + DEADLINE
        ]
        assert self.run(expire_unpaid(self.db, ProviderRegistry([]), now=self.now)) == len(due)
        for sale in due:
            sale.state = "cancelled"

    @rule(sale=sales)
    def ship_everything(self, sale: Sale) -> None:
        async def send() -> None:
            async with self.db.read() as read:
                view = await purchase_view(read, purchase_id=sale.id, actor=sale.buyer)
            async with self.db.transaction() as tx:
                for each in view.orders:
                    await ship(
                        tx, order_id=each.order.id, actor=member(each.order.seller_id), carrier="other",
                        tracking_number="T1234", lines=None, now=self.now,
                        auto_receive_after=AUTO_RECEIVE,
                    )  # fmt: skip

        if sale.state != "placed":
            with pytest.raises(NotPaid):
                self.run(send())
        elif sale.shipped_at is not None:
            with pytest.raises(NothingToShip):
                self.run(send())
        else:
            self.run(send())
            sale.shipped_at = self.now

    @rule(sale=sales)
    def receive_everything(self, sale: Sale) -> None:
        async def take() -> int:
            parcels = await self.owner.fetch(
                "SELECT id FROM fulfilments WHERE purchase_id = $1 AND state <> 'returned'", sale.id
            )
            async with self.db.transaction() as tx:
                for parcel in parcels:
                    await receive(
                        tx, fulfilment_id=parcel["id"], actor=sale.buyer, now=self.now
                    )  # fmt: skip
            return len(parcels)

        assert (self.run(take()) > 0) == (sale.shipped_at is not None)
        sale.received = sale.shipped_at is not None

    @rule()
    def the_timer_receives(self) -> None:
        due = [
            sale
            for sale in self.all
            if sale.shipped_at
            and not sale.received
            and not sale.authorized
            and self.now >= sale.shipped_at + AUTO_RECEIVE
        ]
        self.run(auto_receive(self.db, now=self.now))
        for sale in due:
            sale.received = True

    @invariant()
    def the_shop_says_what_the_model_says(self) -> None:
        if not self.all:
            return
        rows = self.run(
            self.owner.fetch(
                """SELECT p.id, p.state, bool_and(o.fulfilment_status = 'received') AS received,
                          (SELECT count(*) FROM refunds r WHERE r.purchase_id = p.id) AS refunds
                     FROM purchases p JOIN orders o ON o.purchase_id = p.id GROUP BY p.id"""
            )
        )
        found = {row["id"]: (row["state"], row["received"], row["refunds"]) for row in rows}
        assert found == {sale.id: (sale.state, sale.received, int(sale.refund)) for sale in self.all}

    @invariant()
    def stock_is_what_was_sold_and_held(self) -> None:
        if not hasattr(self, "shop"):
            return
        rows = self.run(self.owner.fetch("SELECT subject_id, received, held, sold FROM allotments"))
        counters = {row["subject_id"]: (row["received"], row["held"], row["sold"]) for row in rows}
        for sku, variant_id in self.shop.variants.items():
            sold = sum(s.lines.get(sku, 0) for s in self.all if s.state in ("placed", "closed"))
            held = sum(
                s.lines.get(sku, 0) for s in self.all if s.state == "pending_payment" and sku in self.held(s)
            )
            assert counters[variant_id] == (STOCK[sku], held, sold)
            assert held + sold <= STOCK[sku]


@pytest.mark.slow
def test_the_shop_behaves_like_the_model(worker_dsn: str, emptying: str) -> None:
    loop = asyncio.new_event_loop()
    Sales.loop, Sales.emptying = loop, emptying
    Sales.db = loop.run_until_complete(Database(worker_dsn, pool_size=2).open())
    Sales.owner = loop.run_until_complete(asyncpg.connect(worker_dsn))
    try:
        run_state_machine_as_test(
            Sales,
            settings=settings(
                max_examples=12,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
    finally:
        loop.run_until_complete(Sales.owner.execute(emptying))
        loop.run_until_complete(Sales.owner.close())
        loop.run_until_complete(Sales.db.close())
        loop.close()
