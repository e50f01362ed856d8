"""What the page of money at the platform shows. Pure."""

from collections.abc import Mapping
from datetime import datetime

from merx.kit.money import Money
from merx.queries.payments import AwaitedPayment, PaymentDesk, RefundByHand
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
    actions: tuple[str, ...] = ()
    failure: str | None = None


class WaitingRefund(View, frozen=True, kw_only=True):
    """Money to pay back by hand; `failure` says why it could not be paid before."""

    refund_id: str
    number: str
    provider_name: str
    amount: Money
    actions: tuple[str, ...]
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


def desk_view(
    desk: PaymentDesk,
    *,
    names: Mapping[str, str],
    number: str,
    done: str,
    form: FormView | None,
    form_for: str,
) -> PlatformPaymentsView:
    """The page; `names` are what people call the ways to pay, by code."""
    return PlatformPaymentsView(
        number=number,
        waiting=tuple(_payment(each, names) for each in desk.waiting),
        authorized=tuple(_payment(each, names) for each in desk.promised),
        refunds=tuple(_refund(each, names) for each in desk.refunds),
        form=form or FormView(),
        form_for=form_for,
        done=done,
    )


def _payment(found: AwaitedPayment, names: Mapping[str, str]) -> WaitingPayment:
    return WaitingPayment(
        payment_id=str(found.id),
        purchase_id=str(found.purchase_id),
        number=found.number,
        provider_name=names.get(found.provider, found.provider),
        amount=found.amount,
        expected=found.amount.decimal(),
        state=found.state,
        purchase_state=found.purchase_state,
        order_numbers=tuple(found.order_numbers),
        expires_at=found.expires_at,
        actions=found.actions,
        failure=found.capture_failure,
    )


def _refund(found: RefundByHand, names: Mapping[str, str]) -> WaitingRefund:
    return WaitingRefund(
        refund_id=str(found.id),
        number=found.number,
        provider_name=names.get(found.provider, found.provider),
        amount=found.amount,
        actions=found.actions,
        failure=found.failure,
        since=found.created_at,
    )
