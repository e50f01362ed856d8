"""Reconciliation."""

from tests.storefront.samples.core import AT, PRICES, Pages, money

from merx.storefront.core import views
from merx.storefront.reconciliation import view


def reconciliation(
    currency: str, *, resolved: bool = False, wrong: views.FormView | None = None
) -> view.ReconciliationView:
    """Differences of every kind, and bills of every state."""
    kinds = (
        "missing_here",
        "missing_there",
        "amount_differs",
        "duplicate_row",
        "fee_differs",
        "refund_pending",
        "balance_differs",
    )
    ways = ("recheck", "book", "accept_theirs", "write_off", "explain")
    ended = (*ways, "matched", "recorded")
    said = ("captured", "succeeded", "waiting", "processing", "closed", "failed", "unknown", "")
    cards = tuple(
        view.DifferenceCard(
            id=f"d{index}", url=f"/staff/reconciliation/differences/d{index}", kind=kinds[index % len(kinds)],
            provider="支付宝", day=AT.date(), number="01JD8M2K7Q4V9X3BP1", refund_number="01JD8M2K7Q4V9X3BP1R1" if index % 2 else "",
            reference="2026112122001" if index else "", ours=money(PRICES[currency][0], currency) if index % 3 else None,
            theirs=money(PRICES[currency][1], currency) if index % 4 else None, said=said[index], said_at=AT if said[index] else None,
            resolutions=() if resolved else ways[: index + 1], resolution=ended[index % len(ended)] if resolved else "",
            by_itself=index % 2 == 0, note="…" if resolved else "", resolved_at=AT if resolved else None,
            form=wrong if wrong and index == 0 else views.FormView(),
        )
        for index in range(len(said))
    )  # fmt: skip
    bills = tuple(
        view.BillRow(
            provider="支付宝", day=AT.date(), waiting=waiting, failure="…" if waiting else "",
            next_attempt_at=AT if waiting else None, rows=12, matched=12 - open_, open=open_,
            fees=(money(PRICES[currency][0], currency),) if open_ else (),
        )
        for waiting, open_ in ((True, 0), (False, 2), (False, 0))
    )  # fmt: skip
    return view.ReconciliationView(
        resolved=resolved, differences=cards, more_url="/staff/reconciliation?after=abc", bills=bills,
        more_bills_url="/staff/reconciliation?bills_after=abc#bills",
    )  # fmt: skip


def pages(_locale: str, currency: str) -> Pages:
    """The page of reconciliation in its states."""
    bad = views.FormView(values={"note": "…"}, errors={"note": "…", "form": "…"})
    samples = {
        "reconciliation": reconciliation(currency, wrong=bad),
        "reconciliation-resolved": reconciliation(currency, resolved=True),
        "reconciliation-empty": view.ReconciliationView(resolved=False, differences=(), more_url=None, bills=(), more_bills_url=None),
        "reconciliation-none-resolved": view.ReconciliationView(resolved=True, differences=(), more_url=None, bills=(), more_bills_url=None),
    }  # fmt: skip
    return {name: ("reconciliation/reconciliation.html", each) for name, each in samples.items()}
