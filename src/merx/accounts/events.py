"""What accounts publish."""

from typing import ClassVar
from uuid import UUID

from merx.kit.events import Event


class AccountRegistered(Event, frozen=True):
    """Somebody opened an account."""

    subject: ClassVar = "account_id"

    account_id: UUID
    locale: str
