"""What the page of reconciliation shows."""

from datetime import date, datetime

from merx.kit.money import Money
from merx.storefront.views import FormView, View


class BillRow(View, frozen=True, kw_only=True):
    """A provider's bill of one day; `failure` says why it could not be read yet."""

    provider: str
    day: date
    waiting: bool
    failure: str
    next_attempt_at: datetime | None
    rows: int
    matched: int
    open: int
    fees: tuple[Money, ...]


class DifferenceCard(View, frozen=True, kw_only=True):
    """A difference with the ways in which it can be resolved. `said` is what the provider answered when asked again."""

    id: str
    url: str
    kind: str
    provider: str
    day: date
    number: str
    refund_number: str
    reference: str
    ours: Money | None
    theirs: Money | None
    said: str
    said_at: datetime | None
    resolutions: tuple[str, ...]
    resolution: str
    by_itself: bool
    note: str
    resolved_at: datetime | None
    form: FormView = FormView()


class ReconciliationView(View, frozen=True, kw_only=True):
    """Differences that wait, or those that are resolved, and the newest bills."""

    resolved: bool
    differences: tuple[DifferenceCard, ...]
    more_url: str | None
    bills: tuple[BillRow, ...]
    more_bills_url: str | None
