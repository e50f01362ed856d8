"""Moves of an after-sales case.

`rejected → escalated` is the buyer's: a seller's no is not the last word, the platform's is.
"""

from typing import Final

from merx.kit.states import StateTable

RETURN_STATES: Final = StateTable(
    "return",
    initial=["requested"],
    moves={
        "requested": ["approved", "proposed", "rejected", "withdrawn", "escalated"],
        "proposed": ["approved", "requested", "withdrawn", "escalated"],
        "escalated": ["approved", "inspected", "rejected", "withdrawn"],
        "approved": ["in_transit", "settled", "withdrawn"],
        "in_transit": ["inspected", "escalated"],
        "inspected": ["settled"],
        "rejected": ["escalated"],
        "settled": [],
        "withdrawn": [],
    },
)
