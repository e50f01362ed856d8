"""The web application of one process: pages, API, provider notices and files behind one outer layer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar, Request, Response, get
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from merx.api import api_handlers, payment_handlers
from merx.catalog import MediaSettings
from merx.configuration import load_settings
from merx.infra.db import LOST, DatabaseLost, Sql
from merx.infra.http import Edge, EdgeRules, FileRoot, domain_problem, fault_problem, http_problem
from merx.infra.pages import PageCache, listen_for_changes
from merx.infra.settings import Settings
from merx.kit.errors import DomainError
from merx.payments.providers import payment_pages
from merx.services import Services, open_services
from merx.storefront import STATIC, storefront_exception_handlers, storefront_handlers

AnyRequest = Request[Any, Any, Any]
_HEALTHY = Sql("SELECT 1")


def create_app(services: Services | None = None) -> Edge:
    """The application. Without given services it opens its own from the settings when it starts."""
    settings = services.settings if services else load_settings()
    pages = services.pages if services else PageCache()
    app = Litestar(
        route_handlers=[
            health,
            health_of_providers,
            static_file,
            media_file,
            *payment_handlers,
            *api_handlers,
            *storefront_handlers,
        ],
        exception_handlers={
            DomainError: _by_reader(DomainError, domain_problem),
            HTTPException: _by_reader(HTTPException, http_problem),
            Exception: _by_reader(Exception, fault_problem),
            **dict.fromkeys(LOST, _by_reader(DomainError, domain_problem, instead=DatabaseLost)),
        },
        lifespan=[] if services else [lambda app: _open(app, settings, pages)],
        openapi_config=None,  # the API describes itself
        logging_config=None,  # ours redacts
        request_max_body_size=None,  # the outer layer counts
    )
    app.state.static = FileRoot(STATIC)
    app.state.media = FileRoot(settings.of(MediaSettings).media_dir)
    if services:
        app.state.services = services
    return Edge(app, edge_rules(settings), pages)


@contextlib.asynccontextmanager
async def _open(app: Litestar, settings: Settings, pages: PageCache) -> AsyncIterator[None]:
    assert settings.system.database_url is not None, "web workers attach to a database that runs"
    async with open_services(settings, settings.system.database_url, pages=pages) as services:
        app.state.services = services
        listening = asyncio.create_task(listen_for_changes(services.db, pages))
        try:
            yield
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening


def edge_rules(settings: Settings) -> EdgeRules:
    """What the outer layer enforces under these settings."""
    public = urlsplit(settings.web.public_url)
    pages = [urlsplit(page) for page in payment_pages(settings)]
    return EdgeRules(
        hosts=frozenset(settings.web.trusted_hosts),
        origins=frozenset({f"{public.scheme}://{public.netloc}"}),
        max_body_bytes=settings.web.max_body_bytes,
        form_targets=tuple(f"{page.scheme}://{page.netloc}" for page in pages),
        hsts=public.scheme == "https",
    )


def _by_reader(
    kind: type[Exception],
    problem: Callable[[AnyRequest, Any], Response[Any]],
    *,
    instead: type[DomainError] | None = None,
) -> Callable[[AnyRequest, Any], Response[Any]]:
    """A page for a browser that asks for one, problem details for a program; of the error `instead`, if given."""
    page = storefront_exception_handlers[kind]

    def answer(request: AnyRequest, error: Any) -> Response[Any]:
        api = request.scope["path"].startswith(("/api/", "/payments/"))
        wants_page = not api and "text/html" in request.headers.get("accept", "")
        shown = instead() if instead else error
        return page(request, shown) if wants_page else problem(request, shown)

    return answer


@get("/health", include_in_schema=False)
async def health(request: AnyRequest) -> Response[str]:
    """Whether this process can serve: it reaches the database."""
    services: Services = request.app.state.services
    async with services.db.read() as tx:
        await tx.value(_HEALTHY)
    return Response("ok", media_type="text/plain", headers={"Cache-Control": "no-store"})


@get("/health/providers", include_in_schema=False)
async def health_of_providers(request: AnyRequest) -> Response[dict[str, str]]:
    """Which payment providers answer, as far as this process knows. It asks none of them."""
    services: Services = request.app.state.services
    states = {each.code: "down" if each.is_down else "up" for each in services.providers}
    return Response(states, headers={"Cache-Control": "no-store"})


@get("/static/{name:path}", include_in_schema=False)
async def static_file(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """A built style sheet, script or icon."""
    root: FileRoot = request.app.state.static
    return await root.answer(str(name))


@get("/media/{name:path}", include_in_schema=False)
async def media_file(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """A picture."""
    root: FileRoot = request.app.state.media
    return await root.answer(str(name))
