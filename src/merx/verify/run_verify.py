"""`merx verify`: run the checks, show what they found."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from merx.infra.db import Database
from merx.verify.checks import CHECKS
from merx.verify.present import as_json as report_as_json
from merx.verify.present import show
from merx.verify.run import CLEARING_DAYS, LANES, verify


async def run_verify(
    dsn: str,
    *,
    as_json: bool,
    key_ids: Sequence[str] | None = None,
    media_dir: Path | None = None,
    full: bool = False,
    clearing_days: int = CLEARING_DAYS,
    now: datetime | None = None,
) -> int:
    """Verify the database at `dsn` and print the report; 0 when everything holds, 1 when a row breaks an invariant.

    `key_ids`: ids of the master keys of the ring. `media_dir`: folder of the pictures; with `full` every file in it is
    read. `clearing_days`: how old money at a provider may be that no bill has confirmed. `now`: the moment lateness is judged by, the machine's time unless given.
    """
    error_console = Console(stderr=True)
    progress = Progress(
        TextColumn("verifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=error_console,
        transient=True,
        disable=not error_console.is_terminal,
    )
    db = await Database(dsn, pool_size=LANES).open()
    try:
        with progress:
            task = progress.add_task("verifying", total=len(CHECKS) + 1)
            report = await verify(
                db,
                now=now or datetime.now(UTC),
                key_ids=key_ids,
                media_dir=media_dir,
                full=full,
                clearing_days=clearing_days,
                done=lambda: progress.advance(task),
            )
    finally:
        await db.close()
    if as_json:
        sys.stdout.write(report_as_json(report) + "\n")
    else:
        show(report)
    return 0 if report.sound else 1
