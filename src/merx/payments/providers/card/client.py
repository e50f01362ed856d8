"""Calls to the card API: one authenticated request with a nested form, a bounded JSON answer, a deadline."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from merx.payments.providers.card.fields import FormValue, Page, form_pairs
from merx.payments.providers.errors import ProviderRefused, ProviderUnavailable

PROVIDER: Final = "card"
_TIMEOUT: Final = httpx.Timeout(connect=3, read=8, write=5, pool=3)
_MAX_ANSWER: Final = 4 * 1024 * 1024
_LAST_GOOD: Final = 299
_FAULT: Final = 500
_PAGE: Final = 100
_MAX_PAGES: Final = 1000
# Refusals that may be gone on the next try: somebody else is at work on the object, or too many calls were made.
_BUSY_STATUSES: Final = frozenset({408, 409, 425, 429})
_PASSING_CODES: Final = frozenset(
    {"balance_insufficient", "insufficient_funds", "lock_timeout", "rate_limit"}
)


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T")
Listed = TypeVar("Listed", bound=_Identified)


class Reply(msgspec.Struct, frozen=True):
    """An answer: a good one holds an object, another one an error. `replayed`: it repeats the answer to an earlier try."""

    status: int
    body: dict[str, Any]
    replayed: bool

    @property
    def good(self) -> bool:
        """Whether the call did what it was asked to."""
        return self.status <= _LAST_GOOD

    @property
    def error_code(self) -> str:
        """The provider's name of the error, or nothing."""
        error = self.body.get("error")
        code = error.get("code") or error.get("type") if isinstance(error, dict) else None
        return code if isinstance(code, str) else ""

    def read(self, kind: type[T]) -> T:
        """The object of a good answer.

        Raises ProviderUnavailable when the provider was at fault, busy, or answered in another form, ProviderRefused
        when it refused and no repeat cures that.
        """
        if not self.good:
            reason = f"HTTP {self.status} {self.error_code}".strip()
            passing = self.status >= _FAULT or self.status in _BUSY_STATUSES
            if passing or self.error_code in _PASSING_CODES:
                raise ProviderUnavailable(provider=PROVIDER, reason=reason)
            raise ProviderRefused(provider=PROVIDER, reason=reason)
        try:
            return msgspec.convert(self.body, kind)
        except msgspec.ValidationError as problem:
            raise _misformed() from problem


class CardClient:
    """Calls with one secret key. Every call ends within `deadline_seconds`, whatever the other side does."""

    def __init__(
        self,
        *,
        base_url: str,
        secret_key: str,
        api_version: str,
        http: httpx.AsyncClient,
        deadline_seconds: float,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {
            "authorization": f"Bearer {secret_key}",
            "stripe-version": api_version,
            "accept": "application/json",
        }
        self._http = http
        self._deadline_seconds = deadline_seconds

    async def get(self, path: str, **parameters: FormValue) -> Reply:
        """Read an object or a page. Raises ProviderUnavailable."""
        query = urlencode(form_pairs(parameters))
        return await self._call("GET", f"{path}?{query}" if query else path, content=None, headers={})

    async def post(self, path: str, values: Mapping[str, FormValue], *, key: str | None = None) -> Reply:
        """Change something; with the same `key` the provider does it once. Raises ProviderUnavailable."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if key is not None:
            headers["idempotency-key"] = key
        content = urlencode(form_pairs(values)).encode("ascii")
        return await self._call("POST", path, content=content, headers=headers)

    async def pages(self, path: str, parameters: Mapping[str, FormValue], kind: type[Listed]) -> list[Listed]:
        """Every object of a list, newest first. Raises ProviderUnavailable, ProviderRefused."""
        found: list[Listed] = []
        after: dict[str, FormValue] = {}
        for _ in range(_MAX_PAGES):
            reply = await self.get(path, limit=_PAGE, **parameters, **after)
            page = reply.read(Page)
            try:
                found += [msgspec.convert(each, kind) for each in page.data]
            except msgspec.ValidationError as problem:
                raise _misformed() from problem
            if not page.has_more or not found:
                return found
            after = {"starting_after": found[-1].id}
        raise ProviderUnavailable(provider=PROVIDER, reason="the list does not end")

    @asynccontextmanager
    async def deadline(self) -> AsyncIterator[None]:
        """Several calls under one deadline. Raises ProviderUnavailable when it passes."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                yield
        except TimeoutError as problem:
            raise ProviderUnavailable(provider=PROVIDER, reason="TimeoutError") from problem

    async def _call(
        self, method: str, path: str, *, content: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        try:
            async with self.deadline():
                status, replayed, body = await self._send(method, path, content, headers)
        except httpx.HTTPError as problem:
            raise ProviderUnavailable(provider=PROVIDER, reason=type(problem).__name__) from problem
        return Reply(status, _object(body, status), replayed)

    async def _send(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bool, bytes]:
        async with self._http.stream(
            method,
            f"{self._base_url}{path}",
            content=content,
            headers={**self._headers, **headers},
            timeout=_TIMEOUT,
            follow_redirects=False,
        ) as answer:
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _MAX_ANSWER:
                    raise ProviderUnavailable(provider=PROVIDER, reason="the answer is too long")
        return answer.status_code, answer.headers.get("idempotent-replayed") == "true", bytes(body)


def _misformed() -> ProviderUnavailable:
    return ProviderUnavailable(provider=PROVIDER, reason="the answer has the wrong form")


def _object(body: bytes, status: int) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        if status >= _FAULT:
            return {}
        raise ProviderUnavailable(provider=PROVIDER, reason="the answer is not JSON") from problem
