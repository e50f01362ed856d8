"""What the pages of bills and differences show. Pure."""

from collections.abc import Mapping
from datetime import date, datetime

from merx.kit import links
from merx.kit.money import Money
from merx.payments.providers import ProviderRegistry
from merx.queries.reconciliation import BillList, DifferenceList, SeenBill, SeenDifference
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


def provider_names(providers: ProviderRegistry, locale: str) -> dict[str, str]:
    """What people call the providers, by code."""
    return {each.code: each.label[locale] for each in providers}


def reconciliation_view(
    found: DifferenceList,
    bills: BillList,
    *,
    resolved: bool,
    names: Mapping[str, str],
    sent: tuple[SeenDifference, FormView] | None,
) -> ReconciliationView:
    """The page. `sent` is a form that came back: its difference stands first."""
    cards = [difference_card(each, names=names) for each in found.items if not sent or each.id != sent[0].id]
    if sent is not None:
        cards.insert(0, difference_card(sent[0], names=names, form=sent[1]))
    which = "resolved=true&" if resolved else ""
    return ReconciliationView(
        resolved=resolved,
        differences=tuple(cards),
        more_url=f"{links.staff_reconciliation()}?{which}after={found.next_cursor}"
        if found.next_cursor
        else None,
        bills=tuple(bill_row(each, names=names) for each in bills.items),
        more_bills_url=f"{links.staff_reconciliation()}?bills_after={bills.next_cursor}#bills"
        if bills.next_cursor
        else None,
    )


def bill_row(bill: SeenBill, *, names: Mapping[str, str]) -> BillRow:
    """A bill in the list."""
    return BillRow(
        provider=names.get(bill.provider, bill.provider),
        day=bill.day,
        waiting=bill.state == "waiting",
        failure=bill.failure,
        next_attempt_at=bill.next_attempt_at,
        rows=bill.rows,
        matched=bill.matched,
        open=bill.open,
        fees=tuple(each.fees for each in bill.totals if each.fees.amount),
    )


def difference_card(
    found: SeenDifference, *, names: Mapping[str, str], form: FormView | None = None
) -> DifferenceCard:
    """A difference in the list; `form` is what came back of it."""
    return DifferenceCard(
        id=str(found.id),
        url=f"{links.staff_reconciliation()}/differences/{found.id}",
        kind=found.kind,
        provider=names.get(found.provider, found.provider),
        day=found.day,
        number=found.number,
        refund_number=found.refund_number or "",
        reference=found.reference,
        ours=found.ours,
        theirs=found.theirs,
        said=found.provider_says or "",
        said_at=found.asked_at,
        resolutions=tuple(each.value for each in found.resolutions),
        resolution=found.resolution or "",
        by_itself=found.resolved_by is None,
        note=found.note,
        resolved_at=found.resolved_at,
        form=form or FormView(),
    )
