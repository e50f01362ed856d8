"""Idempotency keys: the first outcome of a command is stored in the transaction of its effect and returned to replays.

A replay touches the key's row before it is acknowledged. Without that write, a replay could acknowledge an effect whose
own commit still waits for a synchronous standby, and a failover would lose an acknowledged order.

A refusal of the kind "unavailable" is nobody's outcome: it asks for a repeat with the same key. `once` never stores
one; a batch that had taken the key reopens it, and the repeat is the first request again.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from merx.infra.db import Sql, Tx
from merx.kit.errors import Conflict, Invalid

T = TypeVar("T")


class IdempotencyKeyReused(Invalid):
    """The key came before with another request."""

    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used for a different request. Use a new key."


class Claim(msgspec.Struct, frozen=True):
    """What a key's row said when we took it."""

    fresh: bool
    request_hash: bytes
    outcome: bytes | None


CLAIM = Sql("""
INSERT INTO idempotency_keys AS k (scope, key, request_hash, outcome, created_at)
SELECT scope, key, request_hash, outcome, $5
  FROM unnest($1::text[], $2::text[], $3::bytea[], $4::jsonb[]) AS c (scope, key, request_hash, outcome)
 ORDER BY scope, key
    ON CONFLICT (scope, key) DO UPDATE
   SET replays = k.replays + 1,
       replayed_at = $5,
       request_hash = CASE WHEN k.replays < 0 THEN excluded.request_hash ELSE k.request_hash END,
       outcome = CASE WHEN k.replays < 0 THEN excluded.outcome ELSE k.outcome END
RETURNING scope, key, request_hash, outcome, replays = 0 AS fresh
""")


async def claim(
    tx: Tx,
    keys: Sequence[tuple[str, str]],
    *,
    hashes: Sequence[bytes],
    outcomes: Sequence[str | None],
    now: datetime,
) -> dict[tuple[str, str], Claim]:
    """Take every (scope, key), each once, in key order. A fresh key is written with its expected outcome.

    A key that was reopened is fresh again, also for another request: nothing came of the one before.
    """
    rows = await tx.rows(
        CLAIM, [scope for scope, _ in keys], [key for _, key in keys], list(hashes), list(outcomes), now
    )
    return {
        (row["scope"], row["key"]): Claim(
            fresh=row["fresh"],
            request_hash=row["request_hash"],
            outcome=None if row["outcome"] is None else row["outcome"].encode(),
        )
        for row in rows
    }


SETTLE = Sql("""
UPDATE idempotency_keys AS k SET outcome = s.outcome
  FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS s (scope, key, outcome)
 WHERE k.scope = s.scope AND k.key = s.key
""")


async def settle(tx: Tx, keys: Sequence[tuple[str, str]], *, outcomes: Sequence[str]) -> None:
    """Store the real outcome where it differs from the one written at the claim."""
    if keys:
        await tx.run(SETTLE, [scope for scope, _ in keys], [key for _, key in keys], list(outcomes))


REOPEN = Sql("""
UPDATE idempotency_keys AS k SET outcome = NULL, replays = -1
  FROM unnest($1::text[], $2::text[]) AS r (scope, key)
 WHERE k.scope = r.scope AND k.key = r.key
""")


async def reopen(tx: Tx, keys: Sequence[tuple[str, str]]) -> None:
    """Give keys back that this transaction took: nothing came of their commands, a repeat begins anew."""
    if keys:
        await tx.run(REOPEN, [scope for scope, _ in keys], [key for _, key in keys])


def request_hash(*parts: Any) -> bytes:
    """Fingerprint of a request (32 bytes): equal requests, equal hash."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).digest()


async def once(
    tx: Tx,
    *,
    scope: str,
    key: str,
    fingerprint: bytes,
    now: datetime,
    outcome: type[T],
    work: Callable[[], Awaitable[T]],
) -> T:
    """Run `work` once for this key: the first call's result is stored and every replay gets it.

    A refusal (an exception) is not stored: the whole transaction rolls back, the key with it.
    Raises IdempotencyKeyReused when the key came with another request.
    """
    taken = (await claim(tx, [(scope, key)], hashes=[fingerprint], outcomes=[None], now=now))[(scope, key)]
    if not taken.fresh:
        if taken.request_hash != fingerprint:
            raise IdempotencyKeyReused
        if taken.outcome is None:
            raise OutcomeUnknown
        return msgspec.json.decode(taken.outcome, type=outcome)
    result = await work()
    await settle(tx, [(scope, key)], outcomes=[msgspec.json.encode(result).decode()])
    return result


class OutcomeUnknown(Conflict):
    """The key is taken and has no outcome: only a damaged row can say so."""

    code = "outcome_unknown"
    message = "The first request with this Idempotency-Key has no stored outcome. Use a new key."
