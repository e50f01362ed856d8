"""SQL of the limits on attempts."""

from collections.abc import Sequence
from datetime import datetime

from merx.infra.db import Sql, Tx

COUNT_HITS = Sql("""
INSERT INTO rate_limits AS r (bucket, window_start, hits)
SELECT bucket, window_start, 1 FROM unnest($1::bytea[], $2::timestamptz[]) AS h (bucket, window_start)
 ORDER BY bucket, window_start
    ON CONFLICT (bucket, window_start) DO UPDATE SET hits = r.hits + 1
RETURNING bucket, hits
""")


async def count_hits(
    tx: Tx, *, buckets: Sequence[bytes], window_starts: Sequence[datetime]
) -> dict[bytes, int]:
    """Count one attempt in each bucket's window; the counts, this one included."""
    rows = await tx.rows(COUNT_HITS, list(buckets), list(window_starts))
    return {row["bucket"]: row["hits"] for row in rows}


TAKE_BACK_HITS = Sql("""
UPDATE rate_limits AS r SET hits = greatest(r.hits - h.hits, 0)
  FROM (SELECT l.bucket, l.window_start, h.hits
          FROM unnest($1::bytea[], $2::timestamptz[], $3::integer[]) AS h (bucket, window_start, hits)
          JOIN rate_limits AS l USING (bucket, window_start)
         ORDER BY l.bucket, l.window_start FOR UPDATE OF l) AS h
 WHERE r.bucket = h.bucket AND r.window_start = h.window_start
""")


async def take_back_hits(
    tx: Tx, *, buckets: Sequence[bytes], window_starts: Sequence[datetime], hits: Sequence[int]
) -> None:
    """Take attempts back from the buckets' windows."""
    await tx.run(TAKE_BACK_HITS, list(buckets), list(window_starts), list(hits))


DELETE_OLD_LIMITS = Sql("DELETE FROM rate_limits WHERE window_start < $1")


async def delete_old_limits(tx: Tx, *, before: datetime) -> int:
    """Forget counters whose window began before a moment."""
    return await tx.run(DELETE_OLD_LIMITS, before)
