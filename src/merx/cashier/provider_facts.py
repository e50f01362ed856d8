"""From what a provider says to what we record."""

from datetime import datetime
from typing import Final

from merx.payments import Fact
from merx.payments.providers import ProviderNotice, ProviderState, ProviderStatus

_KINDS: Final = {ProviderStatus.CAPTURED: "captured", ProviderStatus.AUTHORIZED: "authorized"}


def fact_of_state(state: ProviderState, *, now: datetime) -> Fact | None:
    """The fact in an answer to our query, if it says the money is there or authorized."""
    kind = _KINDS.get(state.status)
    if kind is None or state.amount is None or state.provider_reference is None:
        return None
    return Fact(
        kind,
        state.provider_reference,
        state.amount.amount,
        state.amount.currency,
        "query",
        state.paid_at or now,
    )


def fact_of_notice(notice: ProviderNotice) -> Fact | None:
    """The fact in a notice, if it says the money is there or authorized."""
    kind = _KINDS.get(notice.status)
    if kind is None:
        return None
    return Fact(
        kind,
        notice.provider_reference,
        notice.amount.amount,
        notice.amount.currency,
        "notice",
        notice.occurred_at,
    )
