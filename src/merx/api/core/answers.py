"""Write answers: JSON bytes encoded once, entity tags, links."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Response

from merx.api.core.reading import ApiRequest

Answer = Response[bytes]


JSON: Final = "application/json"


PRIVATE: Final = {"Cache-Control": "no-store"}


PUBLIC: Final = {"Cache-Control": "public, no-cache"}


REPLAYED: Final = {"Idempotent-Replayed": "true"}


_ENCODER = msgspec.json.Encoder()


def answer(content: Any, *, status: int = 200, headers: Mapping[str, str] = PRIVATE) -> Answer:
    """A JSON answer. Nobody may keep it unless `headers` say so."""
    return Response(_ENCODER.encode(content), status_code=status, media_type=JSON, headers=dict(headers))


def done(content: Any, *, status: int, replayed: bool) -> Answer:
    """The answer of a command that carries an Idempotency-Key."""
    return answer(content, status=status, headers=PRIVATE | REPLAYED if replayed else PRIVATE)


def nothing(*, status: int = 204, headers: Mapping[str, str] = PRIVATE) -> Answer:
    """An answer without a body."""
    return Response(b"", status_code=status, headers=dict(headers))


def version_tag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def versioned(
    content: Any, version: int, *, status: int = 200, headers: Mapping[str, str] = PRIVATE
) -> Answer:
    """An answer whose ETag can be sent back as If-Match."""
    return answer(content, status=status, headers={**headers, "ETag": version_tag(version)})


def listed(
    request: ApiRequest, content: Any, next_cursor: str | None, *, headers: Mapping[str, str] = PRIVATE
) -> Answer:
    """A page of a list; RFC 8288 links to the next one."""
    if next_cursor is None:
        return answer(content, headers=headers)
    kept = [
        pair
        for pair in parse_qsl(request.scope["query_string"].decode("ascii"), keep_blank_values=True)
        if pair[0] != "cursor"
    ]
    target = f"{request.scope['path']}?{urlencode([*kept, ('cursor', next_cursor)])}"
    return answer(content, headers={**headers, "Link": f'<{target}>; rel="next"'})
