"""What stock publishes. `availability_of` are the variants of which more or less can be sold now."""

from typing import ClassVar
from uuid import UUID

from merx.kit.events import Event


class StockReceived(Event, frozen=True):
    """Units arrived."""

    subject: ClassVar = "receipt_id"

    receipt_id: UUID
    availability_of: tuple[UUID, ...]


class StockReturned(Event, frozen=True):
    """Sold units are on the shelf again."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    return_id: UUID
    availability_of: tuple[UUID, ...]


class StockSetAside(Event, frozen=True):
    """Stock is held for an exchange, or is free again."""

    subject: ClassVar = "purchase_id"

    purchase_id: UUID
    return_id: UUID
    availability_of: tuple[UUID, ...]
