"""Disputes and refunds that failed."""

from tests.storefront.samples.core import AT, PRICES, Pages, money

from merx.storefront.disputes import view


def disputes(currency: str) -> view.DisputesView:
    """A dispute in every open state, and both kinds of refunds that failed."""
    amount = money(PRICES[currency][0], currency)
    return view.DisputesView(
        disputes=tuple(
            view.DisputeRow(
                reference=f"dp_{state}",
                provider="card",
                state=state,
                reason=reason,
                amount=amount,
                url="http://localhost:8000/disputes/1",
                opened_at=AT,
                due_at=AT if state == "needs_response" else None,
            )
            for state, reason in (
                ("inquiry", "unrecognized"),
                ("needs_response", "fraudulent"),
                ("under_review", "general"),
            )
        ),
        refunds=tuple(
            view.FailedRefundRow(
                number="26R1",
                amount=amount,
                failure="account_closed",
                came_back=came_back,
                created_at=AT,
                retry_url="/staff/refunds/1/retry",
            )
            for came_back in (True, False)
        ),
        more_url="/staff/disputes?after=abc",
    )


def pages(_locale: str, currency: str) -> Pages:
    """Some and none."""
    return {
        "disputes": ("disputes/disputes.html", disputes(currency)),
        "disputes-empty": ("disputes/disputes.html", view.DisputesView(disputes=(), refunds=())),
    }
