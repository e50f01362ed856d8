"""What clients send about disputes."""

from typing import Literal

from merx.api.core.requests import PageQuery


class DisputeQuery(PageQuery, frozen=True, kw_only=True):
    """Disputes, by state."""

    state: Literal["inquiry", "needs_response", "under_review", "won", "lost", "closed"] | None = None
