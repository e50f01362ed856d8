"""Identifiers: UUID version 7 (RFC 9562 §5.7), made by the application before the row exists.

Within one process ids strictly increase, so rows of one transaction keep their order. Across processes they follow the
clock, which may step back: never derive business order from an id.
"""

import os
import threading
import time
from typing import Final
from uuid import UUID

_RANDOM_BITS: Final = 74
_VERSION_VARIANT: Final = (0x7 << 76) | (0x2 << 62)
_POOL_BYTES: Final = 4_000
_ID_BYTES: Final = 10
_LOCK = threading.Lock()


class _State:
    """The generator of this process: the last id's value, and random bytes drawn ahead (a system call costs more)."""

    last = 0
    pool = b""
    used = 0
    owner = 0


def new_id() -> UUID:
    """Return a fresh UUIDv7, greater than every one this process returned before."""
    with _LOCK:
        if _State.used == len(_State.pool) or _State.owner != os.getpid():  # a forked child draws its own
            _State.pool, _State.used, _State.owner = os.urandom(_POOL_BYTES), 0, os.getpid()
        drawn = int.from_bytes(_State.pool[_State.used : _State.used + _ID_BYTES])
        _State.used += _ID_BYTES
        candidate = ((time.time_ns() // 1_000_000) << _RANDOM_BITS) | (drawn >> 6)
        # Inside one millisecond (or after the clock stepped back) the value grows by up to 2**32: ordered, not guessable.
        value = candidate if candidate > _State.last else _State.last + 1 + (drawn >> 48)
        _State.last = value
    tail = value & ((1 << _RANDOM_BITS) - 1)
    return UUID(
        int=(value >> _RANDOM_BITS << 80) | _VERSION_VARIANT | (tail >> 62 << 64) | (tail & ((1 << 62) - 1))
    )


_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_number(date: str) -> str:
    """Return a human number: the given YYMMDD and ten random Crockford base-32 characters (50 bits)."""
    bits = int.from_bytes(os.urandom(7)) >> 6
    return date + "".join(_CROCKFORD[(bits >> shift) & 31] for shift in range(45, -1, -5))
