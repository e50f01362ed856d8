"""What the pages of payments show. Pure."""

from datetime import datetime

from merx.kit.money import Money
from merx.storefront.core.views import FormView, View


class WaitingPayment(View, frozen=True, kw_only=True):
    """A payment and what can be done with it; `failure` says why its authorized money will not come."""

    payment_id: str
    purchase_id: str
    number: str
    provider_name: str
    amount: Money
    expected: str
    state: str
    purchase_state: str
    order_numbers: tuple[str, ...]
    expires_at: datetime
    can_confirm: bool = False
    failure: str | None = None


class WaitingRefund(View, frozen=True, kw_only=True):
    """Money to pay back by hand; `failure` says why it could not be paid before."""

    refund_id: str
    number: str
    provider_name: str
    amount: Money
    state: str
    failure: str | None
    since: datetime


class PlatformPaymentsView(View, frozen=True, kw_only=True):
    """What waits for staff. `form` came back with a refusal, for the row named `form_for`; `done` says what was done."""

    number: str
    waiting: tuple[WaitingPayment, ...]
    authorized: tuple[WaitingPayment, ...]
    refunds: tuple[WaitingRefund, ...]
    form: FormView = FormView()
    form_for: str = ""
    done: str = ""
