"""What the pages of bills and differences show. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from merx.kit.money import Money
from merx.payments.providers import ProviderRegistry
from merx.reconciliation import Bill, Difference, resolutions_of
from merx.storefront.core.views import FormView, View


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


FOLDER: Final = "/staff/reconciliation"


def provider_names(providers: ProviderRegistry, locale: str) -> dict[str, str]:
    """What people call the providers, by code."""
    return {each.code: each.label[locale] for each in providers}


def bill_row(bill: Bill, *, names: Mapping[str, str]) -> BillRow:
    """A bill in the list."""
    return BillRow(
        provider=names.get(bill.provider, bill.provider),
        day=bill.day,
        waiting=bill.state == "waiting",
        failure=bill.failure,
        next_attempt_at=bill.next_attempt_at,
        rows=bill.rows_read,
        matched=bill.matched,
        open=bill.open,
        fees=tuple(Money(each.fees, each.currency) for each in bill.totals if each.fees),
    )


def difference_card(
    found: Difference, *, names: Mapping[str, str], form: FormView | None = None
) -> DifferenceCard:
    """A difference in the list; `form` is what came back of it."""
    return DifferenceCard(
        id=str(found.id),
        url=f"{FOLDER}/differences/{found.id}",
        kind=found.kind.value,
        provider=names.get(found.provider, found.provider),
        day=found.day,
        number=found.number,
        refund_number=found.refund_number or "",
        reference=found.reference,
        ours=None if found.ours is None else Money(found.ours, found.currency),
        theirs=None if found.theirs is None else Money(found.theirs, found.currency),
        said=found.answer or "",
        said_at=found.answered_at,
        resolutions=tuple(each.value for each in resolutions_of(found)),
        resolution=found.resolution.value if found.resolution else "",
        by_itself=found.resolved_by is None,
        note=found.note,
        resolved_at=found.resolved_at,
        form=form or FormView(),
    )
