"""How checks are run: on several connections that share one snapshot, each statement bounded in what it returns."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from merx.infra.db import Database, ReadTx, Sql
from merx.verify.model import Break, Check

NAMED: Final = 20
"""How many broken rows a check names; it counts them all."""

EXPORT_SNAPSHOT = Sql("SELECT pg_export_snapshot()")

# The pool's sessions are set up for short statements on few rows; these read whole tables.
READ_WHOLE_TABLES = Sql("""
SELECT set_config('enable_seqscan', 'on', true), set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('max_parallel_workers_per_gather', '2', true), set_config('work_mem', '128MB', true),
       set_config('idle_in_transaction_session_timeout', '0', true)
""")

MEDIA_FILES = Sql("""
SELECT m.id::text AS id, f->>'path' AS path, f->>'bytes' AS bytes
  FROM media m CROSS JOIN jsonb_array_elements(m.files) AS f
 ORDER BY f->>'path'
""")


@asynccontextmanager
async def shared_snapshot(db: Database, *, lanes: int) -> AsyncIterator[list[ReadTx]]:
    """`lanes` read-only transactions on as many connections that all see the database at one moment."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(db.snapshot())
        snapshot: str = await first.value(EXPORT_SNAPSHOT)
        opened = [first]
        for _ in range(lanes - 1):
            lane = await stack.enter_async_context(db.snapshot())
            await lane.rows(Sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'"))
            opened.append(lane)
        for lane in opened:
            await lane.rows(READ_WHOLE_TABLES)
        yield opened


def bounded(check: Check) -> Sql:
    """The check's statement, with all breaks counted and the first NAMED of them returned."""
    return Sql(f"""
SELECT key, detail, count(*) OVER () AS breaks FROM ({check.sql.text}) AS found ORDER BY key, detail LIMIT {NAMED}
""")


async def find_breaks(tx: ReadTx, check: Check, args: Sequence[Any]) -> tuple[int, list[Break]]:
    """How many rows break the check, and the first of them."""
    rows = await tx.rows(bounded(check), *args)
    return (rows[0]["breaks"] if rows else 0), [Break(row["key"], row["detail"]) for row in rows]


async def count_examined(tx: ReadTx, sql: Sql) -> int:
    """How many rows a check looks at."""
    count: int = await tx.value(sql)
    return count


async def list_media_files(tx: ReadTx) -> list[tuple[str, str | None, str | None]]:
    """Picture, path and size of every file that should be in the folder of pictures; nothing is taken for granted."""
    return [(row["id"], row["path"], row["bytes"]) for row in await tx.rows(MEDIA_FILES)]
