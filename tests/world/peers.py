"""The three families of payment providers behind one handle: what payers, faults and auditors do with each of them.

One clock for all. Every notice goes through `send`, which a test decides about.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import httpx
import msgspec
from tests.world.gateways import alipay_at, card_at, wechat_at

from merx.payments.providers import (
    AlipayProvider,
    CardProvider,
    ProviderAction,
    ProviderRegistry,
    WechatProvider,
)
from merx.simulators import (
    AlipaySimulator,
    CardSimulator,
    NoticeAnswer,
    SimulatorClock,
    WechatSimulator,
)
from merx.simulators.alipay import model as alipay
from merx.simulators.alipay.book import Refused as RefusedByAlipay
from merx.simulators.card import CHECKOUT_EVENTS
from merx.simulators.card import model as card
from merx.simulators.wechat import model as wechat
from merx.simulators.wechat.book import Refused as RefusedByWechat

PUBLIC_URL = "https://shop.test"
Answers = dict[str, tuple[int, list[tuple[bytes, bytes]], bytes]]
"""Status, headers and body by method and path of the call."""
SendTo = Callable[[str, bytes, Mapping[str, str]], Awaitable[NoticeAnswer]]
"""Takes a provider's code, a notice's body and its headers."""


class Held(msgspec.Struct, frozen=True):
    """What a provider has of one payment, in minor units; `open` while a payer may still pay it."""

    paid: int
    refunded: int
    open: bool


class Wire(httpx.AsyncBaseTransport):
    """The way to a simulator: it can stay silent before or after a call took effect, keep answers and give them again."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.silent: str | None = None
        self.kept: Answers | None = None
        self.instead: Answers | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One call."""
        name = f"{request.method} {request.url.path}"
        if self.instead is not None:
            if name not in self.instead:
                raise httpx.ReadTimeout("no such answer was kept", request=request)
            status, headers, body = self.instead[name]
            return httpx.Response(status, headers=headers, content=body)
        if self.silent == "before":
            raise httpx.ReadTimeout("lost on the way", request=request)
        answer = await self._inner.handle_async_request(request)
        body = await answer.aread()
        if self.kept is not None:
            self.kept[name] = (answer.status_code, answer.headers.raw, body)
        if self.silent == "after":
            raise httpx.ReadTimeout("the answer was lost", request=request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


class Peer(ABC):
    """One family: its simulator, our provider that talks to it, and the payer's hands."""

    code: str
    simulator: Any
    provider: AlipayProvider | WechatProvider | CardProvider
    wire: Wire
    notice_faults: tuple[str, ...]
    call_faults: tuple[str, ...]
    #: What may become of a refund that was accepted.
    refund_faults: tuple[str, ...]

    async def arrive(self, action: ProviderAction) -> None:  # noqa: B027 - most payments exist before a payer comes
        """The payer follows what the shop told them to do."""

    async def deliver(self) -> list[str]:
        """Send what is due, signed now: the provider was late, not the way. Returns what came of each sending."""
        for notice in self.simulator.list_notices():
            if notice.state == "pending" and notice.next_at < self.simulator.clock.now():
                notice.next_at = self.simulator.clock.now()
        return [line.outcome for line in await self.simulator.deliver_due()]

    @abstractmethod
    def pay(self, number: str) -> bool:
        """The payer pays; False when the provider does not take it."""

    @abstractmethod
    def held(self, number: str) -> Held:
        """What the provider has of our number; nothing when it never heard of it."""

    @abstractmethod
    def way_back(self, number: str) -> str:
        """Where the payer's browser goes afterwards, empty when it goes nowhere."""

    @abstractmethod
    def disturb(
        self, kind: str, *, number: str | None = None, times: int | None = 1, seconds: int = 60
    ) -> None:
        """Make something go wrong, at the next occasion that fits."""

    @abstractmethod
    def disturb_closing(self) -> None:
        """Let no question to close a payment be answered, until the faults are cleared."""

    def numbers_of(self, notice: Any) -> list[str]:
        """Which of our numbers a notice is about."""
        return [notice.number]

    async def aclose(self) -> None:
        """Let go of everything."""
        await self.provider.aclose()
        self.simulator.close()


class AlipayPeer(Peer):
    """Alipay's page pay."""

    code = "alipay"
    notice_faults = (
        "lose", "delay", "duplicate", "hold", "forge", "wrong_amount", "wrong_app", "wrong_seller",
    )  # fmt: skip
    call_faults = (
        "timeout", "timeout_after", "error_before", "error_after", "unsigned", "bad_signature", "busy",
    )  # fmt: skip
    refund_faults = ("slow_refund",)

    def __init__(self, clock: SimulatorClock, send: SendTo) -> None:
        self.simulator = AlipaySimulator.in_memory(now=clock.now(), send_notice=_to(self.code, send))
        self.simulator.clock = clock
        self.wire = Wire(self.simulator.transport())
        self.provider = alipay_at(self.simulator, self.wire)
        self._browser = httpx.AsyncClient(
            transport=self.simulator.transport(), base_url="http://alipay.test", follow_redirects=True
        )

    async def arrive(self, action: ProviderAction) -> None:
        """The trade exists from here on."""
        await self._browser.get(action.url)

    def pay(self, number: str) -> bool:
        """Pay at the cashier."""
        try:
            self.simulator.pay(number)
        except (KeyError, RefusedByAlipay):
            return False
        return True

    def held(self, number: str) -> Held:
        """By the trade."""
        for trade in self.simulator.list_trades():
            if trade.number == number:
                paid = 0 if trade.paid_at is None else trade.amount_fen
                return Held(paid, trade.refunded_fen, trade.status is alipay.TradeStatus.WAITING)
        return Held(0, 0, open=False)

    def way_back(self, number: str) -> str:
        """Signed by Alipay."""
        (trade,) = [each for each in self.simulator.list_trades() if each.number == number]
        return self.simulator.return_address(trade) or ""

    def disturb(
        self, kind: str, *, number: str | None = None, times: int | None = 1, seconds: int = 60
    ) -> None:
        """Alipay's faults."""
        self.simulator.add_fault(
            alipay.Fault(kind=alipay.FaultKind(kind), number=number, times=times, seconds=seconds)
        )

    def disturb_closing(self) -> None:
        """`alipay.trade.close`."""
        self.simulator.add_fault(
            alipay.Fault(kind=alipay.FaultKind.TIMEOUT, method="alipay.trade.close", times=None)
        )

    async def aclose(self) -> None:
        """The payer's browser, too."""
        await self._browser.aclose()
        await super().aclose()


class WechatPeer(Peer):
    """WeChat Pay's QR code."""

    code = "wechat"
    notice_faults = (
        "lose", "delay", "duplicate", "hold", "forge", "wrong_amount", "wrong_app", "wrong_seller", "probe", "old",
    )  # fmt: skip
    call_faults = (
        "timeout", "timeout_after", "error_before", "error_after", "unsigned", "bad_signature", "busy",
    )  # fmt: skip
    refund_faults = ("slow_refund", "closed_refund", "abnormal_refund")

    def __init__(self, clock: SimulatorClock, send: SendTo) -> None:
        self.simulator = WechatSimulator.in_memory(now=clock.now(), send_notice=_to(self.code, send))
        self.simulator.clock = clock
        self.wire = Wire(self.simulator.transport())
        self.provider = wechat_at(self.simulator, self.wire)

    def pay(self, number: str) -> bool:
        """Pay with the phone."""
        try:
            self.simulator.pay(number)
        except (KeyError, RefusedByWechat):
            return False
        return True

    def held(self, number: str) -> Held:
        """By the order."""
        for order in self.simulator.list_orders():
            if order.number == number:
                paid = 0 if order.paid_at is None else order.amount_fen
                return Held(paid, order.refunded_fen, order.state is wechat.TradeState.NOTPAY)
        return Held(0, 0, open=False)

    def way_back(self, number: str) -> str:  # noqa: ARG002
        """The page with the code stays where it is."""
        return ""

    def disturb(
        self, kind: str, *, number: str | None = None, times: int | None = 1, seconds: int = 60
    ) -> None:
        """WeChat Pay's faults."""
        self.simulator.add_fault(
            wechat.Fault(kind=wechat.FaultKind(kind), number=number, times=times, seconds=seconds)
        )

    def disturb_closing(self) -> None:
        """`/v3/pay/transactions/out-trade-no/{number}/close`."""
        self.simulator.add_fault(wechat.Fault(kind=wechat.FaultKind.TIMEOUT, path="/close", times=None))


class CardPeer(Peer):
    """Hosted checkout for cards."""

    code = "card"
    notice_faults = (
        "lose", "delay", "duplicate", "hold", "forge", "wrong_amount", "wrong_mode", "wrong_account", "old",
    )  # fmt: skip
    call_faults = (
        "timeout", "timeout_after", "error_before", "error_after", "busy", "in_flight",
    )  # fmt: skip
    refund_faults = ("slow_refund",)

    def __init__(self, clock: SimulatorClock, send: SendTo) -> None:
        self.simulator = CardSimulator.in_memory(
            now=clock.now(),
            webhook_url=f"{PUBLIC_URL}/payments/card/notify",
            webhook_events=CHECKOUT_EVENTS,
            send_notice=_to(self.code, send),
        )
        self.simulator.clock = clock
        self.wire = Wire(self.simulator.transport())
        self.provider = card_at(self.simulator, self.wire)

    def pay(self, number: str) -> bool:
        """Pay with a good card."""
        try:
            self.simulator.pay(number)
        except (KeyError, card.ApiError):
            return False
        return True

    def held(self, number: str) -> Held:
        """By the sessions under our number and the charges of their intents; only one session was ever shown."""
        paid = refunded = 0
        waiting = False
        for session in self.simulator.list_sessions():
            if session["client_reference_id"] != number:
                continue
            waiting = waiting or session["status"] == "open"
            intent = self.simulator.find("payment_intent", session["payment_intent"] or "")
            charge = None if intent is None else self.simulator.find("charge", intent["latest_charge"] or "")
            if charge is not None and charge["captured"]:
                paid += charge["amount_captured"]
                refunded += charge["amount_refunded"]
        return Held(paid, refunded, waiting)

    def way_back(self, number: str) -> str:
        """With our own proof of the number."""
        address: str = self.simulator.session(number)["success_url"]
        return address

    def disturb(
        self, kind: str, *, number: str | None = None, times: int | None = 1, seconds: int = 60
    ) -> None:
        """The card API's faults."""
        self.simulator.add_fault(
            card.Fault(kind=card.FaultKind(kind), number=number, times=times, seconds=seconds)
        )

    def disturb_closing(self) -> None:
        """`POST /v1/checkout/sessions/{id}/expire`."""
        self.simulator.add_fault(
            card.Fault(kind=card.FaultKind.TIMEOUT, on="POST /v1/checkout/sessions/", times=None)
        )

    def numbers_of(self, notice: Any) -> list[str]:
        """A webhook may carry several."""
        return list(notice.numbers)


class Peers:
    """All families, on one clock that moves only when told to."""

    def __init__(self, *, now: datetime, send: SendTo) -> None:
        self.clock = SimulatorClock(frozen_at=now)
        peers: list[Peer] = [peer(self.clock, send) for peer in (AlipayPeer, WechatPeer, CardPeer)]
        self.by_code = {peer.code: peer for peer in peers}

    def __iter__(self) -> Iterator[Peer]:
        return iter(self.by_code.values())

    def registry(self) -> ProviderRegistry:
        """All of them as a shop offers them."""
        return ProviderRegistry([peer.provider for peer in self])

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        for peer in self:
            peer.simulator.clear_faults()

    async def aclose(self) -> None:
        """Let go of everything."""
        for peer in self:
            await peer.aclose()


def _to(code: str, send: SendTo) -> Callable[[str, bytes, Mapping[str, str]], Awaitable[NoticeAnswer]]:
    async def deliver(url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
        assert url == f"{PUBLIC_URL}/payments/{code}/notify", url
        return await send(code, body, headers)

    return deliver
