"""What is told of disputes, to sellers and staff."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.templates import money_text
from merx.infra.translate import marked
from merx.kit.money import Money
from merx.orders import Order
from merx.payments import DisputeEvent


class Told(msgspec.Struct, frozen=True):
    """`state` is how it stands, `due_at` until when evidence may be handed in; `amount` is in minor units."""

    order_id: UUID
    order_number: str
    state: str
    amount: int
    currency: str
    due_at: datetime | None


TITLE: Final = marked("A dispute about the payment of order %(order_number)s")
_STATES: Final = {
    "inquiry": marked("The card holder's bank asks about a payment of %(amount)s. No money was taken back."),
    "needs_response": marked(
        "The card's holder objects to %(amount)s, which was taken back. Evidence goes to the provider, in time."
    ),
    "under_review": marked("The bank decides about %(amount)s."),
    "won": marked("The dispute is won: %(amount)s came back."),
    "lost": marked("The dispute is lost: %(amount)s is the seller's loss."),
    "closed": marked("The bank's question is closed; %(amount)s was not taken back."),
}


def told_of(event: DisputeEvent, order: Order) -> Told:
    """What is told of a dispute about the payment of an order."""
    return Told(order.id, order.number, event.state, event.amount, event.currency, event.due_at)


def text_of(told: Told) -> str:
    """What a state says."""
    return _STATES[told.state]


def values_of(told: Told, locale: str) -> Mapping[str, object]:
    """The amount."""
    return {"amount": money_text(Money(told.amount, told.currency), locale=locale)}
