"""The skeleton of a simulated provider: state, clock, faults, notices, and the routes that control them.

A provider adds its wire, its book of what it trades in, its gateway, its cashier, and their routes.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, Generic

import msgspec
from litestar import Litestar, Request, Router, delete, get, post
from litestar.exceptions import NotFoundException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from merx.simulators.clock import SimulatorClock, restored_clock
from merx.simulators.common.control import ClockChange, move, only_local
from merx.simulators.common.model import D, F, N, PeerDelivery
from merx.simulators.common.notices import PeerNoticeDesk
from merx.simulators.common.store import PeerStore
from merx.simulators.common.transport import SimulatorTransport

_POLL_SECONDS: Final = 0.2
_MAX_BODY: Final = 1024 * 1024
AnyRequest = Request[Any, Any, Any]


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """The clock, and what moving it delivered."""

    now: datetime
    frozen: bool
    delivered: Sequence[PeerDelivery] = ()


class Peer(ABC, Generic[F, N, D]):
    """A peer that speaks a provider's protocol; `app` serves it on a socket, `transport()` inside a process."""

    #: Set by the provider, whose notices need its keys.
    notices: PeerNoticeDesk[F, N, D]

    def __init__(self, store: PeerStore[F, N], clock: SimulatorClock | None) -> None:
        """Without a `clock` it goes as an earlier process left it in `store`."""
        self._kept = store
        self.clock = clock or restored_clock(store.clock)

    @abstractmethod
    def settle(self) -> None:
        """Let happen what time alone brings."""

    @abstractmethod
    def routes(self) -> list[HTTPRouteHandler]:
        """The provider's own addresses: API and pages."""

    @abstractmethod
    def control_routes(self) -> list[HTTPRouteHandler]:
        """What a test or a person may do under `/control` with what the provider trades in."""

    @cached_property
    def app(self) -> Litestar:
        """The ASGI application."""
        control = [
            *self._clock_routes(),
            *self._notice_routes(),
            *self._fault_routes(),
            *self.control_routes(),
        ]
        return Litestar(
            route_handlers=[
                *self.routes(),
                Router("/control", route_handlers=control, guards=[only_local]),
            ],
            openapi_config=None,
            request_max_body_size=_MAX_BODY,
            logging_config=None,
        )

    def transport(self) -> SimulatorTransport:
        """An httpx transport into this simulator, without sockets; a "no answer" fault raises httpx.ReadTimeout."""
        return SimulatorTransport(self.app)

    async def deliver_due(self) -> list[D]:
        """Settle what is due and send every notice due by the clock, retries included; returns what happened."""
        self.settle()
        return await self.notices.deliver_due(self.clock.now)

    async def advance(self, by: timedelta) -> list[D]:
        """Move the clock forward and deliver what has fallen due on the way."""
        self.clock.advance(by)
        self.clock_changed()
        return await self.deliver_due()

    async def release(self, *, latest_first: bool = True) -> list[D]:
        """Send the notices a `hold` fault kept back."""
        return await self.notices.release(self.clock.now(), latest_first=latest_first)

    async def resend(self, notice_id: str) -> list[D]:
        """Send one notice once more, whatever became of it; KeyError when there is none."""
        return await self.notices.resend(self._kept.notices[notice_id], self.clock.now())

    def add_fault(self, fault: F) -> None:
        """Make a fault happen; the oldest that fits an occasion is taken."""
        self._kept.faults.append(fault)
        self._kept.save_faults()

    def clear_faults(self) -> None:
        """Forget every fault not yet made."""
        self._kept.faults.clear()
        self._kept.save_faults()

    def faults(self) -> list[F]:
        """The faults still to come."""
        return list(self._kept.faults)

    def list_notices(self) -> list[N]:
        """Every notice, in the order they were made."""
        return sorted(self._kept.notices.values(), key=lambda notice: notice.sequence)

    def clock_changed(self) -> None:
        """Keep the clock's setting, so that a restart does not fall back to real time."""
        self._kept.save_clock(self.clock.state())

    async def run(self) -> None:
        """Deliver notices as they fall due, until cancelled."""
        while True:
            await self.deliver_due()
            await asyncio.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Close the state file."""
        self._kept.close()

    def _clock_routes(self) -> list[HTTPRouteHandler]:
        def view(delivered: list[D]) -> ClockView:
            return ClockView(now=self.clock.now(), frozen=self.clock.frozen, delivered=delivered)

        @get("/clock")
        async def read_clock() -> ClockView:
            return view([])

        @post("/clock", status_code=200)
        async def move_clock(data: JSONBody[ClockChange]) -> ClockView:
            move(self.clock, data)
            self.clock_changed()
            return view(await self.deliver_due())

        return [read_clock, move_clock]

    # What is answered is a list of the provider's own structs; the annotations, which Litestar reads, cannot say whose.

    def _notice_routes(self) -> list[HTTPRouteHandler]:
        @get("/notices")
        async def list_notices() -> list[Any]:
            return self.list_notices()

        @post("/notices/deliver", status_code=200)
        async def deliver() -> list[Any]:
            return await self.deliver_due()

        @post("/notices/release", status_code=200)
        async def release(latest_first: FromQuery[bool] = True) -> list[Any]:
            return await self.release(latest_first=latest_first)

        @post("/notices/{notice_id:str}/resend", status_code=200)
        async def resend(notice_id: FromPath[str]) -> list[Any]:
            try:
                return await self.resend(notice_id)
            except KeyError:
                raise NotFoundException("no such notice") from None

        return [list_notices, deliver, release, resend]

    def _fault_routes(self) -> list[HTTPRouteHandler]:
        @get("/faults")
        async def list_faults() -> list[Any]:
            return self.faults()

        @post("/faults")
        async def add_fault(request: AnyRequest) -> list[Any]:
            try:
                self.add_fault(msgspec.json.decode(await request.body(), type=self._kept.fault_type))
            except msgspec.MsgspecError as problem:
                raise ValidationException(str(problem)) from None
            return self.faults()

        @delete("/faults")
        async def clear_faults() -> None:
            self.clear_faults()

        return [list_faults, add_fault, clear_faults]
