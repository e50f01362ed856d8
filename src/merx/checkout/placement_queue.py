"""Gather concurrent placements of one process: whatever arrived while the last batch ran is the next batch."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from merx.checkout.errors import PlacementFailed
from merx.checkout.model import Outcome, PlaceOrder
from merx.checkout.place_orders import place_orders
from merx.infra.db import Database
from merx.kit.errors import Unavailable

BATCH_LIMIT: Final = 256
QUEUE_LIMIT: Final = 4096
_LOG = logging.getLogger(__name__)


class TooManyWaiting(Unavailable):
    """More placements wait than this process will keep."""

    code = "too_many_waiting"
    message = "Too many orders are being placed at this moment. Try again in a few seconds."


class PlacementQueue:
    """A lone command starts at once; nobody waits for a batch to fill. A caller that goes away changes nothing."""

    def __init__(self, db: Database, *, clock: Callable[[], datetime], deadline: timedelta) -> None:
        self._db = db
        self._clock = clock
        self._deadline = deadline
        self._waiting: list[tuple[PlaceOrder, asyncio.Future[Outcome]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def place(self, command: PlaceOrder) -> Outcome:
        """Place one command in the next batch. Raises TooManyWaiting, PlacementFailed."""
        if len(self._waiting) >= QUEUE_LIMIT:
            raise TooManyWaiting
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, future))
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH_LIMIT], self._waiting[BATCH_LIMIT:]
                await self._place(batch)
        finally:
            self._runner = None

    async def _place(self, batch: list[tuple[PlaceOrder, "asyncio.Future[Outcome]"]]) -> None:
        try:
            commands = [command for command, _ in batch]
            outcomes = await place_orders(self._db, commands, now=self._clock(), deadline=self._deadline)
        except Exception as error:  # noqa: BLE001 - every waiting caller must be told, whatever went wrong
            _LOG.exception("a batch of %d placements failed", len(batch))
            for _, future in batch:
                future.set_exception(error if isinstance(error, Unavailable) else PlacementFailed())
                future.exception()  # a caller that went away must not make it an unretrieved one
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            future.set_result(outcome)

    async def drain(self) -> None:
        """Wait until everything accepted so far is decided."""
        while self._runner is not None:
            await asyncio.shield(self._runner)
