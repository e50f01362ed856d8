"""What a route takes and gives, declared beside it: the OpenAPI description is made from this and from nothing else."""

from typing import Any, Final, Literal

import msgspec

OPERATION: Final = "operation"


Auth = Literal["nobody", "cart", "buyer", "account", "seller", "staff"]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One route. `auth`: nobody asks; "cart" and "buyer" take a Cart-Token or a session; the others take a session."""

    tag: str
    answer: type[msgspec.Struct] | None
    status: int = 200
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    auth: Auth = "nobody"
    key: Literal["none", "optional", "required"] = "none"
    if_match: bool = False
    etag: bool = False


def operation(
    tag: str,
    answer: type[msgspec.Struct] | None,
    **more: Any,
) -> dict[str, Any]:
    """The `opt` of a route handler."""
    return {OPERATION: Operation(tag=tag, answer=answer, **more)}
