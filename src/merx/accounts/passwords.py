"""Hashing passwords with argon2id, in a few threads of their own so that a flood of log-ins cannot stop the shop."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from merx.accounts.errors import PasswordsBusy
from merx.accounts.rules import PASSWORD_MOST, is_utf8

T = TypeVar("T")

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
_WAITING_MOST: Final = 64
_THREADS = ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 1) // 2), thread_name_prefix="passwords")

NOBODYS_HASH: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$mfFMFlwHCLJqfwvVlpZbsQ$unW2gfuN8OXrpJQNLWT+chM1Mfwj4EVjmyrq8LhZ5+0"
)
"""A hash in the present parameters of a password nobody knows: what an unknown e-mail is verified against."""


class _Queue:
    """How many hashes are under way or waiting in this process."""

    def __init__(self) -> None:
        self.length = 0

    async def run(self, work: Callable[..., T], *args: str) -> T:
        if self.length >= _WAITING_MOST:
            raise PasswordsBusy
        self.length += 1
        future = asyncio.get_running_loop().run_in_executor(_THREADS, work, *args)
        try:
            # Shielded: a caller that has gone must not free a place whose thread still works.
            return await asyncio.shield(future)
        finally:
            if future.done():
                self.length -= 1
            else:
                future.add_done_callback(self._leave)

    def _leave(self, _future: object) -> None:
        self.length -= 1


_QUEUE = _Queue()


async def hash_password(password: str) -> str:
    """Hash a password that `check_password` accepted (argon2id, 19 MiB, 2 passes, 1 lane).

    Raises PasswordsBusy when too many are waiting.
    """
    return await _QUEUE.run(_HASHER.hash, password)


async def verify_password(hashed: str, password: str) -> bool:
    """Whether `password` is the one that was hashed. Raises PasswordsBusy when too many are waiting."""
    if len(password) > PASSWORD_MOST or not is_utf8(password):
        return False  # no stored password is like that, whoever's it is
    return await _QUEUE.run(_verify, hashed, password)


def needs_rehash(hashed: str) -> bool:
    """Whether a hash was made with other parameters than the present ones."""
    return _HASHER.check_needs_rehash(hashed)


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
