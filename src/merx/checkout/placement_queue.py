"""Gather the concurrent placements of one process into batches."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from merx.checkout.errors import PlacementFailed
from merx.checkout.model import Outcome, PlaceOrder
from merx.checkout.place_orders import place_orders
from merx.infra.batch_queue import BatchQueue, QueueFull
from merx.infra.db import Database
from merx.kit.errors import Unavailable
from merx.payments.providers import Methods


class TooManyWaiting(Unavailable):
    """More placements wait than this process will keep."""

    code = "too_many_waiting"
    message = "Too many orders are being placed at this moment. Try again in a few seconds."


class PlacementQueue:
    """A lone command starts at once; nobody waits for a batch to fill. A caller that goes away changes nothing."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Callable[[], datetime],
        deadline: timedelta,
        methods: Callable[[], Methods] | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._deadline = deadline
        self._methods = methods
        self._queue: BatchQueue[PlaceOrder, Outcome] = BatchQueue("placements", self._place)

    async def place(self, command: PlaceOrder) -> Outcome:
        """Place one command in the next batch. Raises TooManyWaiting, PlacementFailed."""
        try:
            return await self._queue.put(command)
        except QueueFull:
            raise TooManyWaiting from None

    async def _place(self, commands: list[PlaceOrder]) -> Sequence[Outcome]:
        try:
            return await place_orders(
                self._db,
                commands,
                now=self._clock(),
                deadline=self._deadline,
                methods=self._methods() if self._methods else None,
            )
        except Unavailable:
            raise
        except Exception as error:
            raise PlacementFailed from error

    async def drain(self) -> None:
        """Wait until everything accepted so far is decided."""
        await self._queue.drain()
