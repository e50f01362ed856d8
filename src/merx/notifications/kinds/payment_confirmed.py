"""To a buyer: the money they paid by an offline method has arrived."""

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
from merx.orders import first_order
from merx.payments import PaymentConfirmed


class Told(msgspec.Struct, frozen=True):
    """The order is the first of the purchase; `amount` is in minor units."""

    purchase_id: UUID
    order_id: UUID
    order_number: str
    amount: int
    currency: str


async def _audience(tx: Tx, event: PaymentConfirmed) -> Sequence[tuple[Sequence[UUID], Told]]:
    """The buyer, if they have an account."""
    account_id, order_id, number = await first_order(tx, purchase_id=event.purchase_id)
    if account_id is None:
        return NOBODY
    return [([account_id], Told(event.purchase_id, order_id, number, event.amount, event.currency))]


def _values(told: Told, locale: str) -> Mapping[str, object]:
    return {"amount": money_text(Money(told.amount, told.currency), locale=locale)}


KIND: Final = Kind(
    name="payment_confirmed",
    events=(PaymentConfirmed,),
    told=Told,
    audience=_audience,
    title=marked("Your payment of order %(order_number)s has arrived"),
    text=marked("We have confirmed %(amount)s."),
    values=_values,
    link=lambda told: links.order(told.purchase_id, told.order_id),
)
