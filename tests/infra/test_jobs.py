"""Periodic jobs: one worker at a time, taken over when a worker dies, and no job ends another."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from merx.infra.db import Database
from merx.infra.jobs import LEASE, Job, run_jobs

START = datetime(2026, 11, 21, tzinfo=UTC)


async def until(happens: Any) -> None:
    while not happens():
        await asyncio.sleep(0.001)


async def test_two_workers_share_the_jobs_and_never_run_one_at_the_same_time(
    db: Database, owner: Any
) -> None:
    running = most = runs = 0

    async def work(_now: datetime) -> int:
        nonlocal running, most, runs
        running += 1
        most = max(most, running)
        runs += 1
        await asyncio.sleep(0.005)
        running -= 1
        return 1

    stop = asyncio.Event()
    workers = asyncio.gather(
        *(run_jobs(db, [Job("shared", 0.001, work)], clock=lambda: START, stop=stop) for _ in range(2))
    )
    await until(lambda: runs >= 10)
    stop.set()
    await workers
    assert most == 1
    assert await owner.fetchval("SELECT count(*) FROM leases") == 0, (
        "a worker that stops leaves no lease behind"
    )


async def test_a_dead_workers_job_is_taken_over_when_its_lease_ends(db: Database, owner: Any) -> None:
    ran: list[datetime] = []

    async def work(now: datetime) -> int:
        ran.append(now)
        return 0

    await owner.execute(
        "INSERT INTO leases (name, holder, expires_at) VALUES ('orphan', gen_random_uuid(), $1)",
        START + LEASE,
    )
    now = START
    asked = 0

    def clock() -> datetime:
        nonlocal asked
        asked += 1
        return now

    stop = asyncio.Event()
    worker = asyncio.create_task(run_jobs(db, [Job("orphan", 0.001, work)], clock=clock, stop=stop))
    await until(lambda: asked >= 5)
    assert ran == []
    now = START + LEASE
    await until(lambda: ran)
    stop.set()
    await worker
    assert ran[0] == START + LEASE


async def test_a_job_that_fails_is_run_again_and_does_not_end_the_others(db: Database) -> None:
    counts = {"bad": 0, "good": 0}

    async def bad(_now: datetime) -> int:
        counts["bad"] += 1
        raise RuntimeError

    async def good(_now: datetime) -> int:
        counts["good"] += 1
        return 0

    stop = asyncio.Event()
    jobs = [Job("bad", 0.001, bad), Job("good", 0.001, good)]
    worker = asyncio.create_task(run_jobs(db, jobs, clock=lambda: START, stop=stop))
    await until(lambda: min(counts.values()) >= 3)
    stop.set()
    await worker


async def test_stopping_lets_the_running_job_finish(db: Database) -> None:
    begun, finished = asyncio.Event(), False

    async def work(_now: datetime) -> int:
        nonlocal finished
        begun.set()
        await asyncio.sleep(0.02)
        finished = True
        return 1

    stop = asyncio.Event()
    worker = asyncio.create_task(run_jobs(db, [Job("slow", 1, work)], clock=lambda: START, stop=stop))
    await begun.wait()
    stop.set()
    await worker
    assert finished


async def test_a_job_with_work_left_runs_again_at_once_and_an_idle_one_waits(db: Database) -> None:
    left = 5
    runs = 0

    async def work(_now: datetime) -> int:
        nonlocal left, runs
        runs += 1
        left -= left > 0
        return left

    stop = asyncio.Event()
    worker = asyncio.create_task(run_jobs(db, [Job("busy", 3600, work)], clock=lambda: START, stop=stop))
    await until(lambda: runs == 5)
    stop.set()
    await asyncio.wait_for(worker, timedelta(seconds=5).total_seconds())
    assert runs == 5
