"""Gather the verified notices of one process into batches."""

from merx.cashier.apply_notice import VerifiedNotice
from merx.cashier.confirm_payments import Decision, confirm_payments
from merx.infra.batch_queue import BatchQueue
from merx.infra.db import Database


class NoticeQueue:
    """A lone notice is applied at once; what arrives while a batch is applied is the next batch."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queue: BatchQueue[VerifiedNotice, Decision] = BatchQueue("payment notices", self._confirm)

    async def confirm(self, verified: VerifiedNotice) -> Decision:
        """Apply one notice in the next batch; returns after its commit. Raises QueueFull, and what its fault was."""
        return await self._queue.put(verified)

    async def _confirm(self, notices: list[VerifiedNotice]) -> list[Decision | Exception]:
        return await confirm_payments(self._db, notices)

    async def drain(self) -> None:
        """Wait until everything accepted so far is decided."""
        await self._queue.drain()
