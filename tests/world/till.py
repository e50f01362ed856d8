"""A till: the shop's checkout, a simulated Alipay that sends its notices to it, and an auditor of both."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
from tests.world.gateways import alipay_at
from tests.world.shop import ReadyCart, Shop, a_ready_cart

from merx.cashier import (
    NoticeQueue,
    ask_in_doubt,
    ask_provider,
    cancel_purchase,
    expire_unpaid,
    receive_notice,
    start_payment,
)
from merx.checkout import Placed, place_orders
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.inventory import Receipt, receive_stock
from merx.kit.ids import new_id
from merx.payments import payments_of
from merx.payments.providers import NoticeRejected, ProviderRegistry
from merx.refunds import send_refunds
from merx.simulators import AlipaySimulator, NoticeAnswer
from merx.simulators.alipay.model import Fault, FaultKind, Trade

DEADLINE = timedelta(minutes=30)
PUBLIC_URL = "https://shop.test"
_EVERYTHING = (
    "purchases", "orders", "order_lines", "payments", "payment_events", "provider_notices", "refunds", "holds",
    "movements", "allotments", "transfers", "events", "refund_lines", "refund_attempts", "returns", "return_lines",
    "stock_returns", "replacements",
)  # fmt: skip


class Bought(msgspec.Struct, frozen=True):
    """A purchase, and what its buyer knows of it."""

    id: UUID
    number: str
    total: int
    cart: ReadyCart
    payment_id: UUID

    @property
    def payment_number(self) -> str:
        """Our number of its payment at the provider."""
        return f"{self.number}P1"


class Till:
    """The clock is the simulator's; pass `now` where the shop's is to differ from it."""

    def __init__(self, db: Database, keys: MasterKeys, owner: Any, shop: Shop, now: datetime) -> None:
        self.db, self.keys, self.owner, self.shop = db, keys, owner, shop
        self.notices = NoticeQueue(db)
        self.simulator = AlipaySimulator.in_memory(now=now, send_notice=self.receive)
        self.provider = alipay_at(self.simulator)
        self.providers = ProviderRegistry([self.provider])
        self.browser = httpx.AsyncClient(
            transport=self.simulator.transport(), base_url="http://alipay.test", follow_redirects=True
        )

    @property
    def now(self) -> datetime:
        """The moment it is."""
        return self.simulator.clock.now()

    async def receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        """The address the provider sends its notices to."""
        assert url == f"{PUBLIC_URL}/payments/alipay/notify"
        try:
            answer = await receive_notice(
                self.db, self.provider, headers=dict(headers), body=body, now=self.now, queue=self.notices
            )
        except NoticeRejected:
            answer = self.provider.refusal
        return NoticeAnswer(answer.status, answer.body)

    async def ready(self, lines: dict[str, int]) -> ReadyCart:
        """A guest's cart, ready to be ordered."""
        return await a_ready_cart(self.db, self.keys, self.shop, lines, now=self.now)

    async def try_to_place(self, cart: ReadyCart) -> bool:
        """The guest orders, who may come too late."""
        [outcome] = await place_orders(self.db, [cart.command], now=self.now, deadline=DEADLINE)
        return isinstance(outcome, Placed)

    async def restock(self, sku: str, units: int) -> None:
        """Goods arrive."""
        receipt = Receipt(new_id(), self.shop.variants[sku], self.shop.locations[0], units)
        await self.db.write(lambda tx: receive_stock(tx, receipts=[receipt], now=self.now))

    async def place(self, lines: dict[str, int]) -> Bought:
        """A guest orders."""
        cart = await self.ready(lines)
        [placed] = await place_orders(self.db, [cart.command], now=self.now, deadline=DEADLINE)
        assert isinstance(placed, Placed), placed
        async with self.db.read() as read:
            [payment] = await payments_of(read, [placed.purchase_id])
        return Bought(placed.purchase_id, placed.number, placed.total, cart, payment.id)

    async def start(self, bought: Bought) -> str:
        """The buyer asks to pay; returns the address of the cashier."""
        action = await start_payment(
            self.db, self.providers, purchase_id=bought.id, actor=bought.cart.command.buyer,
            public_url=PUBLIC_URL, now=self.now,
        )  # fmt: skip
        return action.url

    async def at_cashier(self, lines: dict[str, int]) -> Bought:
        """A guest orders and opens the cashier."""
        bought = await self.place(lines)
        await self.open(await self.start(bought))
        return bought

    async def open(self, url: str) -> None:
        """The buyer's browser arrives at the cashier."""
        page = await self.browser.get(url)
        assert page.url.path.startswith("/cashier/"), page.text

    async def pay(self, bought: Bought) -> list[str]:
        """The buyer pays and the notices go out; returns what came of each."""
        self.simulator.pay(bought.payment_number)
        return [line.outcome for line in await self.simulator.deliver_due()]

    async def cancel(self, bought: Bought) -> bool:
        """The buyer cancels."""
        return await cancel_purchase(
            self.db, self.providers, purchase_id=bought.id, actor=bought.cart.command.buyer,
            now=self.now,
        )  # fmt: skip

    async def expire(self, *, now: datetime | None = None) -> int:
        """The job that cancels what is overdue."""
        return await expire_unpaid(self.db, self.providers, now=now or self.now)

    async def ask_about(self, bought: Bought) -> bool:
        """What the page does to which the provider sends the browser back."""
        return await ask_provider(self.db, self.providers, payment_id=bought.payment_id, now=self.now)

    async def ask(self) -> int:
        """The job that asks about payments in doubt."""
        return await ask_in_doubt(self.db, self.providers, now=self.now)

    async def refund(self) -> int:
        """The job that carries out refunds."""
        return await send_refunds(self.db, self.providers, now=self.now)

    def fault(self, kind: FaultKind, **more: Any) -> None:
        """Make something go wrong next time."""
        self.simulator.add_fault(Fault(kind=kind, **more))

    def trade(self, bought: Bought) -> Trade:
        """What the provider has of a purchase's payment."""
        (trade,) = [each for each in self.simulator.list_trades() if each.number == bought.payment_number]
        return trade

    async def state(self, bought: Bought) -> tuple[str, str | None]:
        """State and reason of a purchase; its orders must agree."""
        row = await self.owner.fetchrow("SELECT state, cancel_reason FROM purchases WHERE id = $1", bought.id)
        orders = await self.owner.fetch("SELECT DISTINCT state FROM orders WHERE purchase_id = $1", bought.id)
        assert [order["state"] for order in orders] == [row["state"]]
        return row["state"], row["cancel_reason"]

    async def stock(self, sku: str) -> tuple[int, int]:
        """Held and sold units."""
        row = await self.owner.fetchrow(
            "SELECT coalesce(sum(held), 0)::int, coalesce(sum(sold), 0)::int FROM allotments WHERE subject_id = $1",
            self.shop.variants[sku],
        )
        return row[0], row[1]

    async def refunds(self) -> list[tuple[str, str, int]]:
        """Reason, state and amount of every refund."""
        return [tuple(r) for r in await self.owner.fetch("SELECT reason, state, amount FROM refunds")]

    async def events(self, kind: str) -> int:
        """How often this happened."""
        count: int = await self.owner.fetchval("SELECT count(*) FROM events WHERE kind = $1", kind)
        return count

    async def everything(self) -> dict[str, list[str]]:
        """Every row that tells of money, stock or orders."""
        return {
            table: [row[0] for row in await self.owner.fetch(f"SELECT t::text FROM {table} t ORDER BY 1")]
            for table in _EVERYTHING
        }

    async def audit(self) -> None:
        """Prove, from the rows alone, that stock and money are where the purchases' states say they are."""
        assert await self.owner.fetch(_STOCK_OFF) == []
        assert await self.owner.fetch(_SALES_OFF) == []
        for row in await self.owner.fetch(_MONEY):
            sold = row["state"] in ("placed", "closed") or row["cancel_reason"] == "refunded"
            owed = row["total"] if sold or row["state"] == "pending_payment" else 0
            assert row["receivable"] == owed - row["captured"] + row["refunded"] - row["taken_back"], dict(
                row
            )
            assert row["at_provider"] == row["captured"] - row["refunded"], dict(row)
            kept = row["total"] - row["to_take_back"] if sold else 0
            assert row["captured"] - row["promised"] == kept, dict(row)
        trades = {trade.number: trade for trade in self.simulator.list_trades()}
        for row in await self.owner.fetch(_CAPTURED):
            trade = trades[row["number"]]
            assert (trade.paid_at is not None, trade.amount_fen) == (True, row["captured"])
            assert trade.refunded_fen >= row["refunded"]

    async def provider_agrees(self) -> None:
        """What the provider holds for us is what we have booked as being there."""
        booked = await self.owner.fetchval(
            """SELECT coalesce(sum(CASE WHEN debit_kind LIKE 'provider%' THEN amount ELSE 0 END)
                               - sum(CASE WHEN credit_kind LIKE 'provider%' THEN amount ELSE 0 END), 0)::int
                 FROM transfers"""
        )
        paid = [trade for trade in self.simulator.list_trades() if trade.paid_at is not None]
        assert booked == sum(trade.amount_fen - trade.refunded_fen for trade in paid)

    async def close(self) -> None:
        """Let go of everything."""
        await self.browser.aclose()
        await self.providers.aclose()
        self.simulator.close()


# Counters against the journal, and against the holds that are the journal's causes.
_STOCK_OFF = """
SELECT a.id, a.received, a.held, a.sold FROM allotments a
 WHERE (a.received, a.held, a.sold) IS DISTINCT FROM
       (SELECT (coalesce(sum(received_delta), 0)::bigint, coalesce(sum(held_delta), 0)::bigint,
                coalesce(sum(sold_delta), 0)::bigint)
          FROM movements m WHERE m.allotment_id = a.id)
    OR a.held <> (SELECT coalesce(sum(quantity), 0) FROM holds WHERE allotment_id = a.id AND state = 'active')
    OR a.sold <> (SELECT coalesce(sum(quantity), 0) FROM holds WHERE allotment_id = a.id AND state = 'consumed')
               - (SELECT coalesce(sum(quantity), 0) FROM stock_returns WHERE allotment_id = a.id)
"""
# A paid purchase has bought every unit of every line and every replacement, no other has; only a waiting one and an
# exchange may hold any.
_SALES_OFF = """
SELECT p.number, p.state, l.sku, l.quantity, s.sold, s.held
  FROM purchases p JOIN order_lines l ON l.purchase_id = p.id
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(quantity) FILTER (WHERE state = 'consumed'), 0) AS sold,
              coalesce(sum(quantity) FILTER (WHERE state = 'active'), 0) AS held
         FROM holds h WHERE h.order_line_id = l.id) s
 WHERE s.sold <> CASE WHEN p.state IN ('placed', 'closed') OR p.cancel_reason = 'refunded' THEN l.quantity + l.exchanged ELSE 0 END
    OR s.held > CASE WHEN p.state = 'pending_payment' THEN l.quantity
                     ELSE (SELECT coalesce(sum(c.quantity), 0) FROM return_lines c JOIN returns r ON r.id = c.return_id
                            WHERE c.order_line_id = l.id AND r.kind = 'exchange' AND r.state IN ('approved', 'in_transit', 'escalated'))
                END
"""
_MONEY = """
SELECT p.number, p.state, p.cancel_reason, p.total,
       (SELECT coalesce(sum(amount), 0)::bigint FROM refunds r WHERE r.purchase_id = p.id AND r.state = 'succeeded'
           AND r.reason = 'after_sales') AS taken_back,
       (SELECT coalesce(sum(amount), 0)::bigint FROM refunds r WHERE r.purchase_id = p.id
           AND r.reason = 'after_sales') AS to_take_back,
       (SELECT coalesce(sum(CASE WHEN debit_kind = 'customer_receivable' THEN amount ELSE -amount END), 0)::bigint
          FROM transfers t WHERE t.purchase_id = p.id
           AND 'customer_receivable' IN (debit_kind, credit_kind)) AS receivable,
       (SELECT coalesce(sum(CASE WHEN debit_kind LIKE 'provider%' THEN amount ELSE 0 END)
                        - sum(CASE WHEN credit_kind LIKE 'provider%' THEN amount ELSE 0 END), 0)::bigint
          FROM transfers t WHERE t.purchase_id = p.id) AS at_provider,
       (SELECT coalesce(sum(captured), 0)::bigint FROM payments y WHERE y.purchase_id = p.id) AS captured,
       (SELECT coalesce(sum(amount), 0)::bigint FROM refunds r
         WHERE r.purchase_id = p.id AND r.state = 'succeeded') AS refunded,
       (SELECT coalesce(sum(amount), 0)::bigint FROM refunds r WHERE r.purchase_id = p.id) AS promised
  FROM purchases p
"""
_CAPTURED = """
SELECT y.number, y.captured,
       (SELECT coalesce(sum(amount), 0)::bigint FROM refunds r
         WHERE r.payment_id = y.id AND r.state = 'succeeded') AS refunded
  FROM payments y WHERE y.state = 'captured'
"""
