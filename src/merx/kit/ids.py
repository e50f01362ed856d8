"""Identifiers: UUID version 7 (RFC 9562 §5.7), made by the application before the row exists.

Within one process ids strictly increase, so rows of one transaction keep their order. Across processes they follow the
clock, which may step back: never derive business order from an id.
"""

import os
import threading
import time
from uuid import UUID

_RANDOM_BITS = 74
_VERSION_VARIANT = (0x7 << 76) | (0x2 << 62)
_LOCK = threading.Lock()
_last = 0


def new_id() -> UUID:
    """Return a fresh UUIDv7, greater than every one this process returned before."""
    global _last  # noqa: PLW0603 - the monotonic counter of the process
    with _LOCK:
        stamp = (time.time_ns() // 1_000_000) << _RANDOM_BITS
        candidate = stamp | int.from_bytes(os.urandom(10)) >> 6
        # A step of at most 2**32 keeps the order inside one millisecond without leaving the 74 bits.
        _last = candidate if candidate > _last else _last + 1 + int.from_bytes(os.urandom(4))
        value = _last
    time_bits = value >> _RANDOM_BITS
    tail = value & ((1 << _RANDOM_BITS) - 1)
    rand_a, rand_b = tail >> 62, tail & ((1 << 62) - 1)
    return UUID(int=(time_bits << 80) | _VERSION_VARIANT | (rand_a << 64) | rand_b)


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_number(date: str) -> str:
    """Return a human number: the given YYMMDD and ten random Crockford base-32 characters (50 bits)."""
    bits = int.from_bytes(os.urandom(7)) >> 6
    return date + "".join(_CROCKFORD[(bits >> shift) & 31] for shift in range(45, -1, -5))
