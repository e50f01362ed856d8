"""One way for every program to get at the database: configured, attached to, or started for the occasion."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from merx.infra.logging import get_logger
from merx.infra.postgres.errors import AlreadyRunningError
from merx.infra.postgres.server import EmbeddedPostgres, read_connection
from merx.infra.settings import Settings

_USERS_LOCK = "postgres.users"
_PAUSE = 0.1

log = get_logger(__name__)


@contextlib.asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """Yield the address of the database of these settings.

    That is MERX_DATABASE_URL; else the embedded server that another merx process of the same home runs; else one
    started now and stopped at the end, after other programs that attached to it have finished. Raises PostgresError.
    """
    if settings.system.database_url is not None:
        yield settings.system.database_url
        return
    server = EmbeddedPostgres(home=settings.system.home, bin_dir=settings.system.postgres_bin_dir, log=log)
    while True:
        try:
            dsn = await server.start()
        except AlreadyRunningError:
            users = _try_lock(settings.system.home, fcntl.LOCK_SH)
            if users is None:  # its owner is stopping it at this moment
                await asyncio.sleep(_PAUSE)
                continue
            try:
                attached = await _running(settings.system.home)
                if attached is not None:
                    yield attached
                    return
            finally:
                os.close(users)
            await asyncio.sleep(_PAUSE)
            continue
        watcher = asyncio.create_task(server.watch())
        try:
            yield dsn
            await _until_unused(settings.system.home)
        finally:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher
            await server.stop()
        return


def _try_lock(home: Path, kind: int) -> int | None:
    descriptor = os.open(home / _USERS_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


async def _running(home: Path) -> str | None:
    """The address of the announced server if it answers."""
    announced = read_connection(home)
    if announced is None:
        return None
    try:
        connection = await asyncpg.connect(announced.dsn, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None
    await connection.close(timeout=5)
    return announced.dsn


async def _until_unused(home: Path) -> None:
    """Wait for the programs that attached to our server; from then on none can attach until it has stopped."""
    told = False
    while (lock := _try_lock(home, fcntl.LOCK_EX)) is None:
        if not told:
            log.info("postgres_still_used", by="another merx process; waiting for it")
            told = True
        await asyncio.sleep(_PAUSE)
    # Released at once: whoever attaches now finds the owner lock taken and the announcement gone, and tries again.
    os.close(lock)
