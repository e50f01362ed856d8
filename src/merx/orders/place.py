"""Write new purchases. Deciding whether they may be is the checkout's."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.infra.db import Tx
from merx.orders.model import NewAdjustment, NewOrder, NewOrderLine, NewPurchase
from merx.orders.store import placing
from merx.orders.store import purchases as purchases_store


async def insert_purchases(
    tx: Tx,
    *,
    purchases: Sequence[NewPurchase],
    orders: Sequence[NewOrder],
    lines: Sequence[NewOrderLine],
    adjustments: Sequence[NewAdjustment] = (),
    now: datetime,
) -> None:
    """Write purchases waiting for payment, with addresses, orders, lines and adjustments, in one statement.

    A cart that already became a purchase is refused by its unique key.
    """
    if purchases:
        await placing.insert(tx, purchases, orders, lines, adjustments, now=now)


async def set_purchase_provider(tx: Tx, *, purchase_id: UUID, provider: str, expires_at: datetime) -> None:
    """Another provider, and its deadline, for a locked purchase that waits for payment; its new payment is opened by whoever calls this."""
    await purchases_store.set_provider(tx, purchase_id, provider, expires_at=expires_at)
