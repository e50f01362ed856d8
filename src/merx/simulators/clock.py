"""A clock that a test or a person can move. Everything a simulator decides by time, it decides by this clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from merx.kit.clock import system_clock


class ClockState(msgspec.Struct, frozen=True, kw_only=True):
    """How the clock was set when the simulator stopped."""

    frozen_at: datetime | None
    offset_seconds: float

    @property
    def offset(self) -> timedelta:
        """The offset of a running clock."""
        return timedelta(seconds=self.offset_seconds)


class SimulatorClock:
    """Real time plus an offset, or a frozen instant that moves only when told to."""

    def __init__(
        self, *, frozen_at: datetime | None = None, real_now: Callable[[], datetime] | None = None
    ) -> None:
        self._real_now = real_now or (lambda: datetime.now(UTC))
        self._offset = timedelta(0)
        self._frozen = None if frozen_at is None else _aware(frozen_at)

    @property
    def frozen(self) -> bool:
        """True when time stands still between `set` and `advance` calls."""
        return self._frozen is not None

    @property
    def offset(self) -> timedelta:
        """How far a running clock is ahead of real time."""
        return self._offset

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        return self._real_now() + self._offset if self._frozen is None else self._frozen

    def set(self, instant: datetime, *, freeze: bool) -> None:
        """Jump to `instant` (aware) and either stand still there or run on from there."""
        instant = _aware(instant)
        self._frozen = instant if freeze else None
        self._offset = timedelta(0) if freeze else instant - self._real_now()

    def advance(self, by: timedelta) -> None:
        """Move forward by `by`; a negative duration moves back."""
        if self._frozen is None:
            self._offset += by
        else:
            self._frozen += by

    def state(self) -> ClockState:
        """How it is set, to be kept over a restart."""
        return ClockState(
            frozen_at=self.now() if self.frozen else None, offset_seconds=self.offset.total_seconds()
        )

    def follow_real_time(self) -> None:
        """Drop every earlier jump."""
        self._frozen, self._offset = None, timedelta(0)


def restored_clock(saved: ClockState | None) -> SimulatorClock:
    """The clock as an earlier process left it; None is real time."""
    clock = SimulatorClock(frozen_at=saved.frozen_at if saved else None, real_now=system_clock)
    if saved is not None and saved.frozen_at is None:
        clock.advance(saved.offset)
    return clock


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("the simulator clock needs a time with a time zone")
    return instant.astimezone(UTC)
