"""Fixtures every test may use: one real PostgreSQL for the run, a database per worker, emptied after each test."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from tests.world.shop import Shop, a_shop

from merx.configuration import load_settings
from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.infra.migrate import migrate
from merx.infra.postgres import database_url

HOME = Path(__file__).parents[1] / ".merx" / "test"
KEPT = ("schema_migrations", "balances_cursor")


@pytest.fixture(scope="session")
async def server_dsn() -> AsyncIterator[str]:
    """A running PostgreSQL: MERX_TEST_DATABASE_URL, or the embedded one, shared by all workers of the run."""
    given = os.environ.get("MERX_TEST_DATABASE_URL")
    if given:
        yield given
        return
    HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with database_url(load_settings({"MERX_HOME": str(HOME)})) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def new_database(server_dsn: str) -> AsyncIterator["NewDatabase"]:
    """Makes migrated databases that are dropped at the end of the run."""
    maker = NewDatabase(server_dsn)
    yield maker
    await maker.drop_all()


class NewDatabase:
    """Calling it creates an empty, migrated database and returns its DSN."""

    def __init__(self, server_dsn: str) -> None:
        self._server_dsn = server_dsn
        self._made: list[str] = []

    async def __call__(self) -> str:
        name = f"merx_test_{uuid.uuid4().hex[:16]}"
        connection = await asyncpg.connect(self._server_dsn)
        try:
            await connection.execute(f'CREATE DATABASE "{name}"')
            # A test's database does not outlive the run; what survives a crash is proved by tests/crash, with it on.
            await connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        finally:
            await connection.close()
        self._made.append(name)
        dsn = _with_database(self._server_dsn, name)
        await migrate(dsn)
        return dsn

    async def drop_all(self) -> None:
        connection = await asyncpg.connect(self._server_dsn)
        try:
            for name in self._made:
                await _drop(connection, name)
        finally:
            await connection.close()


async def _drop(connection: asyncpg.Connection, name: str) -> None:
    """Drop a database; autovacuum, which only a superuser may end, may be in it for a moment."""
    for attempt in range(50):
        try:
            await connection.execute(f'DROP DATABASE "{name}"')
        except (asyncpg.ObjectInUseError, asyncpg.InsufficientPrivilegeError):
            await asyncio.sleep(0.1 * (attempt > 0))
        else:
            return


def _with_database(dsn: str, name: str) -> str:
    head, _, query = dsn.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


@pytest.fixture(scope="session")
async def worker_dsn(new_database: NewDatabase) -> str:
    """The database of this worker. It is shared by its tests: use `db`, which empties it."""
    return await new_database()


@pytest.fixture(scope="session")
async def worker_db(worker_dsn: str) -> AsyncIterator[Database]:
    """The pool of this worker."""
    database = await Database(worker_dsn, pool_size=12).open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def owner(worker_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner of the schema, who may do what the application may not: break things on purpose."""
    connection = await asyncpg.connect(worker_dsn)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def emptying(owner: asyncpg.Connection) -> str:
    """One statement list that empties every table, children first."""
    names = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY oid DESC"
    )
    return ";".join(f'DELETE FROM "{row[0]}"' for row in names if row[0] not in KEPT)


@pytest.fixture
async def db(worker_db: Database, owner: asyncpg.Connection, emptying: str) -> AsyncIterator[Database]:
    """An empty, migrated database."""
    yield worker_db
    await owner.execute(emptying)


@pytest.fixture
def keys() -> MasterKeys:
    """A key ring with an old and a current key."""
    return MasterKeys({"k2": b"2" * 32, "k1": b"1" * 32}, index_key=b"i" * 32)


@pytest.fixture
def now() -> datetime:
    """A moment to start from."""
    return datetime(2026, 11, 21, 8, 30, tzinfo=UTC)


@pytest.fixture
async def shop(db: Database, now: datetime) -> Shop:
    """A small shop with two sellers, empty carts and full shelves."""
    return await a_shop(db, now=now)
