"""The platform's staff: money to confirm, authorized money, and refunds to pay back by hand."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import QueryParameter

from merx.cashier import cancel_authorized, capture_payment, confirm_offline
from merx.infra.db import ReadTx, Tx
from merx.kit.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unavailable
from merx.kit.money import Money, parse_decimal
from merx.payments import (
    OfflinePayment,
    OfflineRefund,
    PaymentState,
    find_payment,
    offline_refunds,
    retry_refund,
)
from merx.queries.payments import offline_payments, uncaptured_payments
from merx.refunds import fail_offline_refund, settle_offline_refund
from merx.storefront.core.forms import EmptyForm, MoneyForm, PlainRequest, errors_of, form_view, read_form
from merx.storefront.core.pages import Page, error_text, page, see_other
from merx.storefront.core.parameters import FromPath, Visiting
from merx.storefront.core.paying import provider_name
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.payments.forms import ReasonForm, ReferenceForm
from merx.storefront.payments.view import PlatformPaymentsView, WaitingPayment, WaitingRefund

PAYMENTS: Final = "/staff/payments"


PAYMENT: Final = "/staff/payments/{payment_id:uuid}"


REFUND: Final = "/staff/refunds/{refund_id:uuid}"


_OVER: Final = (PaymentState.CAPTURED, PaymentState.VOIDED)


Number = Annotated[str, QueryParameter(name="number", max_length=64)]
"""The number that a payer named, or its beginning."""


Done = Annotated[str, QueryParameter(name="done", max_length=32)]
"""What came of the last confirmation."""


def _staff(visit: Visit) -> UUID:
    """The account of a member of the platform's staff. Raises Unauthenticated, Forbidden."""
    identity = visit.require_identity()
    if not identity.is_staff:
        raise Forbidden
    return identity.account.id


@get(PAYMENTS)
async def show_platform_payments(visit: Visiting, number: Number = "", done: Done = "") -> Page:
    """What waits for staff; with a number, the payments it names. Raises Unauthenticated, Forbidden."""
    _staff(visit)
    return await _draw(visit, number=number, done=done)


async def _draw(
    visit: Visit,
    *,
    number: str = "",
    done: str = "",
    form: FormView | None = None,
    form_for: str = "",
    status: int = 200,
) -> Page:
    codes = visit.services.providers.offline_codes()
    wanted = number.strip()
    async with visit.services.db.snapshot() as tx:
        waiting = await offline_payments(tx, providers=codes, number=wanted)
        authorized = await uncaptured_payments(tx, offline=codes)
        refunds = await offline_refunds(tx, providers=codes)
        view = PlatformPaymentsView(
            number=wanted,
            waiting=tuple(_payment(visit, each) for each in waiting),
            authorized=tuple(_payment(visit, each) for each in authorized),
            refunds=tuple(_refund(visit, each) for each in refunds),
            form=form or FormView(),
            form_for=form_for,
            done=done,
        )
        return await page(visit, tx, "payments/platform_payments.html", view, status=status)


def _name(visit: Visit, code: str) -> str:
    try:
        return provider_name(visit.services.providers.get(code).label, visit.locale, code)
    except NotFound:
        return code


def _payment(visit: Visit, found: OfflinePayment) -> WaitingPayment:
    amount = Money(found.amount, found.currency)
    return WaitingPayment(
        payment_id=str(found.id),
        purchase_id=str(found.purchase_id),
        number=found.number,
        provider_name=_name(visit, found.provider),
        amount=amount,
        expected=amount.decimal(),
        state=found.state.value,
        purchase_state=found.purchase_state,
        order_numbers=tuple(found.order_numbers),
        expires_at=found.expires_at,
        can_confirm=found.state not in _OVER,
        failure=found.capture_failure,
    )


def _refund(visit: Visit, found: OfflineRefund) -> WaitingRefund:
    return WaitingRefund(
        refund_id=str(found.id),
        number=found.number,
        provider_name=_name(visit, found.provider),
        amount=Money(found.amount, found.currency),
        state=found.state,
        failure=found.failure,
        since=found.created_at,
    )


async def _act(
    visit: Visit,
    work: Callable[[Tx], Awaitable[str]],
    *,
    form_for: UUID,
    values: Mapping[str, object],
    number: Callable[[ReadTx], Awaitable[str]] | None = None,
) -> Page:
    """Run a command and go back to the list; a refusal stands beside the form it is about."""
    try:
        outcome = await visit.services.db.write(work)
    except (Invalid, Conflict) as error:
        return await _again(visit, error, form_for=form_for, values=values, number=number)
    return see_other(f"{PAYMENTS}?done={outcome}")


async def _again(
    visit: Visit,
    error: DomainError,
    *,
    form_for: UUID,
    values: Mapping[str, object],
    number: Callable[[ReadTx], Awaitable[str]] | None = None,
) -> Page:
    shown = ""
    if number is not None:
        async with visit.services.db.read() as tx:
            shown = await number(tx)
    errors = errors_of(error, error_text(visit, error), fields={"amount", "reference", "reason"})
    sent = form_view(values, errors=errors)
    return await _draw(visit, number=shown, form=sent, form_for=str(form_for), status=422)


def _number_of(payment_id: UUID) -> Callable[[ReadTx], Awaitable[str]]:
    """Keep showing the payment that a form was about, also one that does not wait any more."""

    async def read(tx: ReadTx) -> str:
        payment = await find_payment(tx, payment_id)
        return payment.number if payment else ""

    return read


@post(PAYMENT + "/confirm", status_code=200)
async def submit_confirmation(request: PlainRequest, visit: Visiting, payment_id: FromPath[UUID]) -> Page:
    """The money came. Raises Unauthenticated, Forbidden, UnknownPayment."""
    staff_id = _staff(visit)
    form = await read_form(request, MoneyForm)

    async def work(tx: Tx) -> str:
        payment = await find_payment(tx, payment_id)
        currency = payment.currency if payment else visit.currency
        return await confirm_offline(
            tx, payment_id=payment_id, amount=parse_decimal(form.amount.strip(), currency),
            reference=form.reference, received_at=visit.now, actor_id=staff_id, now=visit.now,
        )  # fmt: skip

    values = msgspec.structs.asdict(form)
    return await _act(visit, work, form_for=payment_id, values=values, number=_number_of(payment_id))


@post(PAYMENT + "/capture", status_code=200)
async def submit_capture(request: PlainRequest, visit: Visiting, payment_id: FromPath[UUID]) -> Page:
    """Capture authorized money now. Raises Unauthenticated, Forbidden."""
    _staff(visit)
    await read_form(request, EmptyForm)
    services = visit.services
    try:
        taken = await capture_payment(services.db, services.providers, payment_id=payment_id, now=visit.now)
    except (Conflict, Unavailable) as error:
        return await _again(visit, error, form_for=payment_id, values={})
    return see_other(f"{PAYMENTS}?done={'captured' if taken else 'capture_failed'}")


@post("/staff/purchases/{purchase_id:uuid}/cancel", status_code=200)
async def submit_platform_cancel(request: PlainRequest, visit: Visiting, purchase_id: FromPath[UUID]) -> Page:
    """Cancel what is only authorized and has not left. Raises Unauthenticated, Forbidden, UnknownPurchase."""
    staff_id = _staff(visit)
    await read_form(request, EmptyForm)
    services = visit.services
    try:
        await cancel_authorized(
            services.db, services.providers, purchase_id=purchase_id, staff_id=staff_id, now=visit.now
        )
    except Conflict as error:
        return await _again(visit, error, form_for=purchase_id, values={})
    return see_other(f"{PAYMENTS}?done=cancelled")


@post(REFUND + "/paid-back", status_code=200)
async def submit_paid_back(request: PlainRequest, visit: Visiting, refund_id: FromPath[UUID]) -> Page:
    """A refund was paid back. Raises Unauthenticated, Forbidden, UnknownRefund."""
    staff_id = _staff(visit)
    form = await read_form(request, ReferenceForm)

    async def work(tx: Tx) -> str:
        await settle_offline_refund(
            tx, refund_id=refund_id, reference=form.reference, actor_id=staff_id, now=visit.now
        )
        return "paid_back"

    return await _act(visit, work, form_for=refund_id, values=msgspec.structs.asdict(form))


@post(REFUND + "/failed", status_code=200)
async def submit_not_paid_back(request: PlainRequest, visit: Visiting, refund_id: FromPath[UUID]) -> Page:
    """A refund cannot be paid back. Raises Unauthenticated, Forbidden, UnknownRefund."""
    _staff(visit)
    form = await read_form(request, ReasonForm)

    async def work(tx: Tx) -> str:
        await fail_offline_refund(tx, refund_id=refund_id, reason=form.reason, now=visit.now)
        return "refund_failed"

    return await _act(visit, work, form_for=refund_id, values=msgspec.structs.asdict(form))


@post(REFUND + "/retry", status_code=200)
async def submit_refund_again(request: PlainRequest, visit: Visiting, refund_id: FromPath[UUID]) -> Page:
    """A refund that failed is to be paid back after all. Raises Unauthenticated, Forbidden, UnknownRefund."""
    _staff(visit)
    await read_form(request, EmptyForm)

    async def work(tx: Tx) -> str:
        await retry_refund(tx, refund_id=refund_id, now=visit.now)
        return "refund_again"

    return await _act(visit, work, form_for=refund_id, values={})


handlers = [
    show_platform_payments,
    submit_confirmation,
    submit_capture,
    submit_platform_cancel,
    submit_paid_back,
    submit_not_paid_back,
    submit_refund_again,
]
