"""Notices of every simulated provider: when they go out, what happens to them on the way, when the provider gives up."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final, Generic, NamedTuple

from merx.simulators.common.delivery import NoticeAnswer, SendNotice
from merx.simulators.common.model import Attempt, D, F, N, NoticeState
from merx.simulators.common.store import PeerStore

#: Faults that every provider's notices know, by their common names.
_LOSE: Final = "lose"
_DELAY: Final = "delay"
_DUPLICATE: Final = "duplicate"
_HOLD: Final = "hold"


class Message(NamedTuple):
    """A notice as it goes over the wire."""

    url: str
    body: bytes
    headers: Mapping[str, str]


def refused(answer: NoticeAnswer) -> str:
    """The outcome of an answer that is not taken."""
    return f"refused: {answer.status} {answer.body[:80].decode('utf-8', 'replace')}"


class PeerNoticeDesk(ABC, Generic[F, N, D]):
    """Delivers the notices that are due. A provider says how one is written, and which answers it takes."""

    #: Waits after each unsuccessful sending; after the last one the provider gives up.
    retry_after: ClassVar[tuple[timedelta, ...]]

    def __init__(self, store: PeerStore[F, N], send: SendNotice) -> None:
        self._kept = store
        self._send = send
        self._delivering = asyncio.Lock()

    @abstractmethod
    def message(self, notice: N, fault: F | None) -> Message:
        """What is sent, as of `notice.next_at` and with the fault in it."""

    @abstractmethod
    def line(self, notice: N, outcome: str, fault: F | None) -> D:
        """One line of a drain's account."""

    @abstractmethod
    def fits(self, fault: F, notice: N) -> bool:
        """Whether a fault is one of notices, and of this one."""

    @abstractmethod
    def outcome(self, answer: NoticeAnswer) -> str:
        """`success`, or why the provider does not take this answer."""

    def final(self, fault: F | None) -> bool:  # noqa: ARG002 - a provider with tests of its own overrides it
        """Whether the answer decides what becomes of the notice."""
        return True

    async def deliver_due(self, now: Callable[[], datetime]) -> list[D]:
        """Send everything due by the clock, in order of due time, retries that fall due meanwhile included."""
        done: list[D] = []
        async with self._delivering:
            while (notice := self._next_due(now())) is not None:
                done += await self._deliver(notice)
        return done

    async def release(self, now: datetime, *, latest_first: bool) -> list[D]:
        """Send the held notices at once, by default the latest first: that is how an order gets lost on the way."""
        done: list[D] = []
        async with self._delivering:
            held = [n for n in self._kept.notices.values() if n.state is NoticeState.HELD]
            for notice in sorted(held, key=lambda n: n.sequence, reverse=latest_first):
                notice.state = NoticeState.PENDING
                notice.next_at = max(notice.next_at, now)
                done += await self._transmit(notice, self._take(notice, holding=False))
        return done

    async def resend(self, notice: N, now: datetime) -> list[D]:
        """Send one notice again whatever its state, as a provider does days later on request."""
        async with self._delivering:
            notice.next_at = now
            return await self._transmit(notice, None)

    def _next_due(self, now: datetime) -> N | None:
        due = [notice for notice in self._kept.pending.values() if notice.next_at <= now]
        return min(due, key=lambda n: (n.next_at, n.sequence), default=None)

    async def _deliver(self, notice: N) -> list[D]:
        fault = self._take(notice, holding=True)
        if fault is not None and fault.kind == _HOLD:
            notice.state = NoticeState.HELD
            self._kept.save_notice(notice)
            return [self.line(notice, "held", fault)]
        if fault is not None and fault.kind == _DELAY:
            notice.next_at += timedelta(seconds=fault.seconds)
            notice.delayed = True
            self._kept.save_notice(notice)
            return [self.line(notice, "delayed", fault)]
        return await self._transmit(notice, fault)

    async def _transmit(self, notice: N, fault: F | None) -> list[D]:
        at = notice.next_at
        if fault is not None and fault.kind == _LOSE:
            outcomes = ["lost"]
        else:
            copies = 1 + (fault.copies if fault is not None and fault.kind == _DUPLICATE else 0)
            message = self.message(notice, fault)
            outcomes = list(await asyncio.gather(*(self._post(message) for _ in range(copies))))
        lines = [self.line(notice, outcome, fault) for outcome in outcomes]
        kind = None if fault is None else fault.kind.value
        notice.attempts += [Attempt(at=at, outcome=outcome, fault=kind) for outcome in outcomes]
        self._settle(notice, accepted="success" in outcomes and self.final(fault))
        return lines

    def _settle(self, notice: N, *, accepted: bool) -> None:
        if accepted:
            notice.state = NoticeState.DELIVERED
        elif notice.state is NoticeState.PENDING:
            if notice.retries < len(self.retry_after):
                notice.next_at += self.retry_after[notice.retries]
                notice.retries += 1
            else:
                notice.state = NoticeState.ABANDONED
        self._kept.save_notice(notice)

    async def _post(self, message: Message) -> str:
        try:
            answer = await self._send(message.url, message.body, message.headers)
        except Exception as problem:  # noqa: BLE001 - see below
            # Whatever goes wrong on the merchant's side is, for the provider, "no answer".
            return f"no answer: {type(problem).__name__}"
        return self.outcome(answer)

    def _take(self, notice: N, *, holding: bool) -> F | None:
        """The fault to make on this sending, counted down; a notice is delayed once and a release never holds."""
        for fault in self._kept.faults:
            if not self.fits(fault, notice):
                continue
            if (fault.kind == _DELAY and notice.delayed) or (not holding and fault.kind in (_HOLD, _DELAY)):
                continue
            self._kept.use(fault)
            return fault
        return None
