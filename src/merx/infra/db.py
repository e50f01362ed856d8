"""The database: one asyncpg pool, two kinds of transaction, one retry wrapper.

`Tx` may write and `ReadTx` may not: they are different types, so a store function says by its signature what it does.
A transaction begins in an edge, a handler or a job and nowhere else. COMMIT is never cancelled: a caller that has
stopped waiting does not change what was decided.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import asyncpg

from merx.kit.errors import Unavailable

Record = asyncpg.Record
T = TypeVar("T")

APP_ROLE: Final = "merx_app"
RETRIES: Final = 5
_RETRYABLE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_LOCK_TIMEOUT_MS: Final = 10_000
_IDLE_IN_TRANSACTION_MS: Final = 30_000
_ACQUIRE_TIMEOUT_S: Final = 10.0


class Sql:
    """A whole SQL statement, written as a module constant beside the function that uses it.

    A test finds every instance and prepares it against the migrated schema.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Sql({self.text!r})"


class DatabaseBusy(Unavailable):
    """No connection became free in time."""

    code = "database_busy"


class DatabaseLost(Unavailable):
    """The connection broke. A write that was under way may have been carried out or not: repeat it with its key."""

    code = "database_lost"
    message = "The shop is not reachable at the moment. Try again in a few seconds."


LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    ConnectionError,
)
"""What a lost database looks like."""


class ReadTx:
    """A read-only transaction, or a lone read."""

    __slots__ = ("_connection", "_database", "ended")

    def __init__(self, database: "Database", connection: Any) -> None:
        self._database = database
        self._connection = connection
        self.ended = False

    async def rows(self, sql: Sql, *args: Any) -> list[Record]:
        """All rows."""
        self._database.statements += 1
        return await self._connection.fetch(sql.text, *args)  # type: ignore[no-any-return]

    async def row(self, sql: Sql, *args: Any) -> Record | None:
        """The first row, or None."""
        self._database.statements += 1
        row: Record | None = await self._connection.fetchrow(sql.text, *args)
        return row

    async def value(self, sql: Sql, *args: Any) -> Any:
        """The first column of the first row, or None."""
        self._database.statements += 1
        return await self._connection.fetchval(sql.text, *args)


class Tx(ReadTx):
    """A read-write transaction at READ COMMITTED."""

    __slots__ = ()

    async def run(self, sql: Sql, *args: Any) -> int:
        """Execute a statement and return how many rows it touched."""
        self._database.statements += 1
        status: str = await self._connection.execute(sql.text, *args)
        return int(status.rpartition(" ")[2]) if status[-1:].isdigit() else 0


AnyTx = TypeVar("AnyTx", bound=ReadTx)
_OPEN: ContextVar[ReadTx | None] = ContextVar("open_transaction", default=None)


@contextmanager
def _held(tx: AnyTx) -> Iterator[AnyTx]:
    """Mark a transaction as the open one of this context for as long as the block runs."""
    outer = _OPEN.get()
    _OPEN.set(tx)
    try:
        yield tx
    finally:
        tx.ended = True
        _OPEN.set(outer)


def in_transaction() -> bool:
    """Whether the running code holds a transaction or a lone read's connection, its own or that of its starter.

    A task begun inside a transaction that goes on after its end is in none.
    """
    current = _OPEN.get()
    return current is not None and not current.ended


class Database:
    """The pool of one process."""

    def __init__(self, dsn: str, *, pool_size: int = 8, role: str | None = APP_ROLE) -> None:
        self._dsn = dsn
        self._pool_size = pool_size
        self._role = role
        self._pool: asyncpg.Pool | None = None
        self.statements = 0

    @property
    def dsn(self) -> str:
        """Where this pool connects to."""
        return self._dsn

    async def open(self) -> "Database":
        """Connect. Sessions run as the application role, which cannot rewrite append-only tables."""
        settings = {
            "lock_timeout": str(_LOCK_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(_IDLE_IN_TRANSACTION_MS),
            "timezone": "UTC",
            "application_name": "merx",
            # Plans must not depend on how full a table was when a session first met it: a referential check planned on
            # an empty table would scan it from end to end once it has grown.
            "plan_cache_mode": "force_generic_plan",
            "enable_seqscan": "off",
            "jit": "off",
            "max_parallel_workers_per_gather": "0",
        }
        if self._role:
            settings["role"] = self._role
        self._pool = await asyncpg.create_pool(
            self._dsn,
            min_size=1,
            max_size=self._pool_size,
            server_settings=settings,
            statement_cache_size=512,
            max_inactive_connection_lifetime=300.0,
            reset=_keep_session,
        )
        return self

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A raw connection, for LISTEN and maintenance."""
        assert self._pool is not None, "open() first"
        try:
            connection = await self._pool.acquire(timeout=_ACQUIRE_TIMEOUT_S)
        except TimeoutError as error:
            raise DatabaseBusy from error
        try:
            yield connection
        finally:
            await asyncio.shield(self._pool.release(connection))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A read-write transaction: commits when the block ends, rolls back when it raises."""
        async with self.connection() as connection:
            block = connection.transaction()
            self.statements += 1
            await block.start()
            with _held(Tx(self, connection)) as tx:
                try:
                    yield tx
                except BaseException:
                    if not connection.is_closed():
                        await asyncio.shield(_quietly(block.rollback()))
                    raise
                self.statements += 1
                await _uncancelled(block.commit())

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[ReadTx]:
        """A read-only REPEATABLE READ transaction: everything read is of one moment."""
        async with (
            self.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            self.statements += 2
            with _held(ReadTx(self, connection)) as tx:
                yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadTx]:
        """A connection for lone reads, each its own statement-level snapshot."""
        async with self.connection() as connection:
            with _held(ReadTx(self, connection)) as tx:
                yield tx

    async def write(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Run `work` in a transaction, again when PostgreSQL asks for it (40001, 40P01). `work` must be repeatable."""
        for attempt in range(RETRIES):
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except _RETRYABLE:
                if attempt == RETRIES - 1:
                    raise
                await asyncio.sleep(0.005 * 2**attempt)
        raise AssertionError("unreachable")


async def _keep_session(_connection: Any) -> None:
    """Sessions carry no state of ours, so a released connection needs no reset round trip."""


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return  # the connection is gone, and the transaction with it


async def _uncancelled(work: Awaitable[T]) -> T:
    """Finish `work` even when the waiting task is cancelled, then honour the cancellation."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                continue
            except Exception:  # noqa: BLE001 - reported by the raise below
                break
        task.exception()
        raise
