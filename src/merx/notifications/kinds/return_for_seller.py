"""To who works for a seller: an after-sales case of an order of theirs came a step further."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from merx.infra.db import Tx
from merx.infra.translate import marked
from merx.kit import links
from merx.notifications.after_sales import Told, text_of, told_of, values_of
from merx.notifications.kind import Kind
from merx.returns import RETURN_EVENTS, ReturnEvent
from merx.sellers import member_ids


async def _audience(tx: Tx, event: ReturnEvent) -> Sequence[tuple[Sequence[UUID], Told]]:
    return [(await member_ids(tx, seller_id=event.seller_id), told_of(event))]


KIND: Final = Kind(
    name="return_for_seller",
    events=RETURN_EVENTS,
    told=Told,
    audience=_audience,
    title=marked("News of the after-sales case of order %(order_number)s"),
    text=text_of,
    values=values_of,
    link=lambda told: links.seller_order(told.order_id),
)
