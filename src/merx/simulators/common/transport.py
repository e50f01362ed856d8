"""Silence, told apart from an answer: on a socket the caller waits in vain, in a process it gets a time-out at once."""

import asyncio
from typing import Any, Final

import httpx
from litestar import Litestar
from litestar.types import ASGIApp, Message, Receive, Scope, Send

SILENT_HEADER: Final = b"x-simulator-silent"
_SILENCE_SECONDS = 300


class _NoAnswerError(Exception):
    """The simulator was told to stay silent on this call."""


class SimulatorTransport(httpx.AsyncBaseTransport):
    """Calls the simulator directly; a silent call raises httpx.ReadTimeout without waiting."""

    def __init__(self, app: Litestar) -> None:
        self._inner = httpx.ASGITransport(app=_watched(app, hang=False))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request into the simulator."""
        try:
            return await self._inner.handle_async_request(request)
        except _NoAnswerError:
            raise httpx.ReadTimeout("the simulator stays silent", request=request) from None


def hanging(app: Litestar) -> ASGIApp:
    """The app for a socket: a silent call keeps its connection open and says nothing."""
    watched: ASGIApp = _watched(app, hang=True)
    return watched


def _watched(app: Litestar, *, hang: bool) -> Any:
    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        silent = False

        async def checked(message: Message) -> None:
            nonlocal silent
            if message["type"] == "http.response.start":
                silent = any(name.lower() == SILENT_HEADER for name, _ in message["headers"])
            if not silent:
                await send(message)

        await app(scope, receive, checked)
        if silent and not hang:
            raise _NoAnswerError
        if silent:
            # Longer than any client's patience; ends early when the server stops.
            await asyncio.sleep(_SILENCE_SECONDS)

    return watched
