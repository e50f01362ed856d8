"""The outermost layer and the kept pages: what is refused before anything is asked, and what is served from memory."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from merx.catalog import ProductChanged, forget_changed_product
from merx.infra.db import Database
from merx.infra.http import Edge, EdgeRules
from merx.infra.http.edge import KEEP_HEADER, keep_public
from merx.infra.outbox import Heard
from merx.infra.pages import PageCache, listen_for_changes
from merx.kit.ids import new_id

ORIGIN = "https://shop.test"
LIMIT = 1000

Answer = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Inner:
    """An application that counts its calls, reads the body, and answers as told."""

    def __init__(self) -> None:
        self.calls = 0
        self.body = b""
        self.status = 200
        self.headers: dict[str, str] = {}
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.calls += 1
        self.scope = scope
        self.body = b""
        more = True
        while more:
            message = await receive()
            self.body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"page ", "more_body": True})
        await send({"type": "http.response.body", "body": str(self.calls).encode(), "more_body": False})


class Site:
    """The layer around the inner application, and a browser in front of it."""

    def __init__(self, **rules: Any) -> None:
        self.inner = Inner()
        self.pages = PageCache()
        self.rules = EdgeRules(
            hosts=frozenset({"shop.test", "[::1]"}),
            origins=frozenset({ORIGIN}),
            max_body_bytes=LIMIT,
            **rules,
        )
        app: Any = Edge(self.inner, self.rules, self.pages)
        self.web = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN)


@pytest.fixture
async def site() -> Any:
    site = Site()
    yield site
    await site.web.aclose()


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert answer.json()["status"] == status
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("host", ["evil.test", "shop.test.evil.test", "", "shop.test@evil.test", "127.0.0.1"])
async def test_a_foreign_host_is_refused_before_anything_runs(site: Site, host: str) -> None:
    refused(await site.web.get("/", headers={"host": host}), 400, "unknown_host")
    assert site.inner.calls == 0


@pytest.mark.parametrize("host", ["shop.test", "shop.test:8443", "SHOP.test", "[::1]", "[::1]:8000"])
async def test_our_hosts_are_answered_on_any_port(site: Site, host: str) -> None:
    assert (await site.web.get("/", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "cookie": "merx_session=x"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.test", "cookie": "merx_session=x"},
        {"origin": "null"},
        {"origin": "http://shop.test"},
        {"cookie": "merx_session=x"},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_from_another_site_is_refused(site: Site, method: str, headers: dict[str, str]) -> None:
    refused(await site.web.request(method, "/cart", headers=headers), 403, "cross_site")
    assert site.inner.calls == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin", "cookie": "merx_session=x"},
        {"origin": ORIGIN, "cookie": "merx_session=x"},
        {"authorization": "Bearer x"},
        {},
    ],
)
async def test_a_write_from_our_pages_or_a_program_goes_through(site: Site, headers: dict[str, str]) -> None:
    assert (await site.web.post("/cart", headers=headers)).status_code == 200


async def test_a_providers_notice_may_come_from_anywhere(site: Site) -> None:
    answer = await site.web.post("/payments/alipay/notify", headers={"origin": "https://alipay.test"})
    assert answer.status_code == 200


async def test_a_body_that_says_it_is_too_long_is_refused_unread(site: Site) -> None:
    answer = await site.web.post("/", content=b"x" * (LIMIT + 1))
    refused(answer, 413, "body_too_large")
    assert site.inner.calls == 0
    assert (await site.web.post("/", content=b"x" * LIMIT)).status_code == 200


@pytest.mark.parametrize("length", ["-1", "many", "1e3", "９"])
async def test_a_length_that_is_no_number_is_refused(site: Site, length: str) -> None:
    answer = await site.web.post("/", headers=[(b"content-length", length.encode())], content=b"")
    refused(answer, 413, "body_too_large")


async def test_a_body_that_hides_its_length_is_counted_as_it_is_read(site: Site) -> None:
    async def endless() -> Any:
        for _ in range(LIMIT):
            yield b"x" * 100

    answer = await site.web.post("/", content=endless())
    refused(answer, 413, "body_too_large")
    assert len(site.inner.body) <= LIMIT


@pytest.mark.parametrize("status", [200, 302, 404, 500])
async def test_every_answer_carries_the_security_headers_and_an_id(site: Site, status: int) -> None:
    site.inner.status = status
    answer = await site.web.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.headers["request-id"]) == 32
    assert answer.headers["request-id"] == site.inner.scope["merx_request_id"]


async def test_a_routes_own_header_wins_and_hsts_is_only_sent_when_asked_for(site: Site) -> None:
    site.inner.headers = {"referrer-policy": "no-referrer"}
    answer = await site.web.get("/")
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    assert "strict-transport-security" not in answer.headers
    secure = Site(hsts=True, form_targets=("https://pay.test",))
    answer = await secure.web.get("/")
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "form-action 'self' https://pay.test;" in answer.headers["content-security-policy"]
    await secure.web.aclose()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("my-id.1234_x", True),
        ("short", False),
        ("a" * 65, False),
        ("bad id with spaces", False),
        ("x\ty12345678", False),
    ],
)
async def test_a_callers_request_id_is_kept_when_it_is_harmless(site: Site, given: str, kept: bool) -> None:
    answer = await site.web.get("/", headers={"request-id": given})
    assert (answer.headers["request-id"] == given) == kept


# ------------------------------------------------------------------------------------------------ kept pages


async def visit(site: Site, path: str = "/p/tea", **headers: str) -> str:
    answer = await site.web.get(
        path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    assert KEEP_HEADER not in answer.headers
    return answer.text


@pytest.fixture
def offering(site: Site) -> Site:
    """A site whose pages may be kept for a minute."""
    site.inner.headers = keep_public(60, "tea") | {"content-type": "text/html"}
    return site


async def test_a_public_page_is_made_once_and_served_from_memory(offering: Site) -> None:
    assert [await visit(offering) for _ in range(3)] == ["page 1"] * 3
    assert offering.inner.calls == 1
    kept = await offering.web.get("/p/tea")
    assert kept.headers["content-type"] == "text/html"
    assert "content-security-policy" in kept.headers
    assert "request-id" not in kept.headers, "an id names one request"


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": "merx_session=x"},
        {"cookie": "a=b; merx_cart=y"},
        {"authorization": "Bearer x"},
        {"if_none_match": '"1"'},
    ],
)
async def test_a_person_gets_pages_of_their_own_and_leaves_none_behind(offering: Site, headers: Any) -> None:
    assert await visit(offering, **headers) == "page 1"
    assert await visit(offering) == "page 2"
    assert await visit(offering, **headers) == "page 3"


@pytest.mark.parametrize(
    "headers", [{"accept_language": "zh-CN"}, {"accept": "application/json"}, {"hx_request": "true"}]
)
async def test_what_a_page_depends_on_tells_pages_apart(offering: Site, headers: Any) -> None:
    assert await visit(offering) == "page 1"
    assert await visit(offering, **headers) == "page 2"
    assert await visit(offering, "/p/tea?page=2") == "page 3"
    assert await visit(offering) == "page 1"


async def test_a_kept_page_is_not_served_to_a_foreign_host(offering: Site) -> None:
    await visit(offering)
    refused(await offering.web.get("/p/tea", headers={"host": "evil.test"}), 400, "unknown_host")


@pytest.mark.parametrize("status", [404, 500, 302])
async def test_only_successes_are_kept(offering: Site, status: int) -> None:
    offering.inner.status = status
    assert [await visit(offering), await visit(offering)] == ["page 1", "page 2"]


async def test_a_page_without_the_offer_and_one_with_a_long_query_are_not_kept(offering: Site) -> None:
    assert [await visit(offering, "/?q=" + "x" * 250) for _ in range(2)] == ["page 1", "page 2"]
    offering.inner.headers = {}
    assert [await visit(offering), await visit(offering)] == ["page 3", "page 4"]


def a_page(
    cache: PageCache, name: str, *, size: int = 10, tag: str = "t", generation: int | None = None
) -> None:
    cache.keep(
        (name,), status=200, headers=[], body=b"x" * size, seconds=60, tag=tag,
        generation=cache.generation if generation is None else generation,
    )  # fmt: skip


def test_forgetting_a_tag_drops_its_pages_and_no_others() -> None:
    cache = PageCache()
    a_page(cache, "a", tag="tea")
    a_page(cache, "b", tag="cup")
    cache.forget("tea")
    assert cache.get(("a",)) is None
    assert cache.get(("b",)) is not None


def test_a_page_begun_before_something_was_forgotten_is_not_kept() -> None:
    cache = PageCache()
    begun = cache.generation
    cache.forget("anything")
    a_page(cache, "a", generation=begun)
    assert cache.get(("a",)) is None


def test_the_least_recently_used_pages_make_room() -> None:
    cache = PageCache(largest_bytes=32_000)
    for name in "abcdefghijklmnopq":
        a_page(cache, name, size=1488)
        cache.get(("a",))
    assert cache.get(("a",)) is not None
    assert cache.get(("b",)) is None
    assert cache.get(("q",)) is not None
    a_page(cache, "huge", size=2001)
    assert cache.get(("huge",)) is None, "a page that would push out everything else is not kept"


def test_a_stale_page_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = PageCache()
    a_page(cache, "a")
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert cache.get(("a",)) is None


async def test_a_change_in_the_feed_makes_every_process_forget(db: Database, now: Any) -> None:
    caches = [PageCache(), PageCache()]
    tasks = [asyncio.create_task(listen_for_changes(db, cache)) for cache in caches]
    product = new_id()
    try:
        while not all(cache.generation for cache in caches):
            await asyncio.sleep(0.005)
        for cache in caches:
            a_page(cache, "a", tag=str(product))
            a_page(cache, "b", tag="other")
        heard = Heard(ProductChanged(product, "coat", 1), new_id(), now)
        await db.write(lambda tx: forget_changed_product(tx, heard))
        while any(cache.get(("a",)) for cache in caches):
            await asyncio.sleep(0.005)
        assert all(cache.get(("b",)) for cache in caches)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_while_nobody_listens_nothing_is_trusted(db: Database, owner: Any) -> None:
    cache = PageCache()
    task = asyncio.create_task(listen_for_changes(db, cache))
    try:
        while not cache.generation:
            await asyncio.sleep(0.005)
        a_page(cache, "a")
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        while cache.get(("a",)) is not None:
            await asyncio.sleep(0.005)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
