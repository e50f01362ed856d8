"""Private databases on the shop's server: made for a run, filled, and dropped after it."""

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from merx.bench import store
from merx.bench.model import BenchError
from merx.infra.db import Sql
from merx.infra.migrate import migrate

_DURABLE: Final = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
_FLUSHES: Final = 200
_PAGE: Final = b"\0" * 8192
_DROP = "DROP DATABASE IF EXISTS {}"
_END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = current_user"
)
_DROP_ATTEMPTS: Final = 100


async def drop_database(server: Any, name: str) -> None:
    """Drop a database and end our own sessions in it.

    Without FORCE, which fails on an autovacuum worker: a plain DROP asks those to leave, and only ours are ended.
    """
    for attempt in range(_DROP_ATTEMPTS):
        await server.fetch(_END_SESSIONS, name)
        try:
            await server.execute(_DROP.format(name))
        except asyncpg.ObjectInUseError:
            if attempt == _DROP_ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.1)
        else:
            return


class BenchDatabase:
    """A private database with a catalogue, whose prepared carts are handed out in order."""

    def __init__(self, dsn: str, owner: Any, *, variants: int) -> None:
        self.dsn = dsn
        self.owner = owner
        self._blocks = variants // store.BLOCK
        self._next_cart = 1

    async def run(self, sql: Sql, *args: Any) -> None:
        """Execute one statement as the owner."""
        await self.owner.execute(sql.text, *args)

    async def value(self, sql: Sql, *args: Any) -> Any:
        """The first column of the first row."""
        return await self.owner.fetchval(sql.text, *args)

    async def prepare_carts(self, count: int, *, hot: bool = False) -> int:
        """Make `count` carts ready to be ordered; returns the number of the first. Ends with a checkpoint."""
        first, now = self._next_cart, datetime.now(UTC)
        self._next_cart += count
        lines = store.HOT_LINES_SQL if hot else store.CART_LINES_SQL
        async with self.owner.transaction():
            await self.run(store.CARTS_SQL, first, count, now)
            await self.run(lines, first, count, self._blocks, now)
        await self.checkpoint()
        return first

    async def checkpoint(self) -> None:
        """Write everything out, so that a measurement does not pay for what came before it."""
        try:
            await self.owner.execute("CHECKPOINT")
        except asyncpg.InsufficientPrivilegeError:
            # Only administrators may ask for one; everybody who may make databases gets one by making one.
            name = f"merx_bench_{uuid.uuid4().hex[:12]}"
            await self.owner.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
            await drop_database(self.owner, name)


@contextlib.asynccontextmanager
async def private_database(
    server_dsn: str, *, variants: int, stock: int, template: BenchDatabase | None = None
) -> AsyncIterator[BenchDatabase]:
    """A migrated database with a catalogue, or a copy of `template`; dropped at the end. Raises BenchError."""
    name = f"merx_bench_{uuid.uuid4().hex[:12]}"
    server = await asyncpg.connect(server_dsn, command_timeout=None)
    try:
        source = ""
        if template is not None:
            source = f" TEMPLATE {await template.value(Sql('SELECT quote_ident(current_database())'))}"
            await template.owner.close()
        try:
            await server.execute(f"CREATE DATABASE {name}{source}")
        except asyncpg.InsufficientPrivilegeError as error:
            raise BenchError(
                "the database role may not create databases: the benchmark needs one of its own"
            ) from error
        try:
            dsn = with_database(server_dsn, name)
            if template is None:
                await migrate(dsn)
            else:
                template.owner = await asyncpg.connect(template.dsn, command_timeout=None)
            owner = await asyncpg.connect(dsn, command_timeout=None)
            try:
                database = BenchDatabase(dsn, owner, variants=variants)
                if template is None:
                    await _fill(database, variants=variants, stock=stock)
                yield database
            finally:
                await database.owner.close(timeout=10)
        finally:
            await drop_database(server, name)
    finally:
        await server.close(timeout=10)


async def _fill(database: BenchDatabase, *, variants: int, stock: int) -> None:
    now = datetime.now(UTC)
    products = variants // store.PER_PRODUCT
    async with database.owner.transaction():
        await database.run(store.SELLERS_SQL, now)
        await database.run(store.RATES_SQL)
        await database.run(store.LOCATIONS_SQL)
        await database.run(store.CATEGORIES_SQL)
        await database.run(store.PRODUCTS_SQL, products, now)
        await database.run(store.IN_CATEGORIES_SQL, products)
        await database.run(store.MEDIA_SQL, products, now)
        await database.run(store.PRODUCT_MEDIA_SQL, products)
        await database.run(store.VARIANTS_SQL, variants, now)
        await database.run(store.PRICES_SQL, now)
        await database.run(store.STOCK_SQL, stock, now)
    await database.owner.execute("VACUUM ANALYZE")


async def durability(dsn: str) -> tuple[str, dict[str, str]]:
    """The server's version and the settings an acknowledged order's survival rests on. Raises BenchError if one is off."""
    connection = await asyncpg.connect(dsn)
    try:
        version: str = await connection.fetchval("SHOW server_version")
        found = {name: await connection.fetchval(f"SHOW {name}") for name in _DURABLE}
    finally:
        await connection.close()
    for name, wanted in _DURABLE.items():
        if found[name] != wanted:
            raise BenchError(
                f"{name} is {found[name]!r}: figures without durable commits mean nothing; set it to {wanted}"
            )
    return version, found


def flush_ms(folder: Path) -> float:
    """How long one durable write of a page takes on the disk of `folder`, in milliseconds, over 200 writes."""
    path = folder / f".bench-{os.getpid()}"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    sync = getattr(os, "fdatasync", os.fsync)
    try:
        os.write(descriptor, _PAGE)
        os.fsync(descriptor)
        started = time.perf_counter()
        for _ in range(_FLUSHES):
            os.pwrite(descriptor, _PAGE, 0)
            sync(descriptor)
        return (time.perf_counter() - started) / _FLUSHES * 1000
    finally:
        os.close(descriptor)
        path.unlink()


def with_database(dsn: str, name: str) -> str:
    """The same server's address with another database."""
    head, _, query = dsn.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
