"""To a buyer: an after-sales case of theirs came a step further."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from merx.infra.db import Tx
from merx.infra.translate import marked
from merx.kit import links
from merx.notifications.after_sales import Told, text_of, told_of, values_of
from merx.notifications.kind import NOBODY, Kind
from merx.orders import order_for_review
from merx.returns import RETURN_EVENTS, ReturnEvent


async def _audience(tx: Tx, event: ReturnEvent) -> Sequence[tuple[Sequence[UUID], Told]]:
    """The buyer, if they have an account."""
    order = await order_for_review(tx, order_id=event.order_id)
    if order is None or order.account_id is None:
        return NOBODY
    return [([order.account_id], told_of(event))]


KIND: Final = Kind(
    name="return_for_buyer",
    events=RETURN_EVENTS,
    told=Told,
    audience=_audience,
    title=marked("News of the after-sales case of your order %(order_number)s"),
    text=text_of,
    values=values_of,
    link=lambda told: links.order(told.purchase_id, told.order_id),
)
