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
    message = "An Idempotency-Key has 1 to 255 printable ASCII characters."


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
    400: ("malformed_request", "The request is not well formed."),
    401: ("unauthenticated", "Log in first."),
    403: ("forbidden", "You may not do this."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("body_too_large", "The request body is too large."),
    415: ("unsupported_media_type", "Send the body as application/json."),
}


def status_of(error: DomainError) -> HTTPStatus:
    """The HTTP status of a refusal."""
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
    status = error.status_code
    code, message = _HTTP_CODES.get(status, ("malformed_request", "The request is not well formed."))
    extra: dict[str, Any] = {}
    if isinstance(error, ValidationException):
        code, status, message = "invalid", 422, "Some fields are wrong; see errors."
        extra["errors"] = error.extra or [{"message": error.detail}]
    return _problem(request, status, code, message_text(message, {}, locale=locale_of(request)), extra=extra)


def fault_problem(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Our own fault: the reader gets a number, the log gets the rest."""
    _LOG.error("request_failed", request_id=_request_id(request), path=request.url.path, exc_info=error)
    text = message_text(
        "Something went wrong on our side. Nothing was changed.", {}, locale=locale_of(request)
    )
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
