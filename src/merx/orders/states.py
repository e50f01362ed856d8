"""Which moves an order may make. `cancelled → placed` exists for one cause only: money that came late and found stock."""

from typing import Final

from merx.kit.states import StateTable

ORDER_STATES: Final = StateTable(
    "order",
    initial=["pending_payment"],
    moves={
        "pending_payment": ["placed", "cancelled"],
        "placed": ["closed", "cancelled"],
        "cancelled": ["placed"],
        "closed": [],
    },
)
