"""Refusals as problem details (RFC 9457), with one table from kinds of refusal to HTTP status."""

from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from merx.infra.translate import message_text
from merx.kit.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable

PROBLEM_JSON: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 2
LOCALES: Final = ("zh-CN", "en")
AnyRequest = Request[Any, Any, Any]
_LOG = structlog.get_logger(__name__)


class MissingIdempotencyKey(Invalid):
    """A command came without the header that makes it safe to repeat."""

    code = "idempotency_key_missing"
    message = (
        "Send an Idempotency-Key header: a new random text for each command, the same one for its repeats."
    )


class BadIdempotencyKey(Invalid):
    """The Idempotency-Key is empty, too long or not printable ASCII."""

    code = "idempotency_key_malformed"
    message = "An Idempotency-Key has 1 to %(most)s printable ASCII characters."


class PreconditionRequired(Invalid):
    """A change of something edited by many came without If-Match."""

    code = "if_match_missing"
    message = "Send the ETag you read as If-Match, so that nobody's change is overwritten."


class PreconditionFailed(Conflict):
    """It was changed since it was read."""

    code = "if_match_failed"
    message = "It has been changed since you read it. Read it again and repeat the change."


_BY_KIND: Final[tuple[tuple[type[DomainError], HTTPStatus], ...]] = (
    (MissingIdempotencyKey, HTTPStatus.BAD_REQUEST),
    (BadIdempotencyKey, HTTPStatus.BAD_REQUEST),
    (PreconditionRequired, HTTPStatus.PRECONDITION_REQUIRED),
    (PreconditionFailed, HTTPStatus.PRECONDITION_FAILED),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (Conflict, HTTPStatus.CONFLICT),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)
_HTTP_CODES: Final = {
    400: "malformed_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


def _http_text(status: int, locale: str) -> str:
    """What the web layer's own refusals say."""
    match status:
        case 404:
            return message_text("There is nothing at this address.", {}, locale=locale)
        case 405:
            return message_text("This address does not take this method.", {}, locale=locale)
        case 413:
            return message_text("The request body is too large.", {}, locale=locale)
        case 415:
            return message_text("Send the body as application/json.", {}, locale=locale)
        case _:
            return message_text("The request is not well formed.", {}, locale=locale)


def status_of(error: DomainError) -> HTTPStatus:
    """The HTTP status of a refusal."""
    if "retry_after" in error.params:
        return HTTPStatus.TOO_MANY_REQUESTS
    return next(status for kind, status in _BY_KIND if isinstance(error, kind))


def locale_of(request: AnyRequest) -> str:
    """The language of the answer: the first of Accept-Language that we speak, English otherwise."""
    for part in request.headers.get("accept-language", "").split(",")[:16]:
        tag = part.partition(";")[0].strip().lower()
        for locale in LOCALES:
            if tag.partition("-")[0] == locale.partition("-")[0]:
                return locale
    return "en"


def domain_problem(request: AnyRequest, error: DomainError) -> Response[bytes]:
    """An expected refusal. The values it carries travel as extension members."""
    status = status_of(error)
    detail = message_text(error.message, error.params, locale=locale_of(request))
    headers = {}
    if isinstance(error, Unavailable) or "retry_after" in error.params:
        headers["Retry-After"] = str(error.params.get("retry_after", RETRY_AFTER_SECONDS))
    return _problem(request, int(status), error.code, detail, extra=error.params, headers=headers)


def http_problem(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """A refusal of the web layer: malformed, unknown address, wrong method."""
    status, locale = error.status_code, locale_of(request)
    if isinstance(error, ValidationException):
        text = message_text("Some fields are wrong; see errors.", {}, locale=locale)
        return _problem(
            request, 422, "invalid", text, extra={"errors": error.extra or [{"message": error.detail}]}
        )
    return _problem(request, status, _HTTP_CODES.get(status, "malformed_request"), _http_text(status, locale))


def fault_problem(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Our own fault: the reader gets a number, the log gets the rest."""
    _LOG.error("request_failed", request_id=_request_id(request), path=request.url.path, exc_info=error)
    text = message_text("Something went wrong on our side. Try again shortly.", {}, locale=locale_of(request))
    return _problem(request, 500, "internal_error", text)


def _problem(
    request: AnyRequest,
    status: int,
    code: str,
    detail: str,
    *,
    extra: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": _request_id(request),
    }
    content = msgspec.json.encode({**(extra or {}), **body}, enc_hook=str)
    return Response(
        content,
        status_code=status,
        media_type=PROBLEM_JSON,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _request_id(request: AnyRequest) -> str:
    return str(request.scope.get("merx_request_id", ""))
