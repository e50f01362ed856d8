"""The simulated card processor as one object: state, clock, API, webhooks, and the person at the checkout page."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from litestar import Litestar

from merx.kit.clock import system_clock
from merx.simulators.card.api import Answer, Api, Request
from merx.simulators.card.app import build_app
from merx.simulators.card.cards import GOOD, card_by_number
from merx.simulators.card.disputes import Disputes
from merx.simulators.card.intents import Intents
from merx.simulators.card.model import Account, ClockState, Delivery, Fault, Json, Notice
from merx.simulators.card.notices import NoticeDesk
from merx.simulators.card.refunds import Refunds
from merx.simulators.card.sessions import Sessions
from merx.simulators.card.store import Store
from merx.simulators.clock import SimulatorClock
from merx.simulators.common.delivery import SendNotice, post_over_network
from merx.simulators.common.transport import SimulatorTransport

_POLL_SECONDS = 0.2
_BASE = "http://card.test"


class CardSimulator:
    """A peer that speaks the provider's protocol; `app` serves it on a socket, `transport()` inside a process."""

    def __init__(
        self,
        *,
        account: Account,
        state_file: Path | None = None,
        clock: SimulatorClock | None = None,
        send_notice: SendNotice | None = None,
    ) -> None:
        """`state_file` None keeps nothing after the process."""
        self._store = Store(state_file)
        self.clock = clock or self._saved_clock()
        self.account = account
        self.notices = NoticeDesk(store=self._store, account=account, send=send_notice or post_over_network)
        self._intents = Intents(self._store, self.notices.publish)
        self.disputes = Disputes(self._store, self.notices.publish)
        self._refunds = Refunds(self._store, self.notices.publish, self.disputes)
        self.sessions = Sessions(self._store, self._intents, self.notices.publish)
        self._api = Api(
            store=self._store,
            account=account,
            intents=self._intents,
            refunds=self._refunds,
            sessions=self.sessions,
            disputes=self.disputes,
        )
        self.app: Litestar = build_app(self)

    @classmethod
    def in_memory(
        cls,
        *,
        now: datetime,
        webhook_url: str = "https://shop.test/payments/card/notify",
        webhook_events: tuple[str, ...] = ("*",),
        send_notice: SendNotice | None = None,
    ) -> "CardSimulator":
        """A simulator for a test: frozen at `now`, with an account of fixed keys."""
        account = Account(
            secret_key="sk_test_simulator",  # noqa: S106 - opens nothing but this process
            webhook_url=webhook_url,
            webhook_secrets=("whsec_simulator",),
            webhook_events=webhook_events,
        )
        return cls(account=account, clock=SimulatorClock(frozen_at=now), send_notice=send_notice)

    def transport(self) -> SimulatorTransport:
        """An httpx transport into this simulator, without sockets; a "no answer" fault raises httpx.ReadTimeout."""
        return SimulatorTransport(self.app)

    def answer(self, request: Request) -> Answer:
        """Answer one API call as of the simulator's clock."""
        self.settle()
        return self._api.answer(request, self.clock.now())

    def settle(self) -> None:
        """Let happen what time alone brings: sessions and authorizations expire, refunds and disputes are decided."""
        now = self.clock.now()
        self.sessions.expire_due(now)
        self._intents.expire_due(now)
        self.disputes.settle_due(now)
        self._refunds.settle_due(now)

    def find(self, kind: str, object_id: str) -> Json | None:
        """An object by its kind and id."""
        return self._store.find(kind, object_id)

    def session(self, number: str) -> Json:
        """The latest session with this client reference; KeyError when there is none."""
        self.settle()
        for session in reversed(self._store.all("checkout.session")):
            if session["client_reference_id"] == number:
                return session
        raise KeyError(number)

    def list_sessions(self) -> list[Json]:
        """Every session, oldest first."""
        self.settle()
        return self._store.all("checkout.session")

    def pay(self, number: str, card: str = GOOD) -> None:
        """The payer pays with a test card; KeyError when nothing has this number, ApiError when it is not taken."""
        self.sessions.pay(self.session(number), card_by_number(card), self.clock.now(), _BASE)

    def charge(self, number: str) -> Json:
        """The latest charge of the session with this client reference; KeyError when there is none."""
        intent = self._store.objects[self.session(number)["payment_intent"] or ""]
        return self._store.objects[intent["latest_charge"] or ""]

    def dispute(self, number: str, **how: Any) -> Json:
        """The card's holder objects to a payment; see Disputes.open. KeyError, ApiError."""
        return self.disputes.open(self.charge(number), now=self.clock.now(), **how)

    def decide(self, dispute_id: str, *, won: bool) -> Json:
        """The bank decides a dispute. KeyError, ApiError."""
        return self.disputes.decide(self._store.objects[dispute_id], self.clock.now(), won=won)

    async def deliver_due(self) -> list[Delivery]:
        """Settle what is due and send every webhook due by the clock, retries included; returns what happened."""
        self.settle()
        return await self.notices.deliver_due(self.clock.now)

    async def advance(self, by: timedelta) -> list[Delivery]:
        """Move the clock forward and deliver what has fallen due on the way."""
        self.clock.advance(by)
        self.clock_changed()
        return await self.deliver_due()

    async def release(self, *, latest_first: bool = True) -> list[Delivery]:
        """Send the webhooks a `hold` fault kept back."""
        return await self.notices.release(self.clock.now(), latest_first=latest_first)

    async def resend(self, notice_id: str) -> list[Delivery]:
        """Send one webhook once more, whatever became of it; KeyError when there is none."""
        return await self.notices.resend(self._store.notices[notice_id], self.clock.now())

    def add_fault(self, fault: Fault) -> None:
        """Make a fault happen; the oldest that fits an occasion is taken."""
        self._store.faults.append(fault)
        self._store.save_faults()

    def clear_faults(self) -> None:
        """Forget every fault not yet made."""
        self._store.faults.clear()
        self._store.save_faults()

    def faults(self) -> list[Fault]:
        """The faults still to come."""
        return list(self._store.faults)

    def list_notices(self) -> list[Notice]:
        """Every webhook, in the order they were made."""
        return sorted(self._store.notices.values(), key=lambda notice: notice.sequence)

    def clock_changed(self) -> None:
        """Keep the clock's setting, so that a restart does not fall back to real time."""
        frozen_at = self.clock.now() if self.clock.frozen else None
        self._store.save_clock(
            ClockState(frozen_at=frozen_at, offset_seconds=self.clock.offset.total_seconds())
        )

    async def run(self) -> None:
        """Deliver webhooks as they fall due, until cancelled."""
        while True:
            await self.deliver_due()
            await asyncio.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Close the state file."""
        self._store.close()

    def _saved_clock(self) -> SimulatorClock:
        saved = self._store.clock
        clock = SimulatorClock(frozen_at=saved.frozen_at if saved else None, real_now=system_clock)
        if saved is not None and saved.frozen_at is None:
            clock.advance(timedelta(seconds=saved.offset_seconds))
        return clock
