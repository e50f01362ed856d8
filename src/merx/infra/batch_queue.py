"""Gather concurrent commands of one process: whatever arrived while the last batch ran is the next batch."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

C = TypeVar("C")
R = TypeVar("R")

BATCH_LIMIT: Final = 256
QUEUE_LIMIT: Final = 4096
_LOG = logging.getLogger(__name__)


class QueueFull(Exception):
    """More commands wait than this process will keep."""


class BatchQueue(Generic[C, R]):
    """A lone command starts at once; nobody waits for a batch to fill. A caller that goes away changes nothing.

    `work` answers every command of a batch, in order; an answer that is an exception is raised to its caller alone, an
    exception of `work` itself to every caller of the batch.
    """

    def __init__(self, name: str, work: Callable[[list[C]], Awaitable[Sequence[R | Exception]]]) -> None:
        self._name = name
        self._work = work
        self._waiting: list[tuple[C, asyncio.Future[R]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def put(self, command: C) -> R:
        """Have one command carried out in the next batch. Raises QueueFull, and what the work raises for it."""
        if len(self._waiting) >= QUEUE_LIMIT:
            raise QueueFull
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, future))
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH_LIMIT], self._waiting[BATCH_LIMIT:]
                await self._carry_out(batch)
        finally:
            self._runner = None

    async def _carry_out(self, batch: list[tuple[C, "asyncio.Future[R]"]]) -> None:
        answers: Sequence[R | Exception]
        try:
            answers = await self._work([command for command, _ in batch])
        except Exception as error:  # noqa: BLE001 - every waiting caller must be told, whatever went wrong
            _LOG.exception("a batch of %d %s failed", len(batch), self._name)
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception):
                future.set_exception(answer)
                future.exception()  # a caller that went away must not make it an unretrieved one
            else:
                future.set_result(answer)

    async def drain(self) -> None:
        """Wait until everything accepted so far is decided."""
        while self._runner is not None:
            await asyncio.shield(self._runner)
