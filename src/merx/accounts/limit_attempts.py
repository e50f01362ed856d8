"""Counting attempts in windows. A refused attempt is rolled back with its transaction, so it prolongs nothing."""

from collections.abc import Sequence
from datetime import datetime

from merx.accounts.errors import TooManyAttempts
from merx.accounts.rules import REGISTER_NETWORK, Limit, network_of
from merx.accounts.store import limits
from merx.infra.crypto import MasterKeys
from merx.infra.db import Tx

Attempt = tuple[Limit, str]
"""A limit and whom it counts."""


def bucket(keys: MasterKeys, attempt: Attempt) -> bytes:
    """The counter's key: a keyed hash, for addresses of machines and people are personal data."""
    limit, subject = attempt
    return keys.blind_index(f"limit|{limit.name}|{subject}")


async def count_attempt(tx: Tx, keys: MasterKeys, *, attempts: Sequence[Attempt], now: datetime) -> None:
    """Count one attempt under every limit. Raises TooManyAttempts (let it roll the transaction back)."""
    buckets = [bucket(keys, attempt) for attempt in attempts]
    starts = [limit.window_start(now) for limit, _ in attempts]
    hits = await limits.count_hits(tx, buckets=buckets, window_starts=starts)
    over = [
        limit.retry_after(now)
        for (limit, _), key in zip(attempts, buckets, strict=True)
        if hits[key] > limit.most
    ]
    if over:
        wait = max(over)
        raise TooManyAttempts(retry_after=wait, minutes=-(-wait // 60))


async def count_registration(tx: Tx, keys: MasterKeys, *, remote: str, now: datetime) -> None:
    """Count one registration from the caller's network: 10 an hour. Call it in a transaction of its own, first.

    Its own, for the count must stay when `register` refuses. Raises TooManyAttempts.
    """
    await count_attempt(tx, keys, attempts=[(REGISTER_NETWORK, network_of(remote))], now=now)
