"""How values go into columns."""

from typing import Any

import msgspec


def as_json(value: Any) -> str:
    """A value for a jsonb parameter."""
    return msgspec.json.encode(value).decode()
