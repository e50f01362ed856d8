"""The steps of after-sales cases. The subject of each is the purchase, so that its timeline has them."""

from typing import ClassVar, Final, Self
from uuid import UUID

from merx.kit.actors import Actor, account_of
from merx.kit.events import Event
from merx.returns.model import By, Return, ReturnKind
from merx.returns.rules import side_of


class ReturnEvent(Event, frozen=True, kw_only=True):
    """What is told of a case: the amount on the table in minor units, whether money is on its way, who acted."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    return_id: UUID
    order_id: UUID
    order_number: str
    seller_id: UUID
    kind: ReturnKind
    by: By
    amount: int
    currency: str
    refunded: bool = False

    @classmethod
    def of(cls, case: Return, *, actor: Actor) -> Self:
        """This step of a case."""
        return cls(
            purchase_id=case.purchase_id, return_id=case.id, order_id=case.order_id, order_number=case.order_number,
            seller_id=case.seller_id, kind=case.kind, by=side_of(actor), amount=cls.amount_of(case),
            currency=case.currency, refunded=case.refund_id is not None, actor_id=account_of(actor),
        )  # fmt: skip

    @staticmethod
    def amount_of(case: Return) -> int:
        """The amount on the table at this step."""
        return case.agreed or case.amount


class ReturnRequested(ReturnEvent, frozen=True, kw_only=True):
    """The buyer opened an after-sales case."""


class ReturnProposed(ReturnEvent, frozen=True, kw_only=True):
    """The seller proposes a part of the amount."""

    @staticmethod
    def amount_of(case: Return) -> int:
        """The part that is proposed."""
        return case.agreed or case.proposed or case.amount


class ReturnDeclined(ReturnEvent, frozen=True, kw_only=True):
    """The buyer declined the part."""


class ReturnApproved(ReturnEvent, frozen=True, kw_only=True):
    """The case is decided for the buyer."""


class ReturnConverted(ReturnEvent, frozen=True, kw_only=True):
    """An exchange became a refund: nothing can be sent."""


class ReturnRejected(ReturnEvent, frozen=True, kw_only=True):
    """The seller or the platform refused."""


class ReturnWithdrawn(ReturnEvent, frozen=True, kw_only=True):
    """The buyer took the case back, or was silent too long."""


class ReturnEscalated(ReturnEvent, frozen=True, kw_only=True):
    """The platform was called in."""


class ReturnSentBack(ReturnEvent, frozen=True, kw_only=True):
    """The goods are on their way back."""


class ReturnInspected(ReturnEvent, frozen=True, kw_only=True):
    """The goods are back; the money goes back, or the order has a replacement to ship."""


class ReturnSettled(ReturnEvent, frozen=True, kw_only=True):
    """The buyer has the money, or the replacement has left."""


RETURN_EVENTS: Final[tuple[type[ReturnEvent], ...]] = (
    ReturnRequested,
    ReturnProposed,
    ReturnDeclined,
    ReturnApproved,
    ReturnConverted,
    ReturnRejected,
    ReturnWithdrawn,
    ReturnEscalated,
    ReturnSentBack,
    ReturnInspected,
    ReturnSettled,
)
"""Every step that is told of a case."""
