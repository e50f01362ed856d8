"""Refusals as pages. Each kind of refusal has one status, and says what to do next."""

from typing import Literal
from urllib.parse import urlencode

import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from merx.accounts import TooManyAttempts
from merx.kit import links
from merx.kit.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from merx.kit.ids import new_id
from merx.storefront.core.forms import PlainRequest
from merx.storefront.core.pages import Page, bare_page, error_text, fragment, see_other
from merx.storefront.core.views import ErrorView
from merx.storefront.core.visit import Visit, read_visit

Status = Literal[400, 403, 404, 409, 413, 422, 429, 500, 503]


_LOG = structlog.get_logger(__name__)


_KINDS: tuple[tuple[type[DomainError], Status], ...] = (
    (TooManyAttempts, 429),
    (Invalid, 422),
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (Unavailable, 503),
)


_SHOWN: frozenset[int] = frozenset({400, 403, 404, 409, 413, 422, 429, 503})


def status_of(error: DomainError) -> Status:
    """The HTTP status of a kind of refusal."""
    return next((status for kind, status in _KINDS if isinstance(error, kind)), 422)


def refusal_page(request: PlainRequest, error: DomainError) -> Page:
    """A refusal of the shop's own. Who has to log in first is led there and comes back."""
    visit = _visit(request)
    if isinstance(error, Unauthenticated) and request.method == "GET":
        return see_other(f"{links.login()}?{urlencode({'return_to': visit.path})}")
    status = status_of(error)
    if visit.partial:
        piece = fragment(visit, "core/refused.html", status=409, message=error_text(visit, error))
        piece.headers.update({"HX-Retarget": "#messages", "HX-Reswap": "innerHTML"})
        return piece
    response = _draw(
        visit, ErrorView(status=status, message=error_text(visit, error), back_url=_back(request))
    )
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(error.params.get("retry_after", 60))
    return response


def http_page(request: PlainRequest, error: HTTPException) -> Page:
    """A refusal of the web layer: no such address, a malformed one, too large a body."""
    visit = _visit(request)
    status = error.status_code if error.status_code in _SHOWN else 404 if error.status_code == 405 else 400
    return _draw(visit, ErrorView(status=status, back_url=_back(request)))  # type: ignore[arg-type]


def fault_page(request: PlainRequest, error: Exception) -> Page:
    """Our own fault: logged under a number that the visitor can name."""
    reference = new_id().hex[-12:]
    _LOG.error("page_failed", reference=reference, path=request.url.path, exc_info=error)
    return _draw(_visit(request), ErrorView(status=500, reference=reference, back_url=_back(request)))


def _draw(visit: Visit, view: ErrorView) -> Response[str]:
    return bare_page(visit, "core/error.html", view, status=view.status)


def _back(request: PlainRequest) -> str | None:
    """Where a form was sent from is where its reader wants to go back to."""
    return request.url.path.rpartition("/")[0] or "/" if request.method == "POST" else None


def _visit(request: PlainRequest) -> Visit:
    """The visit, without asking a database that may be the trouble who it is."""
    return read_visit(request, identity=None, token=None)
