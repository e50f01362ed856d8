"""Opaque cursors: a page's end as a signed-off position, so that reading on is stable while rows come and go."""

import base64
from typing import Final, TypeVar

import msgspec

from merx.kit.errors import Invalid

PAGE_LIMIT: Final = 100
Position = TypeVar("Position")


class BadCursor(Invalid):
    """The cursor was not made by us for this list."""

    code = "bad_cursor"
    message = "This cursor is not valid for this list. Start again without it."


def encode_cursor(*position: str | int) -> str:
    """Pack a sort position into an opaque, URL-safe text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def decode_cursor(cursor: str, shape: type[Position]) -> Position:
    """Unpack a cursor into `shape` (a tuple type). Raises BadCursor."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if b"\\u0000" in raw:  # PostgreSQL's texts hold none
            raise BadCursor
        return msgspec.json.decode(raw, type=shape)
    except (ValueError, msgspec.DecodeError) as error:
        raise BadCursor from error
