"""Finished public answers, kept in each web process for a short time and forgotten when what they show changes.

Only answers a route declares public are kept, and only for visitors without a session or a cart. Staleness is bounded
by the time to live; the event feed's hint (NOTIFY) makes it shorter. Losing a hint therefore costs seconds, not truth.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import msgspec
import structlog

from merx.infra.db import Database, Sql, Tx

CHANNEL: Final = "merx_pages"
LARGEST_BYTES: Final = 64 * 1024 * 1024
_RECONNECT_SECONDS: Final = 1.0
_LOG = structlog.get_logger(__name__)

Key = tuple[Any, ...]


class KeptPage(msgspec.Struct, frozen=True, gc=False):
    """An answer ready to be sent: its start message, its body message, when it goes stale, what it shows."""

    start: dict[str, Any]
    body: dict[str, Any]
    size: int
    stale_at: float
    tag: str


class PageCache:
    """Least recently used answers, bounded by bytes."""

    def __init__(self, *, largest_bytes: int = LARGEST_BYTES) -> None:
        self._pages: OrderedDict[Key, KeptPage] = OrderedDict()
        self._by_tag: dict[str, set[Key]] = {}
        self._bytes = 0
        self._largest = largest_bytes
        self.generation = 0

    def get(self, key: Key) -> KeptPage | None:
        """The answer, if it is here and fresh."""
        page = self._pages.get(key)
        if page is None:
            return None
        if page.stale_at <= time.monotonic():
            self._drop(key)
            return None
        self._pages.move_to_end(key)
        return page

    def keep(
        self,
        key: Key,
        *,
        status: int,
        headers: list[Any],
        body: bytes,
        seconds: float,
        tag: str,
        generation: int,
    ) -> None:
        """Keep an answer, unless something was forgotten since its making began (`generation`)."""
        if generation != self.generation or len(body) > self._largest // 16:
            return
        self._drop(key)
        page = KeptPage(
            start={"type": "http.response.start", "status": status, "headers": headers},
            body={"type": "http.response.body", "body": body, "more_body": False},
            size=len(body) + 512,
            stale_at=time.monotonic() + seconds,
            tag=tag,
        )
        self._pages[key] = page
        self._by_tag.setdefault(tag, set()).add(key)
        self._bytes += page.size
        while self._bytes > self._largest:
            self._drop(next(iter(self._pages)))

    def forget(self, tag: str) -> None:
        """Drop every answer that shows this."""
        self.generation += 1
        for key in list(self._by_tag.get(tag, ())):
            self._drop(key)

    def clear(self) -> None:
        """Drop everything."""
        self.generation += 1
        self._pages.clear()
        self._by_tag.clear()
        self._bytes = 0

    def _drop(self, key: Key) -> None:
        page = self._pages.pop(key, None)
        if page is None:
            return
        self._bytes -= page.size
        keys = self._by_tag[page.tag]
        keys.discard(key)
        if not keys:
            del self._by_tag[page.tag]


HINT = Sql("SELECT pg_notify('merx_pages', tag) FROM unnest($1::text[]) AS t (tag)")


async def forget_pages(tx: Tx, tags: Sequence[str]) -> None:
    """Tell every web process, at commit, that the pages which show these are out of date."""
    await tx.rows(HINT, tags)


async def listen_for_changes(db: Database, pages: PageCache) -> None:
    """Forget pages as hints come in, until cancelled. While not listening, nothing may be trusted: all is forgotten."""
    while True:
        try:
            await _listen(db.dsn, pages)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _LOG.warning("page_hints_interrupted", error=str(error)[:200])
        pages.clear()
        await asyncio.sleep(_RECONNECT_SECONDS)


async def _listen(dsn: str, pages: PageCache) -> None:
    connection = await asyncpg.connect(dsn)
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        await connection.add_listener(CHANNEL, lambda _c, _p, _ch, tag: pages.forget(tag))
        pages.clear()
        await lost.wait()
    finally:
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.close(timeout=1)
