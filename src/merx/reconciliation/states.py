"""Which moves a bill and a difference may make. A matched bill may be read again: what it has since gained is matched."""

from typing import Final

from merx.kit.states import StateTable

BILL_STATES: Final = StateTable("bill", initial=["waiting"], moves={"waiting": ["matched"], "matched": []})

DIFFERENCE_STATES: Final = StateTable(
    "difference", initial=["open", "resolved"], moves={"open": ["resolved"], "resolved": []}
)
