"""A past of paid orders, loaded in bulk: the rows that as many real orders would have left."""

import asyncio
from typing import Any, Final

import asyncpg

from merx.bench.database import BenchDatabase
from merx.bench.history_rows import STATEMENTS, TABLES
from merx.infra.db import Record, Sql

_CHUNK: Final = 100_000
_WRITERS: Final = 2

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


async def load_history(database: BenchDatabase, *, orders: int) -> None:
    """Store `orders` paid orders of two lines. Keys and indexes are taken off for the load and made again after it."""
    owner = database.owner
    foreign, keys, indexes = [await owner.fetch(sql.text, TABLES) for sql in (_FOREIGN_KEYS, _KEYS, _INDEXES)]
    for each in (*foreign, *keys):
        await owner.execute(f"ALTER TABLE {each['owner']} DROP CONSTRAINT {each['name']}")
    for each in indexes:
        await owner.execute(f"DROP INDEX {each['name']}")
    await _each(database.dsn, [(sql.text, first, min(_CHUNK, orders - first)) for sql in STATEMENTS
                               for first in range(0, orders, _CHUNK)])  # fmt: skip
    await _each(database.dsn, [*map(_constraint, keys), *((each["definition"],) for each in indexes)])
    # Each locks two tables: one writer, so that none waits for another in a circle.
    await _each(database.dsn, [*map(_constraint, foreign)], writers=1)
    await _each(database.dsn, [(f"VACUUM ANALYZE {table}",) for table in TABLES])


def _constraint(row: Record) -> tuple[str]:
    return (f"ALTER TABLE {row['owner']} ADD CONSTRAINT {row['name']} {row['definition']}",)


async def _each(dsn: str, work: list[tuple[Any, ...]], *, writers: int = _WRITERS) -> None:
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
        finally:
            await connection.close()

    await asyncio.gather(*(write() for _ in range(writers)))
