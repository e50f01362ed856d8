"""Run every check over one snapshot."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from merx.infra.db import Database, ReadTx, Sql
from merx.kit.money import MAX_AMOUNT
from merx.ledger import AccountKind
from merx.subscriptions import SUBSCRIPTIONS
from merx.verify import store
from merx.verify.checks import CHECKS
from merx.verify.media_files import check_media_files
from merx.verify.model import Break, Check, CheckResult, Facts, Report

LANES: Final = 2
"""Connections that work side by side; PostgreSQL adds parallel workers to each."""

CLEARING_DAYS: Final = 3
"""How old unconfirmed money at a provider may be, in days, unless the caller says otherwise."""
_MEDIA_TITLE: Final = (
    "Every file of every picture is on the disk with its size; what was read has its name's hash"
)
_NO_RING: Final = "the key ring was not given"
_NO_FOLDER: Final = "the folder of pictures was not given"

Job = Callable[[ReadTx], Awaitable[None]]
Found = tuple[int, list[Break], float]


def facts_for(now: datetime, *, key_ids: Sequence[str] | None, clearing_days: int = CLEARING_DAYS) -> Facts:
    """What the checks need to know of this installation."""
    return Facts(
        now=now,
        key_ids=key_ids,
        handlers=[subscription.name for subscription in SUBSCRIPTIONS],
        account_kinds=[kind.value for kind in AccountKind],
        max_amount=MAX_AMOUNT,
        clearing_days=clearing_days,
    )


async def run_check(tx: ReadTx, check: Check, facts: Facts) -> Found:
    """Run one check: how many rows break it, the first of them, and the seconds it took."""
    args: list[Any] = [getattr(facts, need) for need in check.needs]
    began = time.perf_counter()
    breaks, named = await store.find_breaks(tx, check, args)
    return breaks, named, time.perf_counter() - began


async def verify(
    db: Database,
    *,
    now: datetime,
    key_ids: Sequence[str] | None = None,
    media_dir: Path | None = None,
    full: bool = False,
    clearing_days: int = CLEARING_DAYS,
    done: Callable[[], None] = lambda: None,
) -> Report:
    """Run every check in one snapshot and say what was found. Writes nothing.

    `key_ids` are the ids of the master keys of the ring, `media_dir` the folder of pictures; without them the checks
    that need them are skipped. `full` reads every file of the pictures instead of a sample. Money at a provider may be `clearing_days`
    old before a bill must have confirmed it. `done` is called after each check. The pool of `db` needs LANES connections.
    """
    began = time.perf_counter()
    facts = facts_for(now, key_ids=key_ids, clearing_days=clearing_days)
    skipped = {check.code: _NO_RING for check in CHECKS if "key_ids" in check.needs and facts.key_ids is None}
    found: dict[str, Found] = {}
    examined: dict[str, int] = {}
    files: list[tuple[str, str | None, str | None]] = []

    def checking(check: Check) -> Job:
        async def job(tx: ReadTx) -> None:
            found[check.code] = await run_check(tx, check, facts)
            done()

        return job

    def counting(sql: Sql) -> Job:
        async def job(tx: ReadTx) -> None:
            examined[sql.text] = await store.count_examined(tx, sql)

        return job

    async def listing(tx: ReadTx) -> None:
        files.extend(await store.list_media_files(tx))

    jobs: list[Job] = [checking(check) for check in CHECKS if check.code not in skipped]
    jobs += [
        counting(sql) for sql in {check.examined_sql.text: check.examined_sql for check in CHECKS}.values()
    ]
    jobs.append(listing)
    async with store.shared_snapshot(db, lanes=LANES) as lanes:
        queue = iter(jobs)
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(_work(lane, queue))
    results = [_result(check, examined, found, skipped) for check in CHECKS]
    results.append(await _check_pictures(files, media_dir, full=full))
    done()
    return Report(taken_at=now, seconds=time.perf_counter() - began, results=results)


async def _work(lane: ReadTx, jobs: Iterator[Job]) -> None:
    """One lane takes the next job that no other has taken."""
    for job in jobs:
        await job(lane)


def _result(
    check: Check, examined: dict[str, int], found: dict[str, Found], skipped: dict[str, str]
) -> CheckResult:
    breaks, named, seconds = found.get(check.code, (0, [], 0.0))
    return CheckResult(
        code=check.code,
        area=check.area,
        title=check.title,
        examined=examined[check.examined_sql.text],
        breaks=breaks,
        named=named,
        seconds=seconds,
        skipped=skipped.get(check.code),
    )


async def _check_pictures(
    files: list[tuple[str, str | None, str | None]], folder: Path | None, *, full: bool
) -> CheckResult:
    """The one check that looks outside of the database, after the snapshot is let go."""
    began = time.perf_counter()
    broken: list[Break] = []
    if folder is not None:
        broken = await asyncio.to_thread(check_media_files, files, folder=folder, full=full)
    return CheckResult(
        code="D6",
        area="data",
        title=_MEDIA_TITLE,
        examined=len(files),
        breaks=len(broken),
        named=broken[: store.NAMED],
        seconds=time.perf_counter() - began,
        skipped=None if folder is not None else _NO_FOLDER,
    )
