"""The outermost layer of the web application, in front of routing.

It refuses foreign hosts, cross-site writes and oversized bodies, gives every request an id, puts the security headers on
every answer (errors and redirects too), and serves kept public pages without waking anything behind it.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog

from merx.infra.logging import security_event
from merx.infra.pages import PageCache
from merx.kit.ids import new_id

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

KEEP_HEADER: Final = "x-merx-keep"
_KEEP = KEEP_HEADER.encode()
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_VARY: Final = (b"cookie", b"accept-language", b"accept", b"hx-request")
_LONGEST_QUERY: Final = 200
_LOG = structlog.get_logger(__name__)


class EdgeRules(msgspec.Struct, frozen=True):
    """What the layer enforces.

    `form_targets` are origins a form may lead to beside our own; `writable_from_anywhere` are path prefixes of servers'
    notices, which carry signatures instead of cookies.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    max_body_bytes: int
    form_targets: tuple[str, ...] = ()
    hsts: bool = False
    writable_from_anywhere: tuple[str, ...] = ("/payments/",)
    personal_cookies: tuple[bytes, ...] = (b"merx_session=", b"merx_cart=")

    def knows(self, host: str) -> bool:
        """Whether the shop answers to this host name: one of `hosts`, or below one written as *.example.com, or any (*)."""
        if host in self.hosts or "*" in self.hosts:
            return True
        _, dot, parent = host.partition(".")
        return bool(dot) and f"*.{parent}" in self.hosts


def keep_public(seconds: int, tag: str) -> dict[str, str]:
    """The headers by which a route offers its answer for keeping.

    They say: this is the same for everybody without a session or a cart, may be served again for so many seconds, and
    shows `tag`.
    """
    return {KEEP_HEADER: f"{seconds} {tag}"}


class Edge:
    """ASGI application around another."""

    def __init__(self, app: App, rules: EdgeRules, pages: PageCache) -> None:
        self._app = app
        self._rules = rules
        self._pages = pages
        self._headers = _security_headers(rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # what GET would answer, without the body
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        headers = dict(scope["headers"])
        key = self._key(scope, headers)
        if key is not None:
            kept = self._pages.get(key)
            if kept is not None and self._rules.knows(_host(headers)):
                await send(kept.start)
                await send(kept.body)
                return
        request_id = _request_id(headers)
        scope["merx_request_id"] = request_id
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(send, headers, self._headers, *refusal)
            return
        limited = _Limited(receive, self._rules.max_body_bytes)
        out = _Outgoing(send, self._headers, request_id, self._pages, key, limited)
        await self._app(scope, limited, out.send)
        if limited.exceeded and not out.started:
            await _refuse(send, headers, self._headers, *_TOO_LARGE)

    def _key(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[Any, ...] | None:
        """What a kept page depends on; None when this visitor's pages are their own."""
        if scope["method"] != "GET" or len(scope["query_string"]) > _LONGEST_QUERY:
            return None
        cookie = headers.get(b"cookie", b"")
        if cookie and any(name in cookie for name in self._rules.personal_cookies):
            return None
        if b"authorization" in headers or b"if-none-match" in headers:
            return None
        return (scope["path"], scope["query_string"], *(headers.get(name) for name in _VARY))

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[int, bytes, bytes] | None:
        if not self._rules.knows(_host(headers)):
            return 400, b"unknown_host", b"This server does not answer to this host name."
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._rules.max_body_bytes:
            return _TOO_LARGE
        if scope["method"] not in _SAFE and not self._same_site(scope, headers):
            security_event("cross_site_write", path=scope["path"], method=scope["method"])
            return (
                403,
                b"cross_site",
                b"This request comes from another site. Open the shop and repeat it there.",
            )
        return None

    def _same_site(self, scope: Scope, headers: dict[bytes, bytes]) -> bool:
        """Whether a write comes from our own pages, or from a program that carries no cookies."""
        if scope["path"].startswith(self._rules.writable_from_anywhere):
            return True
        fetch_site = headers.get(b"sec-fetch-site")
        if fetch_site is not None:
            return fetch_site in (b"same-origin", b"none")
        origin = headers.get(b"origin")
        if origin is not None:
            return origin.decode("latin-1") in self._rules.origins
        return b"cookie" not in headers


def _without_body(send: Send) -> Send:
    async def headers_only(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return headers_only


def _host(headers: dict[bytes, bytes]) -> str:
    host = headers.get(b"host", b"").decode("latin-1").lower()
    return host if host.startswith("[") and host.endswith("]") else host.rpartition(":")[0] or host


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"request-id", b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else new_id().hex


def _security_headers(rules: EdgeRules) -> Headers:
    targets = " ".join(("'self'", *rules.form_targets))
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"font-src 'self'; manifest-src 'self'; form-action {targets}; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if rules.hsts:
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


class _Limited:
    """Counts the body as it is read, for a length header may lie or be missing. Past the limit it hangs up."""

    __slots__ = ("_left", "_receive", "exceeded")

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self.exceeded = False

    async def __call__(self) -> dict[str, Any]:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.exceeded = True
                return {"type": "http.disconnect"}
        return message


class _Outgoing:
    """Adds headers to an answer, and keeps the ones that may be kept."""

    __slots__ = (
        "_generation",
        "_headers",
        "_keep",
        "_key",
        "_limited",
        "_pages",
        "_parts",
        "_request_id",
        "_send",
        "_start",
        "started",
    )

    def __init__(
        self,
        send: Send,
        headers: Headers,
        request_id: str,
        pages: PageCache,
        key: tuple[Any, ...] | None,
        limited: _Limited,
    ) -> None:
        self._send = send
        self._headers = headers
        self._request_id = request_id
        self._pages = pages
        self._key = key
        self._limited = limited
        self._generation = pages.generation
        self._keep: bytes | None = None
        self._start: dict[str, Any] = {}
        self._parts: list[bytes] = []
        self.started = False

    async def send(self, message: dict[str, Any]) -> None:
        if self._limited.exceeded and not self.started:
            return  # whatever was made of half a body: the refusal is sent in its place
        if message["type"] == "http.response.start":
            self.started = True
            message = self._complete(message)
        elif message["type"] == "http.response.body" and self._keep is not None:
            self._collect(message)
        await self._send(message)

    def _complete(self, message: dict[str, Any]) -> dict[str, Any]:
        headers: Headers = []
        for name, value in message.get("headers", ()):
            if name.lower() == _KEEP:
                if self._key is not None and message["status"] == 200:
                    self._keep = value
                continue
            headers.append((name, value))
        present = {name.lower() for name, _ in headers}
        headers.extend(pair for pair in self._headers if pair[0] not in present)
        self._start = {**message, "headers": headers}
        return {**message, "headers": [*headers, (b"request-id", self._request_id.encode())]}

    def _collect(self, message: dict[str, Any]) -> None:
        self._parts.append(message.get("body", b""))
        if message.get("more_body"):
            return
        assert self._keep is not None
        seconds, _, tag = self._keep.decode().partition(" ")
        self._pages.keep(
            self._key or (), status=200, headers=self._start["headers"], body=b"".join(self._parts),
            seconds=float(seconds), tag=tag, generation=self._generation,
        )  # fmt: skip


_TOO_LARGE = (413, b"body_too_large", b"The request body is too large.")
_PAGE = (
    "<!doctype html><html lang=zh-CN><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Merx</title><h1>{status}</h1><p>请求被拒绝：{chinese}</p><p lang=en>{english}</p><p><a href=/>Merx</a></p></html>"
)
_CHINESE = {
    b"body_too_large": "上传的内容过大。",
    b"unknown_host": "本服务器不使用该域名。",
    b"cross_site": "请求来自其他网站，请在本店页面中重试。",
}


async def _refuse(
    send: Send, asked: dict[bytes, bytes], headers: Headers, status: int, code: bytes, detail: bytes
) -> None:
    """Answer for the layer itself: a small page for a browser, problem details for a program."""
    if b"text/html" in asked.get(b"accept", b""):
        kind = b"text/html; charset=utf-8"
        body = _PAGE.format(status=status, chinese=_CHINESE[code], english=detail.decode()).encode()
    else:
        kind = b"application/problem+json"
        body = b'{"type":"about:blank","status":%d,"code":"%b","detail":"%b"}' % (status, code, detail)
    extra = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *extra]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
