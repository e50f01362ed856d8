"""Events of after-sales. The subject of each is the purchase, so that its timeline has them.

Data: return_id, order_id, order_number, seller_id, kind, refunded (whether money is on its way), by ("buyer", "seller",
"staff" or "timer"), amount, currency.
"""

from typing import Final

from merx.infra.outbox import Event
from merx.kit.actors import Actor, account_of
from merx.returns.model import Return
from merx.returns.rules import side_of

RETURN_REQUESTED: Final = "ReturnRequested"
RETURN_PROPOSED: Final = "ReturnProposed"
RETURN_DECLINED: Final = "ReturnDeclined"
RETURN_APPROVED: Final = "ReturnApproved"
RETURN_CONVERTED: Final = "ReturnConverted"
"""An exchange became a refund: nothing can be delivered."""
RETURN_REJECTED: Final = "ReturnRejected"
RETURN_WITHDRAWN: Final = "ReturnWithdrawn"
RETURN_ESCALATED: Final = "ReturnEscalated"
RETURN_SENT_BACK: Final = "ReturnSentBack"
RETURN_INSPECTED: Final = "ReturnInspected"
RETURN_SETTLED: Final = "ReturnSettled"


def return_event(kind: str, case: Return, *, actor: Actor) -> Event:
    """The event of a case; the amount is the one on the table at this step."""
    data = {
        "return_id": str(case.id),
        "order_id": str(case.order_id),
        "order_number": case.order_number,
        "seller_id": str(case.seller_id),
        "kind": case.kind.value,
        "refunded": case.refund_id is not None,
        "by": side_of(actor),
        "amount": case.agreed or (case.proposed if kind == RETURN_PROPOSED else None) or case.amount,
        "currency": case.currency,
    }
    return Event(kind=kind, subject_id=case.purchase_id, data=data, actor_id=account_of(actor))
