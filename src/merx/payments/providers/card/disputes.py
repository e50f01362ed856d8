"""Reading disputes of the card API. Pure."""

from typing import Final

from merx.kit.money import Money
from merx.payments.providers.card.fields import BalanceTransaction, Dispute, from_units, instant
from merx.payments.providers.model import DisputeMove, DisputeReport, DisputeState

_STATES: Final = {
    "warning_needs_response": DisputeState.INQUIRY,
    "warning_under_review": DisputeState.INQUIRY,
    "warning_closed": DisputeState.CLOSED,
    "prevented": DisputeState.CLOSED,
    "needs_response": DisputeState.NEEDS_RESPONSE,
    "under_review": DisputeState.UNDER_REVIEW,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}


def dispute_report(dispute: Dispute, *, pages: str) -> DisputeReport:
    """What a dispute says of itself; `pages` is where the provider shows disputes. Raises ValueError."""
    state = _STATES.get(dispute.status)
    if state is None:
        raise ValueError("not a dispute status")
    amount = from_units(dispute.amount, dispute.currency)
    due_by = dispute.evidence_details.due_by
    return DisputeReport(
        reference=dispute.id,
        state=state,
        amount=amount,
        reason=dispute.reason,
        url=f"{pages}/{dispute.id}",
        opened_at=instant(dispute.created),
        due_at=None if due_by is None else instant(due_by),
        moves=tuple(_move(each, amount) for each in dispute.balance_transactions if each.amount),
    )


def _move(entry: BalanceTransaction, disputed: Money) -> DisputeMove:
    # An entry is in the currency of the balance. Where that is another one, it moved the whole disputed amount.
    moved = from_units(abs(entry.amount), entry.currency)
    if moved.currency != disputed.currency:
        moved = disputed
    return DisputeMove(
        reference=entry.id,
        amount=moved if entry.amount < 0 else Money(-moved.amount, moved.currency),
        fee=signed(entry.fee, entry.currency),
        at=instant(entry.created),
    )


def signed(units: int, currency: str) -> Money:
    """An amount that may be negative. Raises ValueError."""
    amount = from_units(abs(units), currency)
    return amount if units >= 0 else Money(-amount.amount, amount.currency)


def dispute_pages(*, hosted: bool, live: bool, base_url: str) -> str:
    """Where the provider shows disputes to whom they concern; a simulator shows them beside its API."""
    if not hosted:
        return f"{base_url.rstrip('/')}/disputes"
    return f"https://dashboard.stripe.com{'' if live else '/test'}/disputes"
