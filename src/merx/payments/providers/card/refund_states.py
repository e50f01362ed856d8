"""What the card API's words for a refund mean. Pure."""

from typing import Final

from merx.payments.providers.card.fields import RefundObject
from merx.payments.providers.model import RefundState

_STATES: Final = {
    "succeeded": RefundState.SUCCEEDED,
    "pending": RefundState.PROCESSING,
    "requires_action": RefundState.PROCESSING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


def refund_state_of(refund: RefundObject) -> RefundState:
    """The state of a refund the provider knows. Raises ValueError on a word we do not know."""
    state = _STATES.get(refund.status or "")
    if state is None:
        raise ValueError("not a refund status")
    return state
