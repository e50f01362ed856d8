"""What clients send about bills and differences."""

from typing import Annotated, Literal

from msgspec import Meta

from merx.api.core.requests import Input, PageQuery


class DifferenceQuery(PageQuery, frozen=True, kw_only=True):
    """Differences between bills and books, by state."""

    state: Literal["open", "resolved"] = "open"


class ResolveDifference(Input, frozen=True, kw_only=True):
    """How a difference is resolved, and why; an explanation needs words."""

    resolution: Literal["explain", "recheck", "accept_theirs", "write_off", "book"]
    note: Annotated[str, Meta(max_length=2000)] = ""
