"""To who works for a seller: a card's holder objects to a payment of one of their orders, or it was decided."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from merx.infra.db import Tx
from merx.kit import links
from merx.notifications.disputes import TITLE, Told, text_of, told_of, values_of
from merx.notifications.kind import Kind
from merx.orders import orders_of_purchase
from merx.payments import DisputeClosed, DisputeEvent, DisputeOpened
from merx.sellers import member_ids


async def _audience(tx: Tx, event: DisputeEvent) -> Sequence[tuple[Sequence[UUID], Told]]:
    """Every seller of the purchase, each of their own order."""
    return [
        (await member_ids(tx, seller_id=order.seller_id), told_of(event, order))
        for order in await orders_of_purchase(tx, purchase_id=event.purchase_id)
    ]


KIND: Final = Kind(
    name="dispute_for_seller",
    events=(DisputeOpened, DisputeClosed),
    told=Told,
    audience=_audience,
    title=TITLE,
    text=text_of,
    values=values_of,
    link=lambda told: links.seller_order(told.order_id),
)
