"""What every simulated provider remembers of its notices and faults; each adds what is its own."""

from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import msgspec


class NoticeState(StrEnum):
    """Where a notice is between the provider and the merchant."""

    PENDING = "pending"
    HELD = "held"
    DELIVERED = "delivered"
    ABANDONED = "abandoned"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One sending of a notice: the HTTP answer, or why nothing went out."""

    at: datetime
    outcome: str
    fault: str | None = None


class PeerNotice(msgspec.Struct, kw_only=True):
    """An event on its way to the merchant, with everything that was tried."""

    notice_id: str
    state: NoticeState
    next_at: datetime
    sequence: int
    attempts: list[Attempt] = []
    retries: int = 0
    delayed: bool = False


class PeerFault(msgspec.Struct, kw_only=True):
    """A fault to make: for the next `times` occasions, or for all of them when `times` is None."""

    #: A provider narrows it to its own kinds, of which every one has `lose`, `delay`, `duplicate` and `hold`.
    kind: StrEnum
    times: int | None = 1
    #: Only for this number of the merchant, or for every one.
    number: str | None = None
    #: `duplicate`: how many extra copies; sent at once.
    copies: int = 1
    #: `delay`: seconds before the first sending. Faults of refunds: seconds until their outcome is known.
    seconds: int = 60


class PeerDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a drain's account: which notice, when by the simulator clock, and what came of it."""

    notice_id: str
    at: datetime
    outcome: str
    fault: str | None = None


F = TypeVar("F", bound=PeerFault)
N = TypeVar("N", bound=PeerNotice)
D = TypeVar("D", bound=PeerDelivery)
