"""To who works for a seller: an order of theirs may be shipped, its money is authorized."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.db import Tx
from merx.infra.templates import money_text
from merx.infra.translate import marked
from merx.kit import links
from merx.kit.money import Money
from merx.notifications.kind import Kind
from merx.orders import OrderAuthorized
from merx.sellers import member_ids

_AT_THE_DOOR: Final = "cash_on_delivery"


class Told(msgspec.Struct, frozen=True):
    """`total` is in minor units."""

    order_id: UUID
    order_number: str
    total: int
    currency: str
    provider: str


async def _audience(tx: Tx, event: OrderAuthorized) -> Sequence[tuple[Sequence[UUID], Told]]:
    told = Told(event.order_id, event.order_number, event.total, event.currency, event.provider)
    return [(await member_ids(tx, seller_id=event.seller_id), told)]


def _text(told: Told) -> str:
    if told.provider == _AT_THE_DOOR:
        return marked("To be paid on delivery: %(amount)s. Please ship it soon.")
    return marked("The payment is authorized and taken when it ships: %(amount)s. Please ship it soon.")


def _values(told: Told, locale: str) -> Mapping[str, object]:
    return {"amount": money_text(Money(told.total, told.currency), locale=locale)}


KIND: Final = Kind(
    name="order_authorized",
    events=(OrderAuthorized,),
    told=Told,
    audience=_audience,
    title=marked("New order %(order_number)s, please ship it"),
    text=_text,
    values=_values,
    link=lambda told: links.seller_order(told.order_id),
)
