"""The lines slow_provider: what a provider that takes ten seconds to answer does to everybody else.

Buyers start their payments at it all the time, while pages are read and orders placed that have nothing to do with it.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import msgspec

from merx.bench import store
from merx.bench.database import BenchDatabase
from merx.bench.model import BenchError
from merx.bench.web import WebServer, shop_server
from merx.infra.settings import Settings

_SILENT: Final = "alipay_qr"  # a code to scan is made by the provider, so starting a payment means asking it
_AGAIN_AFTER: Final = (2.0, 6.0)
_PATIENCE: Final = 30.0
_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class SlowPeer:
    """A gateway that speaks HTTP and answers every request after `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.asked = 0
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_length_of(head))
                self.asked += 1
                await asyncio.sleep(self._seconds)
                writer.write(_ANSWER)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def slow_peer(seconds: float) -> AsyncIterator[SlowPeer]:
    """A gateway of this machine that answers after `seconds`."""
    peer = SlowPeer(seconds)
    server = await asyncio.start_server(peer.answer, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/gateway.do"
    try:
        yield peer
    finally:
        server.close()


class SlowShop:
    """A shop with a provider that is slow, and buyers who want to pay there."""

    def __init__(self, server: WebServer, peer: SlowPeer, purchases: dict[int, UUID]) -> None:
        self.server = server
        self._peer = peer
        self._purchases = purchases
        self._refused = 0

    @property
    def note(self) -> str:
        """How often the provider was asked, and how often a buyer was told at once that it does not answer."""
        return f"{self._peer.asked} asked, {self._refused} refused"

    async def beset(self, measure: Callable[[], Awaitable[float]]) -> float:
        """Measure while every buyer starts a payment, and again some seconds after each answer. Raises BenchError."""
        buyers = [
            asyncio.create_task(self._keep_paying(number, purchase_id))
            for number, purchase_id in self._purchases.items()
        ]
        try:
            return await measure()
        finally:
            for buyer in buyers:
                buyer.cancel()
            for ended in await asyncio.gather(*buyers, return_exceptions=True):
                if isinstance(ended, Exception):
                    raise BenchError(f"a buyer at the slow provider gave up: {ended!r}") from ended

    async def _keep_paying(self, number: int, purchase_id: UUID) -> None:
        """One buyer, on a connection of their own. A client library would cost more than the shop's answer."""
        url = urlsplit(self.server.url)
        request = (
            f"POST /api/v1/purchases/{purchase_id}/pay HTTP/1.1\r\nHost: {url.netloc}\r\n"
            f"Cart-Token: {_token(number)['Cart-Token']}\r\nContent-Length: 0\r\n\r\n"
        ).encode()
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        try:
            while True:
                writer.write(request)
                status, body = await _read_answer(reader)
                down = status == b"409" and b'"reason":"down"' in body
                if status != b"503" and not down:
                    raise BenchError(f"a payment at a silent provider: {status!r} {body[:300]!r}")
                self._refused += 1
                await asyncio.sleep(random.uniform(*_AGAIN_AFTER))  # noqa: S311 - people, not secrets
        finally:
            writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The status and the body of an HTTP answer with a stated length."""
    head = await reader.readuntil(b"\r\n\r\n")
    return head.split(b" ", 2)[1], await reader.readexactly(_length_of(head))


def _length_of(head: bytes) -> int:
    fields = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next((int(value) for name, _, value in fields if name == b"content-length"), 0)


@contextlib.asynccontextmanager
async def slow_shop(
    settings: Settings, database: BenchDatabase, *, home: Path, buyers: int, seconds: float
) -> AsyncIterator[SlowShop]:
    """A shop whose provider answers after `seconds`, with this many purchases waiting to be paid there."""
    folder = home / "slow"
    folder.mkdir(exist_ok=True)
    async with slow_peer(seconds) as peer:
        more = {"MERX_ALIPAY_GATEWAY_URL": peer.url, "MERX_ALIPAY_QR": "true"}
        async with shop_server(settings, database.dsn, home=folder, more=more) as server:
            first = await database.prepare_carts(buyers)
            async with httpx.AsyncClient(base_url=server.url, timeout=_PATIENCE) as client:
                purchases = {number: await _order(client, number) for number in range(first, first + buyers)}
            yield SlowShop(server, peer, purchases)


async def _order(client: httpx.AsyncClient, number: int) -> UUID:
    """Order a prepared cart and choose the slow provider for it. Raises BenchError."""
    placed = await client.post(
        f"/api/v1/carts/{store.CART_KIND}-0000-0000-0000-{number:012x}/checkout",
        content=msgspec.json.encode({"expected_total": {"amount": store.TOTAL, "currency": store.CURRENCY}}),
        headers={
            **_token(number), "Idempotency-Key": f"bench-{number}", "Content-Type": "application/json",
        },
    )  # fmt: skip
    if placed.is_error:
        raise BenchError(f"a prepared cart was refused: {placed.status_code} {placed.text[:300]}")
    purchase_id = UUID(placed.json()["purchase_id"])
    chosen = await client.post(
        f"/api/v1/purchases/{purchase_id}/payment-method", json={"provider": _SILENT}, headers=_token(number)
    )
    if chosen.is_error:
        raise BenchError(f"the slow provider was not taken: {chosen.status_code} {chosen.text[:300]}")
    return purchase_id


def _token(number: int) -> dict[str, str]:
    return {"Cart-Token": f"bench-{number}"}
