"""Events of reconciliation, each of a bill or of a difference.

BillMatched: provider, day, rows, open. DifferenceResolved: kind, resolution, provider, day, number.
"""

from typing import Final
from uuid import UUID

from merx.infra.outbox import Event
from merx.reconciliation.model import Bill, Difference, Resolution

BILL_MATCHED: Final = "BillMatched"
DIFFERENCE_RESOLVED: Final = "DifferenceResolved"


def bill_matched(bill: Bill, *, rows: int, opened: int) -> Event:
    """Every row of the bill was dealt with; `opened` of its differences wait for somebody."""
    data = {"provider": bill.provider, "day": bill.day.isoformat(), "rows": rows, "open": opened}
    return Event(BILL_MATCHED, bill.id, data)


def difference_resolved(found: Difference, resolution: Resolution, *, actor_id: UUID | None) -> Event:
    """A difference is resolved; without an actor, by itself."""
    data = {
        "kind": found.kind.value, "resolution": resolution.value, "provider": found.provider,
        "day": found.day.isoformat(), "number": found.number,
    }  # fmt: skip
    return Event(DIFFERENCE_RESOLVED, found.id, data, actor_id)
