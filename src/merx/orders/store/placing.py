"""SQL that writes new purchases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from merx.infra.db import Sql, Tx
from merx.orders.model import NewAdjustment, NewOrder, NewOrderLine, NewPurchase
from merx.orders.store.columns import NEW_ADJUSTMENT, NEW_LINE, NEW_ORDER, NEW_PURCHASE

_PERSON: Final = 2 + NEW_PURCHASE.names.index("person_id")
_SEALED: Final = 2 + len(NEW_PURCHASE)
_ORDERS: Final = _SEALED + 2
_LINES: Final = _ORDERS + len(NEW_ORDER)
_ADJUSTMENTS: Final = _LINES + len(NEW_LINE)

INSERT = Sql(f"""
WITH bought AS (
    INSERT INTO purchases ({NEW_PURCHASE.joined}, state, placed_at)
    SELECT p.*, 'pending_payment', $1 FROM {NEW_PURCHASE.unnest("p", 2)}
), addressed AS (
    INSERT INTO purchase_addresses (purchase_id, person_id, sealed, country)
    SELECT * FROM unnest($2::uuid[], ${_PERSON}::uuid[], ${_SEALED}::bytea[], ${_SEALED + 1}::text[]) AS a
), ordered AS (
    INSERT INTO orders ({NEW_ORDER.joined}, state, placed_at)
    SELECT o.*, 'pending_payment', $1 FROM {NEW_ORDER.unnest("o", _ORDERS)}
), lined AS (
    INSERT INTO order_lines ({NEW_LINE.joined})
    SELECT l.* FROM {NEW_LINE.unnest("l", _LINES)}
)
INSERT INTO order_adjustments ({NEW_ADJUSTMENT.joined}, created_at)
SELECT a.*, $1 FROM {NEW_ADJUSTMENT.unnest("a", _ADJUSTMENTS)}
""")


async def insert(
    tx: Tx,
    purchases: Sequence[NewPurchase],
    orders: Sequence[NewOrder],
    lines: Sequence[NewOrderLine],
    adjustments: Sequence[NewAdjustment],
    *,
    now: datetime,
) -> None:
    """Write purchases with their addresses, orders, lines and adjustments, in one statement."""
    await tx.run(
        INSERT,
        now,
        *NEW_PURCHASE.arrays(purchases),
        [each.address_sealed for each in purchases],
        [each.country for each in purchases],
        *NEW_ORDER.arrays(orders),
        *NEW_LINE.arrays(lines),
        *NEW_ADJUSTMENT.arrays(adjustments),
    )
