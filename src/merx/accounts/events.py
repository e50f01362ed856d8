"""What accounts publish."""

from uuid import UUID

from merx.infra.outbox import Event

ACCOUNT_REGISTERED = "AccountRegistered"


def account_registered(account_id: UUID, *, locale: str) -> Event:
    """A person opened an account. No personal data: events are never erased."""
    return Event(kind=ACCOUNT_REGISTERED, subject_id=account_id, data={"locale": locale}, actor_id=account_id)
