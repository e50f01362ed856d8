"""The staff's page of money by hand."""

from typing import Any

from tests.storefront.samples.core import AT, Pages, money

from merx.storefront.core import views
from merx.storefront.payments.view import PlatformPaymentsView, WaitingPayment, WaitingRefund


def platform_payments(currency: str) -> PlatformPaymentsView:
    """A transfer that is confirmed wrongly, cash, an authorization that ran out, and refunds."""

    def payment(number: str, **more: Any) -> WaitingPayment:
        values: dict[str, Any] = {
            "payment_id": number, "purchase_id": "p", "number": number, "provider_name": "Bank",
            "amount": money(299000, currency), "expected": "2990.00", "state": "action_required",
            "purchase_state": "pending_payment", "order_numbers": ("261121ABCDEFGHJK-1",), "expires_at": AT,
            "actions": ("confirm",), **more,
        }  # fmt: skip
        return WaitingPayment(**values)

    def refund(number: str, **more: Any) -> WaitingRefund:
        values: dict[str, Any] = {
            "refund_id": number, "number": number, "provider_name": "Bank", "amount": money(1000, currency),
            "actions": ("paid_back", "failed"), "failure": None, "since": AT, **more,
        }  # fmt: skip
        return WaitingRefund(**values)

    return PlatformPaymentsView(
        number="",
        waiting=(
            payment("P1"), payment("P2", state="authorized", purchase_state="placed"),
            payment("P3", purchase_state="cancelled"), payment("P4", state="captured", actions=()),
        ),
        authorized=(payment("P5", state="authorized", failure="expired"), payment("P6", state="authorized")),
        refunds=(refund("R1"), refund("R2", actions=("paid_back", "retry"), failure="…")),
        form=views.FormView(values={"amount": "1", "reference": "x"}, errors={"amount": "…", "reference": "…"}),
        form_for="P1",
        done="refund_approved",
    )  # fmt: skip


def pages(_locale: str, currency: str) -> Pages:
    """With everything, with nothing, and after a search."""
    return {
        "platform-payments": ("payments/platform_payments.html", platform_payments(currency)),
        "platform-payments-empty": (
            "payments/platform_payments.html",
            PlatformPaymentsView(number="", waiting=(), authorized=(), refunds=()),
        ),
        "platform-payments-none": (
            "payments/platform_payments.html",
            PlatformPaymentsView(number="2611", waiting=(), authorized=(), refunds=(), done="placed"),
        ),
    }
