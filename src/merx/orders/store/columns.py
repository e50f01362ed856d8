"""The columns of the tables, from the structs that carry them."""

from typing import Final

from merx.infra.rows import Columns
from merx.orders.model import (
    NewAdjustment,
    NewOrder,
    NewOrderLine,
    NewPurchase,
    Order,
    OrderAdjustment,
    OrderLine,
    OrderOfSeller,
    Purchase,
    SoldOrder,
)

PURCHASE: Final = Columns(Purchase)
ORDER: Final = Columns(Order)
SOLD: Final = Columns(SoldOrder)
OF_SELLER: Final = Columns(OrderOfSeller)
LINE: Final = Columns(OrderLine)
ADJUSTMENT: Final = Columns(OrderAdjustment)
NEW_PURCHASE: Final = Columns(NewPurchase, without=("address_sealed", "country"))
NEW_ORDER: Final = Columns(NewOrder)
NEW_LINE: Final = Columns(NewOrderLine, json=("title", "label"))
NEW_ADJUSTMENT: Final = Columns(NewAdjustment, json=("name",))

LINE_COLUMNS: Final = LINE.of("l").replace(
    "l.replacements",
    """CASE WHEN l.exchanged > 0 THEN (
           SELECT jsonb_agg(to_jsonb(x) ORDER BY x.created_at, x.return_id)::text
             FROM replacements x WHERE x.order_line_id = l.id) ELSE '[]' END AS replacements""",
)
"""With what the line owes for exchanged units."""

SOLD_COLUMNS: Final = SOLD.of("o").replace(
    "o.units", "(SELECT sum(l.quantity) FROM order_lines l WHERE l.order_id = o.id)::bigint AS units"
)
