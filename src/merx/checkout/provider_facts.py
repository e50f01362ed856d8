"""From what a provider says to what we record."""

from datetime import datetime

from merx.payments import Fact
from merx.payments.providers import ProviderNotice, ProviderState, ProviderStatus


def fact_of_state(state: ProviderState, *, now: datetime) -> Fact | None:
    """The fact in an answer to our query, if it says the money is there."""
    if (
        state.status is not ProviderStatus.CAPTURED
        or state.amount is None
        or state.provider_reference is None
    ):
        return None
    return Fact(
        "captured",
        state.provider_reference,
        state.amount.amount,
        state.amount.currency,
        "query",
        state.paid_at or now,
    )


def fact_of_notice(notice: ProviderNotice) -> Fact | None:
    """The fact in a notice, if it says the money is there."""
    if notice.status is not ProviderStatus.CAPTURED:
        return None
    return Fact(
        "captured",
        notice.provider_reference,
        notice.amount.amount,
        notice.amount.currency,
        "notice",
        notice.occurred_at,
    )
