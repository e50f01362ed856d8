"""The simulated card processor as one object: state, clock, API, webhooks, and the person at the checkout page."""

from datetime import datetime
from pathlib import Path
from typing import Any, Self

from merx.simulators.card.api import Answer, Api, Request
from merx.simulators.card.cards import GOOD, card_by_number
from merx.simulators.card.disputes import Disputes
from merx.simulators.card.intents import Intents
from merx.simulators.card.model import Account, Delivery, Fault, Json, Notice
from merx.simulators.card.notices import NoticeDesk
from merx.simulators.card.refunds import Refunds
from merx.simulators.card.sessions import Sessions
from merx.simulators.card.store import Store
from merx.simulators.clock import SimulatorClock
from merx.simulators.common.delivery import SendNotice, post_over_network
from merx.simulators.common.peer import Peer

_BASE = "http://card.test"


class CardPeer(Peer[Fault, Notice, Delivery]):
    """What the provider does, whichever way it is asked; see CardSimulator."""

    notices: NoticeDesk

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
        super().__init__(self._store, clock)
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

    @classmethod
    def in_memory(
        cls,
        *,
        now: datetime,
        webhook_url: str = "https://shop.test/payments/card/notify",
        webhook_events: tuple[str, ...] = ("*",),
        send_notice: SendNotice | None = None,
    ) -> Self:
        """A simulator for a test: frozen at `now`, with an account of fixed keys."""
        account = Account(
            secret_key="sk_test_simulator",  # noqa: S106 - opens nothing but this process
            webhook_url=webhook_url,
            webhook_secrets=("whsec_simulator",),
            webhook_events=webhook_events,
        )
        return cls(account=account, clock=SimulatorClock(frozen_at=now), send_notice=send_notice)

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
