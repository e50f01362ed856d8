"""Read what arrives: strict JSON bodies, query strings and headers."""

import re
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.exceptions import ClientException, HTTPException

from merx.api.core.errors import BadField, BadParameter
from merx.infra.http import BadIdempotencyKey, MissingIdempotencyKey, PreconditionFailed, PreconditionRequired

ApiRequest = Request[Any, Any, Any]


Body = TypeVar("Body", bound=msgspec.Struct)


MAX_BODY_BYTES: Final = 256 * 1024


_MAX_PARAMETERS: Final = 32


_KEY_MOST = 255
_KEY = re.compile(rf"[\x20-\x7e]{{1,{_KEY_MOST}}}")


_ETAG = re.compile(r'"([0-9]{1,9})"')


_NAMED = re.compile(r"(?:unknown|required) field `([^`]*)`")


_PLACE = re.compile(r" - at (?:`key` in )?`\$(.*)`$")


_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+|\.\.\.)\]")


@cache
def _decoder(shape: type[Body]) -> msgspec.json.Decoder[Body]:
    return msgspec.json.Decoder(shape)


async def read_body(request: ApiRequest, shape: type[Body]) -> Body:
    """The body as `shape`. 400 and 415 as HTTPException, BadField for what the JSON says."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise HTTPException(status_code=415)
    raw = await request.body()
    try:
        body: Body = _decoder(shape).decode(raw)
    except msgspec.ValidationError as error:
        pointer, detail = _pointer(str(error))
        raise BadField(pointer=pointer, errors=[{"pointer": pointer, "detail": detail}]) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ClientException from error
    return body


def _pointer(text: str) -> tuple[str, str]:
    """Split "Expected `int`, got `str` - at `$.lines[0].quantity`" into a JSON pointer and the rest."""
    found = _PLACE.search(text)
    steps = _STEP.findall(found.group(1)) if found else []
    names = [("-" if index == "..." else index) if index else name for name, index in steps]
    named = _NAMED.search(text)
    if named:
        names.append(named.group(1).replace("~", "~0").replace("/", "~1"))
    return "/" + "/".join(names), text[: found.start()] if found else text


def read_query(request: ApiRequest, shape: type[Body]) -> Body:
    """The query string as `shape`, each name once. Raises BadParameter."""
    raw = request.scope["query_string"]
    if not raw:
        return msgspec.convert({}, shape)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict"
        )
    except ValueError as error:
        raise BadParameter(pointer="?", errors=[]) from error
    values = dict(pairs)
    if len(values) < len(pairs):
        raise BadParameter(pointer="?", errors=[{"detail": "a parameter is given twice"}])
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        pointer, detail = _pointer(str(error))
        name = pointer.removeprefix("/") or "?"
        raise BadParameter(pointer=name, errors=[{"parameter": name, "detail": detail}]) from error


def idempotency_key(request: ApiRequest) -> str | None:
    """The Idempotency-Key, quoted as the draft has it or bare. Raises BadIdempotencyKey."""
    raw = request.headers.get("idempotency-key")
    if raw is None:
        return None
    key = raw.strip(" \t")
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = re.sub(r'\\(["\\])', r"\1", key[1:-1])
    if not _KEY.fullmatch(key):
        raise BadIdempotencyKey(most=_KEY_MOST)
    return key


def required_key(request: ApiRequest) -> str:
    """The Idempotency-Key of a request that must have one. Raises MissingIdempotencyKey, BadIdempotencyKey."""
    key = idempotency_key(request)
    if key is None:
        raise MissingIdempotencyKey
    return key


def expected_version(request: ApiRequest) -> int | None:
    """The version of the If-Match header; None for "*", any version. Raises PreconditionRequired, PreconditionFailed.

    A tag that is weak (RFC 9110 §13.1.1), in a list or not ours matches nothing.
    """
    raw = request.headers.get("if-match")
    if raw is None:
        raise PreconditionRequired
    value = raw.strip(" \t")
    if value == "*":
        return None
    found = _ETAG.fullmatch(value)
    if found is None:
        raise PreconditionFailed
    return int(found.group(1))


def matches_none(request: ApiRequest, etag: str) -> bool:
    """Whether If-None-Match names this tag, by weak comparison."""
    raw = request.headers.get("if-none-match")
    if raw is None:
        return False
    tags = {part.strip(" \t").removeprefix("W/") for part in raw.split(",")}
    return etag in tags or tags == {"*"}
