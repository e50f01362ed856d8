"""To who works for a seller: an order of theirs is paid."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.db import Tx
from merx.infra.templates import money_text
from merx.infra.translate import marked
from merx.kit import links
from merx.kit.money import Money
from merx.notifications.kind import NOBODY, Kind
from merx.orders import OrderPaid
from merx.sellers import member_ids


class Told(msgspec.Struct, frozen=True):
    """`total` is in minor units."""

    order_id: UUID
    order_number: str
    total: int
    currency: str


async def _audience(tx: Tx, event: OrderPaid) -> Sequence[tuple[Sequence[UUID], Told]]:
    """Nobody when the money was authorized before: they know of the order; they have it, or have sent it."""
    if event.promised:
        return NOBODY
    told = Told(event.order_id, event.order_number, event.total, event.currency)
    return [(await member_ids(tx, seller_id=event.seller_id), told)]


def _values(told: Told, locale: str) -> Mapping[str, object]:
    return {"amount": money_text(Money(told.total, told.currency), locale=locale)}


KIND: Final = Kind(
    name="order_paid",
    events=(OrderPaid,),
    told=Told,
    audience=_audience,
    title=marked("Order %(order_number)s is paid"),
    text=marked("The buyer has paid %(amount)s. Please ship it soon."),
    values=_values,
    link=lambda told: links.seller_order(told.order_id),
)
