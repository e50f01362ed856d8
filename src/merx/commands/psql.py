"""`merx psql`: PostgreSQL's own terminal on the shop's database."""

import asyncio
import shutil
import signal
from pathlib import Path

from merx.infra.postgres import PostgresError, database_url, find_bin_dir
from merx.infra.settings import Settings


async def run_psql(settings: Settings, arguments: tuple[str, ...]) -> int:
    """Run psql with the given extra arguments and return its exit code. Raises PostgresError when there is no psql."""
    program = _find_psql(settings)
    async with database_url(settings) as dsn:
        # Ctrl-C belongs to psql, which cancels a statement with it; this process waits for psql to end.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        process = await asyncio.create_subprocess_exec(program, dsn, *arguments)
        try:
            return await process.wait()
        finally:
            loop.remove_signal_handler(signal.SIGINT)


def _find_psql(settings: Settings) -> str:
    try:
        own: Path | None = find_bin_dir(settings.system.postgres_bin_dir) / "psql"
    except PostgresError:
        own = None
    if own is not None and own.is_file():
        return str(own)
    installed = shutil.which("psql")
    if installed is None:
        msg = "psql was found neither beside PostgreSQL's programs nor in PATH"
        raise PostgresError(msg)
    return installed
