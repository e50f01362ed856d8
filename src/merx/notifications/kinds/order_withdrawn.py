"""To who works for a seller: an order whose money was only authorized is cancelled, do not ship it."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.db import Tx
from merx.infra.translate import marked
from merx.kit import links
from merx.notifications.kind import NOBODY, Kind
from merx.orders import OrderCancelled
from merx.sellers import member_ids


class Told(msgspec.Struct, frozen=True):
    """Which order."""

    order_id: UUID
    order_number: str


async def _audience(tx: Tx, event: OrderCancelled) -> Sequence[tuple[Sequence[UUID], Told]]:
    """Nobody of what they did themselves, nor of what after-sales cancelled."""
    if event.reason not in ("buyer", "staff"):
        return NOBODY
    told = Told(event.order_id, event.order_number)
    return [(await member_ids(tx, seller_id=event.seller_id), told)]


def _values(_told: Told, _locale: str) -> Mapping[str, object]:
    return {}


KIND: Final = Kind(
    name="order_withdrawn",
    events=(OrderCancelled,),
    told=Told,
    audience=_audience,
    title=marked("Order %(order_number)s was cancelled, do not ship it"),
    text=marked("No money was taken. Its units are in stock again."),
    values=_values,
    link=lambda told: links.seller_order(told.order_id),
)
