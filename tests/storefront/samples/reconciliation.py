"""Reconciliation."""

from tests.storefront.samples.core import AT, PRICES, Pages, money

from merx.storefront import reconciliation_views as c
from merx.storefront import views as v


def reconciliation(
    currency: str, *, resolved: bool = False, wrong: v.FormView | None = None
) -> c.ReconciliationView:
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
        c.DifferenceCard(
            id=f"d{index}", url=f"/staff/reconciliation/differences/d{index}", kind=kinds[index % len(kinds)],
            provider="支付宝", day=AT.date(), number="01JD8M2K7Q4V9X3BP1", refund_number="01JD8M2K7Q4V9X3BP1R1" if index % 2 else "",
            reference="2026112122001" if index else "", ours=money(PRICES[currency][0], currency) if index % 3 else None,
            theirs=money(PRICES[currency][1], currency) if index % 4 else None, said=said[index], said_at=AT if said[index] else None,
            resolutions=() if resolved else ways[: index + 1], resolution=ended[index % len(ended)] if resolved else "",
            by_itself=index % 2 == 0, note="…" if resolved else "", resolved_at=AT if resolved else None,
            form=wrong if wrong and index == 0 else v.FormView(),
        )
        for index in range(len(said))
    )  # fmt: skip
    bills = tuple(
        c.BillRow(
            provider="支付宝", day=AT.date(), waiting=waiting, failure="…" if waiting else "",
            next_attempt_at=AT if waiting else None, rows=12, matched=12 - open_, open=open_,
            fees=(money(PRICES[currency][0], currency),) if open_ else (),
        )
        for waiting, open_ in ((True, 0), (False, 2), (False, 0))
    )  # fmt: skip
    return c.ReconciliationView(
        resolved=resolved, differences=cards, more_url="/staff/reconciliation?after=abc", bills=bills,
        more_bills_url="/staff/reconciliation?bills_after=abc#bills",
    )  # fmt: skip


def pages(_locale: str, currency: str) -> Pages:
    """The page of reconciliation in its states."""
    bad = v.FormView(values={"note": "…"}, errors={"note": "…", "form": "…"})
    views = {
        "reconciliation": reconciliation(currency, wrong=bad),
        "reconciliation-resolved": reconciliation(currency, resolved=True),
        "reconciliation-empty": c.ReconciliationView(resolved=False, differences=(), more_url=None, bills=(), more_bills_url=None),
        "reconciliation-none-resolved": c.ReconciliationView(resolved=True, differences=(), more_url=None, bills=(), more_bills_url=None),
    }  # fmt: skip
    return {name: ("reconciliation.html", view) for name, view in views.items()}
