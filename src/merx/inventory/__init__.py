"""Stock, and every other limited thing: allotments, holds with expiry, and the journal of movements.

An allotment's counters change only together with a movement row, in one statement. Allotments are locked in id order,
holds after their allotments. A hold past its expiry no longer blocks a sale, whether or not a job has run.
"""

from merx.inventory.availability import availability
from merx.inventory.events import (
    StockReceived,
    StockReturned,
    StockSetAside,
)
from merx.inventory.hold import claim_free, expire_holds, hold_stock, lock_stock
from merx.inventory.hold_for_return import hold_for_return, release_for_return, sell_for_return
from merx.inventory.limits import (
    change_limit,
    ensure_limits,
    free_of,
    give_back_limits,
    limits_without_hold,
    take_units,
)
from merx.inventory.model import (
    SCARCE_BELOW,
    Claim,
    Limit,
    Location,
    Receipt,
    SettledHold,
    Shortage,
    TakenUnit,
)
from merx.inventory.receive import create_locations, locations, receive_stock
from merx.inventory.rules import StockSheet
from merx.inventory.settle import consume_holds, lock_stock_of, prolong_holds, release_holds, return_sold
from merx.inventory.take_back import take_back

__all__ = [
    "SCARCE_BELOW",
    "Claim",
    "Limit",
    "Location",
    "Receipt",
    "SettledHold",
    "Shortage",
    "StockReceived",
    "StockReturned",
    "StockSetAside",
    "StockSheet",
    "TakenUnit",
    "availability",
    "change_limit",
    "claim_free",
    "consume_holds",
    "create_locations",
    "ensure_limits",
    "expire_holds",
    "free_of",
    "give_back_limits",
    "hold_for_return",
    "hold_stock",
    "limits_without_hold",
    "locations",
    "lock_stock",
    "lock_stock_of",
    "prolong_holds",
    "receive_stock",
    "release_for_return",
    "release_holds",
    "return_sold",
    "sell_for_return",
    "take_back",
    "take_units",
]
