"""Legal moves of a promotion."""

from typing import Final

from merx.kit.states import StateTable

PROMOTION_STATES: Final = StateTable(
    "promotion",
    initial=["active"],
    moves={"active": ["paused", "ended"], "paused": ["active", "ended"], "ended": []},
)
