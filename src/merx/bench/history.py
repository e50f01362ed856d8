"""A past of paid orders, loaded in bulk: the rows that as many real orders would have left."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Final

import asyncpg

from merx.bench.database import BenchDatabase
from merx.bench.history_rows import STATEMENTS, TABLES
from merx.infra.db import Sql

_CHUNK: Final = 50_000
_WRITERS: Final = 2
_ADD: Final = "ALTER TABLE {owner} ADD CONSTRAINT {name} {definition}"
Statement = tuple[Any, ...]

_FOREIGN_KEYS = Sql("""
SELECT conrelid::regclass::text AS owner, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
  FROM pg_constraint WHERE contype = 'f' AND (conrelid = ANY($1::text[]::regclass[]) OR confrelid = ANY($1::text[]::regclass[]))
""")
_KEYS = Sql("""
SELECT conrelid::regclass::text AS owner, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
  FROM pg_constraint WHERE contype IN ('p', 'u') AND conrelid = ANY($1::text[]::regclass[])
""")
_INDEXES = Sql("""
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
  FROM pg_index
 WHERE indrelid = ANY($1::text[]::regclass[])
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
""")


async def load_history(
    database: BenchDatabase, *, orders: int, progress: Callable[[int, int], object] = lambda _done, _of: None
) -> None:
    """Store `orders` paid orders of two lines. Keys and indexes are taken off for the load and made again after it.

    `progress` is told how many steps are done, and of how many.
    """
    owner = database.owner
    foreign, keys, indexes = [await owner.fetch(sql.text, TABLES) for sql in (_FOREIGN_KEYS, _KEYS, _INDEXES)]
    for each in (*foreign, *keys):
        await owner.execute(f"ALTER TABLE {each['owner']} DROP CONSTRAINT {each['name']}")
    for each in indexes:
        await owner.execute(f"DROP INDEX {each['name']}")
    stages: list[list[Statement]] = [
        [(sql.text, at, min(_CHUNK, orders - at)) for sql in STATEMENTS for at in range(0, orders, _CHUNK)],
        [*((_ADD.format(**each),) for each in keys), *((each["definition"],) for each in indexes)],
        [(_ADD.format(**each),) for each in foreign],
        [(f"VACUUM ANALYZE {table}",) for table in TABLES],
    ]
    steps = sum(map(len, stages))
    done = itertools.count(1)
    for stage in stages:
        # A foreign key locks two tables: one writer, so that none waits for another in a circle.
        writers = 1 if stage is stages[2] else _WRITERS
        await _each(database.dsn, stage, writers=writers, told=lambda: progress(next(done), steps))


async def _each(dsn: str, work: list[Statement], *, writers: int, told: Callable[[], object]) -> None:
    """Carry out statements over a few connections, in order of taking."""
    waiting = iter(work)

    async def write() -> None:
        connection = await asyncpg.connect(
            dsn, command_timeout=None,
            server_settings={"synchronous_commit": "off", "maintenance_work_mem": "512MB", "lock_timeout": "0"},
        )  # fmt: skip
        try:
            for statement, *args in waiting:
                await connection.execute(statement, *args)
                told()
        finally:
            await connection.close()

    await asyncio.gather(*(write() for _ in range(writers)))
