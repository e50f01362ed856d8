"""Pure rules of sending: when to try again."""

from datetime import datetime, timedelta
from typing import Final

DELAYS: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
"""Pauses after the first, second … failed attempt."""
ATTEMPTS_MOST: Final = len(DELAYS) + 1
LEASE: Final = timedelta(minutes=10)
"""How long a claimed mail is left to who claimed it; then a crash is assumed and it is sent again."""


def next_attempt(*, attempts: int, now: datetime) -> datetime | None:
    """When to try again after `attempts` failed ones; None when it has been enough."""
    return now + DELAYS[attempts - 1] if attempts <= len(DELAYS) else None
