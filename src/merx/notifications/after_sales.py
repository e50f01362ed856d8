"""What is told of the steps of an after-sales case, to both of its sides."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.templates import money_text
from merx.infra.translate import marked
from merx.kit.money import Money
from merx.returns import (
    BUYER_ANSWERS,
    SELLER_ANSWERS,
    SELLER_INSPECTS,
    SELLER_REPLACES,
    ReturnApproved,
    ReturnConverted,
    ReturnDeclined,
    ReturnEscalated,
    ReturnEvent,
    ReturnInspected,
    ReturnKind,
    ReturnProposed,
    ReturnRejected,
    ReturnRequested,
    ReturnSentBack,
    ReturnSettled,
    ReturnWithdrawn,
)


class Told(msgspec.Struct, frozen=True):
    """`step` is the kind of the event, `amount` in minor units; `exchange` when goods are sent instead of money."""

    purchase_id: UUID
    order_id: UUID
    order_number: str
    return_id: UUID
    step: str
    amount: int
    currency: str
    exchange: bool = False


_STEPS: Final[Mapping[type[ReturnEvent], str]] = {
    ReturnRequested: marked(
        "The buyer asks for %(amount)s. If the seller does not answer within %(seller_answers)s days, the case is approved."
    ),
    ReturnProposed: marked(
        "The seller proposes %(amount)s. The buyer has %(buyer_answers)s days to accept or decline."
    ),
    ReturnDeclined: marked(
        "The buyer declined the proposed amount. The seller has %(seller_answers)s days to answer again."
    ),
    ReturnApproved: marked(
        "The case is approved: %(amount)s. If the goods go back, the buyer has %(buyer_answers)s days to send them."
    ),
    ReturnConverted: marked("Nothing can be sent instead, so the exchange becomes a refund of %(amount)s."),
    ReturnRejected: marked("The case was rejected; the reason is on its page."),
    ReturnWithdrawn: marked("The case was withdrawn, or closed because its time was over."),
    ReturnEscalated: marked("The platform was called in and will decide."),
    ReturnSentBack: marked(
        "The buyer sent the goods back. The seller has %(seller_inspects)s days to inspect them."
    ),
    ReturnInspected: marked("The goods were inspected; %(amount)s goes back the way it was paid."),
    ReturnSettled: marked("%(amount)s went back to the buyer."),
}
_EXCHANGE_STEPS: Final[Mapping[type[ReturnEvent], str]] = {
    ReturnRequested: marked(
        "The buyer asks for an exchange. If the seller does not answer within %(seller_answers)s days, the case is approved."
    ),
    ReturnApproved: marked(
        "The exchange is approved and the replacement is set aside. "
        "The buyer has %(buyer_answers)s days to send the goods back."
    ),
    ReturnInspected: marked(
        "The goods were inspected. The seller has %(seller_replaces)s days to send the replacement."
    ),
    ReturnSettled: marked("The replacement has been sent."),
}
"""What differs while goods, not money, are on their way to the buyer."""
_WORDS: Final = {kind.__name__: text for kind, text in _STEPS.items()}
_EXCHANGE_WORDS: Final = _WORDS | {kind.__name__: text for kind, text in _EXCHANGE_STEPS.items()}


def told_of(event: ReturnEvent) -> Told:
    """What is told of a step."""
    return Told(
        purchase_id=event.purchase_id, order_id=event.order_id, order_number=event.order_number,
        return_id=event.return_id, step=type(event).__name__, amount=event.amount, currency=event.currency,
        exchange=event.kind is ReturnKind.EXCHANGE and not event.refunded,
    )  # fmt: skip


def text_of(told: Told) -> str:
    """What a step says."""
    return (_EXCHANGE_WORDS if told.exchange else _WORDS)[told.step]


def values_of(told: Told, locale: str) -> Mapping[str, object]:
    """The amount, and the days that each side has by the rules."""
    return {
        "amount": money_text(Money(told.amount, told.currency), locale=locale),
        "seller_answers": SELLER_ANSWERS.days,
        "buyer_answers": BUYER_ANSWERS.days,
        "seller_inspects": SELLER_INSPECTS.days,
        "seller_replaces": SELLER_REPLACES.days,
    }
