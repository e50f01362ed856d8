"""Moves of parcels."""

from typing import Final

from merx.kit.states import StateTable

PARCEL: Final = StateTable(
    "fulfilment",
    initial=["planned"],
    moves={
        "planned": ["picked", "cancelled"],
        "picked": ["shipped", "cancelled"],
        "shipped": ["delivered", "returned"],
        "delivered": ["received", "returned"],
        "received": [],
        "returned": [],
        "cancelled": [],
    },
)
