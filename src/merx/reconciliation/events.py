"""What reconciliation publishes."""

from datetime import date
from typing import ClassVar, Self
from uuid import UUID

from merx.kit.events import Event
from merx.reconciliation.model import Bill, Difference, DifferenceKind, Resolution


class BillMatched(Event, frozen=True):
    """Every row of a provider's bill of a day was dealt with; `open` of its differences wait for somebody."""

    subject: ClassVar = "bill_id"

    bill_id: UUID
    provider: str
    day: date
    rows: int
    open: int

    @classmethod
    def of(cls, bill: Bill, *, rows: int, opened: int) -> Self:
        """The event of a bill."""
        return cls(bill.id, bill.provider, bill.day, rows, opened)


class DifferenceResolved(Event, frozen=True):
    """A difference is resolved, by staff or by itself."""

    subject: ClassVar = "difference_id"

    difference_id: UUID
    kind: DifferenceKind
    resolution: Resolution
    provider: str
    day: date
    number: str

    @classmethod
    def of(cls, found: Difference, resolution: Resolution, *, actor_id: UUID | None = None) -> Self:
        """The event of a difference; without an actor it resolved by itself."""
        return cls(
            found.id, found.kind, resolution, found.provider, found.day, found.number, actor_id=actor_id
        )
