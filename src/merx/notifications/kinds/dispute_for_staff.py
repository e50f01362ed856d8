"""To the platform's staff: a card's holder objects to a payment, or it was decided."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from merx.accounts import staff_ids
from merx.infra.db import Tx
from merx.kit import links
from merx.notifications.disputes import TITLE, Told, text_of, told_of, values_of
from merx.notifications.kind import Kind
from merx.orders import orders_of_purchase
from merx.payments import DisputeClosed, DisputeEvent, DisputeOpened


async def _audience(tx: Tx, event: DisputeEvent) -> Sequence[tuple[Sequence[UUID], Told]]:
    """All staff, of the first order of the purchase."""
    return [
        (await staff_ids(tx), told_of(event, order))
        for order in (await orders_of_purchase(tx, purchase_id=event.purchase_id))[:1]
    ]


KIND: Final = Kind(
    name="dispute_for_staff",
    events=(DisputeOpened, DisputeClosed),
    told=Told,
    audience=_audience,
    title=TITLE,
    text=text_of,
    values=values_of,
    link=lambda _told: links.staff_disputes(),
)
