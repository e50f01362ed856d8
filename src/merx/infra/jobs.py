"""Periodic jobs: due times live in the database, any worker may run them, a lease keeps two from doing the same work.

The lease is economy, not correctness: every job is a compare-and-set that may run twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog

from merx.infra.db import Database, Sql
from merx.kit.clock import Clock
from merx.kit.ids import new_id

LEASE: Final = timedelta(seconds=15)
_LOG = structlog.get_logger(__name__)


class Job(msgspec.Struct, frozen=True):
    """Work done every so many seconds; it returns how much it did, and is run again at once while it does something."""

    name: str
    every_seconds: float
    work: Callable[[datetime], Awaitable[int]]


TAKE_LEASE = Sql("""
INSERT INTO leases AS l (name, holder, expires_at, last_run_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE SET holder = $2, expires_at = $3, last_run_at = $4
 WHERE l.holder = $2 OR l.expires_at <= $4
RETURNING true
""")
RELEASE_LEASES = Sql("DELETE FROM leases WHERE holder = $1")


async def run_jobs(db: Database, jobs: Sequence[Job], *, clock: Clock, stop: asyncio.Event) -> None:
    """Run every job on its schedule until `stop` is set; then let what is running finish."""
    holder = new_id()
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_run(db, job, holder=holder, clock=clock, stop=stop))
    await db.write(lambda tx: tx.run(RELEASE_LEASES, holder))


async def _run(db: Database, job: Job, *, holder: UUID, clock: Clock, stop: asyncio.Event) -> None:
    while not stop.is_set():
        done = 0
        try:
            if await _lease(db, job, holder=holder, now=clock()):
                done = await job.work(clock())
        except Exception:  # noqa: BLE001 - a job that fails is run again, and must not end the others
            _LOG.exception("job_failed", job=job.name)
        pause = 0.0 if done else job.every_seconds
        try:
            await asyncio.wait_for(stop.wait(), pause)
        except TimeoutError:
            continue


async def _lease(db: Database, job: Job, *, holder: UUID, now: datetime) -> bool:
    expires_at = now + LEASE + timedelta(seconds=job.every_seconds)
    return bool(await db.write(lambda tx: tx.value(TAKE_LEASE, job.name, holder, expires_at, now)))
