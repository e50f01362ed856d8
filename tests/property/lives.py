"""Lives of purchases, told to the shop in any order: what a provider says is recorded, lost, doubled, late or stale.

A story is a list of chapters. In each, somebody acts; what the provider then has to say is recorded and not yet told:
its notices (their bodies as they were sent), the browser on its way back, the provider's answer to our question as it
was at that moment. A schedule says for every chapter what is told, in which order. What is told before its time says
nothing; what is never told is lost. In the end the shop's jobs run until there is nothing left to find out.
"""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec
from tests.world.peers import PUBLIC_URL, Answers, Peer, Peers
from tests.world.people import member
from tests.world.shop import ReadyCart, Shop, a_ready_cart, a_shop

from merx.app import create_app
from merx.cashier import ask_provider, cancel_purchase, start_payment
from merx.checkout import Placed
from merx.configuration import load_settings
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.inventory import Receipt, receive_stock
from merx.kit.errors import Unavailable
from merx.kit.ids import new_id
from merx.orders import purchase_view
from merx.payments import NewPayment, open_payments
from merx.reconciliation import BillUnreadable, reconcile_day
from merx.returns import Application, ReturnKind, ReturnReason, Wanted, approve_return, request_return
from merx.services import Services
from merx.simulators import NoticeAnswer
from merx.worker import jobs_of

DEADLINE: Final = timedelta(minutes=30)
_CHAPTER: Final = timedelta(seconds=61)
"""Long enough for every job to ask again, short enough for a recorded notice to be still fresh at the end."""
_JOBS: Final = ("ask_in_doubt", "expire_unpaid", "send_refunds")
_NOON: Final = 12  # in UTC: every provider's bill of the day before is ready
_PATIENCE: Final = (*(timedelta(seconds=61) for _ in range(8)), *(timedelta(minutes=20) for _ in range(12)))
"""How long the jobs are given: what was asked often is asked again more seldom."""
_STOCK: Final = """
SELECT l.sku, coalesce(sum(h.quantity) FILTER (WHERE h.state = 'active'), 0)::int,
       (coalesce(sum(h.quantity) FILTER (WHERE h.state = 'consumed'), 0)
        - (SELECT coalesce(sum(r.quantity), 0) FROM stock_returns r WHERE r.order_line_id = l.id))::int
  FROM order_lines l LEFT JOIN holds h ON h.order_line_id = l.id WHERE l.purchase_id = $1 GROUP BY l.id, l.sku
"""
"""Held and sold units by article; that the counters say so, too, is `merx verify`'s."""
Schedule = Sequence[Sequence[str]]


class Ending(msgspec.Struct, frozen=True):
    """Where a life leads: the same for every schedule."""

    purchase: tuple[str, str | None]
    orders: list[tuple[str, str, int]]
    payments: list[tuple[str, int, int]]
    refunds: list[tuple[str, str, int]]
    ledger: dict[str, int]
    #: Held and sold units.
    stock: dict[str, tuple[int, int]]
    happened: dict[str, int]
    provider: list[tuple[int, int, bool]]
    #: What a bill said that is still unexplained.
    differences: int

    @property
    def booked_at_provider(self) -> int:
        """What the ledger says the provider has of it."""
        return sum(sum_ for account, sum_ in self.ledger.items() if account.startswith("provider_"))


Chapter = Callable[["Life"], Awaitable[list[str]]]
"""Somebody acts; returns the names of what else may happen from then on."""


class Stage:
    """One shop and its providers, in which one life after the other is lived."""

    def __init__(self, db: Database, owner: asyncpg.Connection, home: Path, now: datetime) -> None:
        self.db, self.owner = db, owner
        self.keys = MasterKeys({"k": b"1" * 32}, index_key=b"i" * 32)
        self.told: list[tuple[str, bytes, dict[str, str]]] = []
        self.peers = Peers(now=now, send=self._record)
        self.settings = load_settings({"MERX_HOME": str(home), "MERX_PUBLIC_URL": PUBLIC_URL})
        self.services = Services(
            settings=self.settings, db=db, keys=self.keys, providers=self.peers.registry(), clock=self.clock
        )
        self.web = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=create_app(self.services)),  # type: ignore[arg-type]
            base_url=PUBLIC_URL,
        )
        self.shop: Shop
        self._carts = 0

    def clock(self) -> datetime:
        """The one clock."""
        return self.peers.clock.now()

    async def open(self) -> None:
        """Plenty of everything but the pot."""
        self.shop = await a_shop(self.db, now=self.clock(), stock={"TEA": 90_000, "CUP": 90_000, "POT": 1})

    async def _record(self, code: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        """The simulators believe that every notice arrived; whether it does is the schedule's to say."""
        self.told.append((code, body, dict(headers)))
        answer = self.peers.by_code[code].provider.acknowledgement
        return NoticeAnswer(answer.status, answer.body)

    async def cart(self, lines: dict[str, int], provider: str) -> ReadyCart:
        """A guest's cart with everything chosen."""
        self._carts += 1
        return await a_ready_cart(
            self.db, self.keys, self.shop, lines, now=self.clock(), key=f"k{self._carts}", provider=provider
        )

    async def job(self, name: str) -> None:
        """One of the worker's jobs, as it would run it now."""
        (job,) = [each for each in jobs_of(self.services) if each.name == name]
        await job.work(self.clock())

    async def close(self) -> None:
        """Let go of everything."""
        await self.services.placement.drain()
        await self.web.aclose()
        await self.peers.aclose()


class Life:
    """One purchase with one provider, and everything there is to tell of it."""

    def __init__(self, stage: Stage, peer: Peer) -> None:
        self.stage, self.peer = stage, peer
        self.sayings: dict[str, Callable[[], Awaitable[None]]] = {}
        self.attempts: list[str] = []
        self.cart: ReadyCart
        self.placed: Placed
        self.begun: datetime
        self.restock = False

    # --- acts ---------------------------------------------------------------------------------------------------------

    async def order(self, lines: dict[str, int]) -> None:
        """Order, go to the cashier, and ask there how it stands."""
        self.begun = self.stage.clock()
        self.cart = await self.stage.cart(lines, self.peer.code)
        placed = await self.stage.services.placement.place(self.cart.command)
        assert isinstance(placed, Placed), placed
        self.placed = placed
        await self.start(f"{placed.number}P1")

    async def start(self, number: str) -> None:
        """The payer goes to the provider with an attempt."""
        action = await start_payment(
            self.stage.db, self.stage.services.providers, purchase_id=self.placed.purchase_id,
            actor=self.cart.command.buyer, public_url=PUBLIC_URL, now=self.stage.clock(),
        )  # fmt: skip
        await self.peer.arrive(action)
        self.attempts.append(number)

    async def start_again(self) -> None:
        """A second attempt beside the first one, which stays open at the provider."""
        number = f"{self.placed.number}P2"
        again = NewPayment(
            new_id(), self.placed.purchase_id, self.peer.code, number, "CNY", self.placed.total,
            self.stage.clock() + DEADLINE,
        )  # fmt: skip
        await self.stage.db.write(lambda tx: open_payments(tx, payments=[again], now=self.stage.clock()))
        await self.start(number)

    async def pay(self, attempt: int = 0) -> None:
        """The payer pays."""
        assert self.peer.pay(self.attempts[attempt])

    async def cancel_unheard(self) -> None:
        """The buyer cancels; the provider does not hear that it is to take no money any more."""
        self.peer.disturb_closing()
        assert await self._cancel(self.cart, self.placed)
        self.peer.simulator.clear_faults()

    async def lose_the_stock(self) -> None:
        """Somebody else buys the only unit, and another one will come when this life is over."""
        rival = Life(self.stage, self.peer)
        await rival.order({"POT": 1})
        await rival.pay()
        await rival._ask(rival.attempts[0])
        self.restock = True

    async def _cancel(self, cart: ReadyCart, placed: Placed) -> bool:
        return await cancel_purchase(
            self.stage.db, self.stage.services.providers, purchase_id=placed.purchase_id,
            actor=cart.command.buyer, now=self.stage.clock(),
        )  # fmt: skip

    async def take_back(self, quantity: int) -> None:
        """The buyer asks units back that were not shipped, and the seller agrees; first the shop must know of the money."""
        await self.settle(until=lambda ending: ending.purchase[0] == "placed")
        buyer = self.cart.command.buyer
        async with self.stage.db.read() as read:
            view = await purchase_view(read, purchase_id=self.placed.purchase_id, actor=buyer)
        (order,) = view.orders
        application = Application(
            kind=ReturnKind.REFUND_ONLY, reason=ReturnReason.CHANGED_MIND,
            lines=[Wanted(order.lines[0].id, quantity)],
        )  # fmt: skip
        case = await self.stage.db.write(
            lambda tx: request_return(
                tx, order_id=order.order.id, application=application, default_days=15, now=self.stage.clock(),
                actor=buyer,
            )
        )  # fmt: skip
        await self.stage.db.write(
            lambda tx: approve_return(
                tx,
                return_id=case.id,
                actor=member(order.order.seller_id),
                now=self.stage.clock(),
            )
        )

    async def run_out(self) -> None:
        """Nobody pays, and the provider closes by itself what is overdue."""
        self.stage.peers.clock.advance(DEADLINE + timedelta(minutes=40))

    # --- what is told -------------------------------------------------------------------------------------------------

    async def listen(self, chapter: int) -> list[str]:
        """Record what the provider has to say now; returns the names of what is new, in the order it came."""
        return [
            *await self.hear(),
            *[await self._keep_answer(chapter, each) for each in range(len(self.attempts))],
        ]

    async def hear(self) -> list[str]:
        """Record the notices that went out since."""
        await self.peer.simulator.deliver_due()
        names = []
        for code, body, headers in self.stage.told:
            name = f"notice {sum(each.startswith('notice') for each in self.sayings)}"
            self.sayings[name] = self._notice(code, body, headers)
            names.append(name)
        self.stage.told.clear()
        return names

    def _notice(self, code: str, body: bytes, headers: dict[str, str]) -> Callable[[], Awaitable[None]]:
        async def tell() -> None:
            answer = await self.stage.web.post(f"/payments/{code}/notify", content=body, headers=headers)
            assert answer.status_code < 500, answer.text

        return tell

    async def _keep_answer(self, chapter: int, attempt: int) -> str:
        """The answer to our question as it is now; told later, it is stale."""
        wire, number = self.peer.wire, self.attempts[attempt]
        kept: Answers = {}
        wire.kept = kept
        await self.peer.provider.query(number)
        wire.kept = None
        name = f"answer {chapter}.{attempt}"

        async def tell() -> None:
            wire.instead = kept
            try:
                await self._ask(number)
            finally:
                wire.instead = None

        self.sayings[name] = tell
        return name

    async def tell(self, name: str) -> None:
        """Tell it, if there is such a thing by now."""
        if name in self.sayings:
            await self.sayings[name]()

    async def _ask(self, number: str) -> None:
        """What asks about one payment: the page of a browser that comes back, here by the shop's own address."""
        payment_id = await self.stage.owner.fetchval("SELECT id FROM payments WHERE number = $1", number)
        try:
            await ask_provider(
                self.stage.db, self.stage.services.providers, payment_id=payment_id, now=self.stage.clock()
            )
        except Unavailable:
            return  # too old to be believed

    def may_come_back(self, attempt: int = 0) -> str:
        """The payer's browser is on its way to the shop."""
        name = f"return {attempt}"
        own = f"{PUBLIC_URL}/payments/{self.peer.code}/return/{self.placed.purchase_id}"

        async def tell() -> None:
            parts = urlsplit(self.peer.way_back(self.attempts[attempt]) or own)
            answer = await self.stage.web.get(f"{parts.path}?{parts.query}")
            assert answer.status_code == 303, answer.text

        self.sayings[name] = tell
        return name

    def may_run(self, job: str, silent: str | None = None) -> str:
        """A job may run now; `silent` loses the provider's answers, or our calls."""
        name = job if silent is None else f"{job} silent {silent}"

        async def tell() -> None:
            self.peer.wire.silent = silent
            try:
                await self.stage.job(job)
            finally:
                self.peer.wire.silent = None

        self.sayings[name] = tell
        return name

    async def settle(self, until: Callable[[Ending], bool] | None = None) -> None:
        """Let the jobs run until nothing is open, or until what is wanted is known; notices no longer arrive."""
        for pause in _PATIENCE:
            ending = await self.ending()
            if (until or _is_over)(ending):
                return
            self.stage.peers.clock.advance(pause)
            for job in _JOBS:
                await self.stage.job(job)
        raise AssertionError(f"the shop does not find out: {await self.ending()}")

    async def ending(self) -> Ending:
        """What the shop's rows and the provider say of this purchase."""
        fetch, me = self.stage.owner.fetch, self.placed.purchase_id
        (purchase,) = await fetch("SELECT state, cancel_reason FROM purchases WHERE id = $1", me)
        orders = await fetch(
            "SELECT state, payment_status, refunded FROM orders WHERE purchase_id = $1 ORDER BY 1", me
        )
        payments = await fetch(
            "SELECT state, captured, refunded FROM payments WHERE purchase_id = $1 ORDER BY 1, 2, 3", me
        )
        refunds = await fetch(
            "SELECT reason, state, amount FROM refunds WHERE purchase_id = $1 ORDER BY 1, 2, 3", me
        )
        transfers = await fetch("SELECT * FROM transfers WHERE purchase_id = $1", me)
        events = await fetch("SELECT kind FROM events WHERE subject_id = $1", me)
        ledger = Counter[str]()
        for row in transfers:
            for side, sign in (("debit", 1), ("credit", -1)):
                whose = "" if row[f"{side}_owner"] == me else f" {row[f'{side}_owner']}"
                ledger[f"{row[f'{side}_kind']}{whose}"] += sign * row["amount"]
        held = [self.peer.held(number) for number in self.attempts]
        stock = await fetch(_STOCK, me)
        open_ = await fetch("SELECT 1 FROM differences WHERE purchase_id = $1 AND state <> 'resolved'", me)
        return Ending(
            (purchase[0], purchase[1]),
            [(row[0], row[1], row[2]) for row in orders],
            [(row[0], row[1], row[2]) for row in payments],
            [(row[0], row[1], row[2]) for row in refunds],
            dict(ledger),
            {row[0]: (row[1], row[2]) for row in stock},
            dict(Counter(row[0] for row in events)),
            sorted((each.paid, each.refunded, each.open) for each in held),
            len(open_),
        )

    async def a_day_later(self) -> list[str]:
        """Noon of a day on which the provider's bill of this one is ready."""
        clock = self.stage.peers.clock
        noon = (clock.now() + timedelta(days=2)).replace(hour=_NOON, minute=0, second=0, microsecond=0)
        clock.set(noon, freeze=True)
        return [self.may_read_bill(), self.may_run("ask_in_doubt"), self.may_run("expire_unpaid")]

    def may_read_bill(self) -> str:
        """The provider's bills of the days since the order are read."""
        self.sayings["bill"] = self.read_bills
        return "bill"

    async def read_bills(self) -> None:
        """Read them, as often as asked."""
        zone = self.peer.provider.bill_zone
        now = self.stage.clock()
        day, today = self.begun.astimezone(zone).date(), now.astimezone(zone).date()
        while day < today:
            with suppress(BillUnreadable):
                await reconcile_day(
                    self.stage.db, self.stage.services.providers, provider=self.peer.code, day=day, now=now
                )
            day += timedelta(days=1)

    async def leave(self) -> None:
        """Others must not miss what was bought here."""
        if self.restock:
            receipt = Receipt(new_id(), self.stage.shop.variants["POT"], self.stage.shop.locations[0], 1)
            await self.stage.db.write(
                lambda tx: receive_stock(tx, receipts=[receipt], now=self.stage.clock())
            )


def _is_over(ending: Ending) -> bool:
    return (
        ending.purchase[0] != "pending_payment"
        and all(state in ("captured", "expired") for state, _, _ in ending.payments)
        and all(state == "succeeded" for _, state, _ in ending.refunds)
    )


async def at_cashier(life: Life) -> list[str]:
    """Ordered, and led to the provider."""
    await life.order({"TEA": 2})
    return [life.may_run("ask_in_doubt")]


async def at_cashier_for_the_last(life: Life) -> list[str]:
    """The same for the only pot there is."""
    await life.order({"POT": 1})
    return [life.may_run("ask_in_doubt")]


async def pays(life: Life) -> list[str]:
    """Paid at the provider."""
    await life.pay()
    return [life.may_come_back(), life.may_run("ask_in_doubt")]


async def pays_twice(life: Life) -> list[str]:
    """A second attempt beside the first, and both are paid before the shop hears of either."""
    await life.start_again()
    await life.pay()
    await life.pay(1)
    return [life.may_come_back(), life.may_come_back(1), life.may_run("ask_in_doubt")]


async def pays_after_cancelling(life: Life) -> list[str]:
    """Cancelled, unheard by the provider, which then takes the money."""
    await life.cancel_unheard()
    return await pays(life)


async def pays_when_the_stock_is_gone(life: Life) -> list[str]:
    """The same, and somebody else was quicker."""
    await life.cancel_unheard()
    await life.lose_the_stock()
    return await pays(life)


async def takes_one_back(life: Life) -> list[str]:
    """One unit is to be paid back."""
    await life.take_back(1)
    return [life.may_run("send_refunds", silent) for silent in (None, "before", "after")]


async def runs_out(life: Life) -> list[str]:
    """Nobody pays in time."""
    await life.run_out()
    return [life.may_run("ask_in_doubt"), life.may_run("expire_unpaid")]


STORIES: Final[dict[str, list[Chapter]]] = {
    "paid in time": [at_cashier, pays],
    "paid late after a cancellation": [at_cashier, pays_after_cancelling],
    "paid late, the stock is gone": [at_cashier_for_the_last, pays_when_the_stock_is_gone],
    "paid twice": [at_cashier, pays_twice],
    "refunded in part, then wholly": [at_cashier, pays, takes_one_back, takes_one_back],
    "closed unpaid": [at_cashier, runs_out],
}


async def live(
    stage: Stage, peer: Peer, story: Sequence[Chapter], schedule: Schedule | None = None
) -> tuple[Ending, list[list[str]]]:
    """Live a story. Without a schedule everything is told once, at once and in order.

    Returns how it ended, and what there was to tell by the chapter in which it was first heard.
    """
    stage.services.providers = stage.peers.registry()
    life = Life(stage, peer)
    births: list[list[str]] = []

    async def tell(chapter: int, new: list[str]) -> None:
        births.append([*new, *await life.listen(chapter)])
        waiting = deque(births[-1] if schedule is None else schedule[chapter])
        while waiting:
            await life.tell(waiting.popleft())
            heard = await life.hear()
            births[-1] += heard
            waiting += heard if schedule is None else []

    for chapter, act in enumerate(story):
        stage.peers.clock.advance(_CHAPTER)
        await tell(chapter, await act(life))
    await tell(len(story), await life.a_day_later())
    await life.settle()
    for name in () if schedule is None else schedule[-1]:
        await life.tell(name)
    await life.settle()
    await life.a_day_later()
    await life.read_bills()
    ending = await life.ending()
    await life.leave()
    return ending, births
