"""From bills and differences to what their page shows. Pure."""

from collections.abc import Mapping
from typing import Final

from merx.kit.money import Money
from merx.payments.providers import ProviderRegistry
from merx.reconciliation import Bill, Difference, resolutions_of
from merx.storefront.reconciliation_views import BillRow, DifferenceCard
from merx.storefront.views import FormView

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
