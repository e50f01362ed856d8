"""The platform's staff: money to confirm, authorized money, and refunds to pay back by hand."""

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import QueryParameter

from merx.cashier import cancel_authorized, capture_payment, confirm_offline
from merx.infra.db import Tx
from merx.kit import links
from merx.kit.errors import Conflict, DomainError, Unavailable
from merx.kit.money import parse_decimal
from merx.payments import find_payment
from merx.queries.payments import payment_desk
from merx.refunds import fail_offline_refund, settle_offline_refund
from merx.storefront.core.commands import Command, Sent, handlers_of
from merx.storefront.core.forms import EmptyForm, MoneyForm, PlainRequest, errors_of, form_view, read_form
from merx.storefront.core.pages import Page, error_text, page, see_other
from merx.storefront.core.parameters import FromPath, Visiting
from merx.storefront.core.paying import provider_name
from merx.storefront.core.views import FormView
from merx.storefront.core.visit import Visit
from merx.storefront.payments.forms import ReasonForm, ReferenceForm
from merx.storefront.payments.view import desk_view

PAYMENT: Final = "/staff/payments/{payment_id:uuid}"
REFUND: Final = "/staff/refunds/{refund_id:uuid}"
Number = Annotated[str, QueryParameter(name="number", max_length=64)]
"""The number that a payer named, or its beginning."""
Done = Annotated[str, QueryParameter(name="done", max_length=32)]
"""What came of the last confirmation."""


@get("/staff/payments")
async def show_platform_payments(visit: Visiting, number: Number = "", done: Done = "") -> Page:
    """What waits for staff; with a number, the payments it names. Raises Unauthenticated, Forbidden."""
    visit.staff()
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
    providers, wanted = visit.services.providers, number.strip()
    names = {each.code: provider_name(each.label, visit.locale, each.code) for each in providers}
    async with visit.services.db.snapshot() as tx:
        desk = await payment_desk(tx, providers, number=wanted)
        view = desk_view(desk, names=names, number=wanted, done=done, form=form, form_for=form_for)
        return await page(visit, tx, "payments/platform_payments.html", view, status=status)


async def _again(
    visit: Visit, error: DomainError, *, about: UUID, form: Any = None, number: str = ""
) -> Page:
    """The list again, with a refusal beside the form it is about."""
    errors = errors_of(error, error_text(visit, error), fields={"amount", "reference", "reason"})
    sent = form_view(msgspec.structs.asdict(form) if form else {}, errors=errors)
    return await _draw(visit, number=number, form=sent, form_for=str(about), status=422)


async def _refused(sent: Sent, _command: Command, error: DomainError) -> Page:
    """Keep showing the payment that a form was about, also one that does not wait any more."""
    [about] = sent.about.values()
    number = ""
    if "payment_id" in sent.about:
        async with sent.visit.services.db.read() as tx:
            payment = await find_payment(tx, about)
            number = payment.number if payment else ""
    return await _again(sent.visit, error, about=about, form=sent.form, number=number)


def _done(_sent: Sent, _command: Command, outcome: str) -> str:
    return f"{links.staff_payments()}?done={outcome}"


async def _confirm(tx: Tx, sent: Sent) -> str:
    payment = await find_payment(tx, sent.about["payment_id"])
    currency = payment.currency if payment else sent.visit.currency
    return await confirm_offline(
        tx,
        sent.visit.services.providers,
        payment_id=sent.about["payment_id"],
        amount=parse_decimal(sent.form.amount.strip(), currency),
        reference=sent.form.reference,
        received_at=sent.visit.now,
        actor=sent.actor,
        now=sent.visit.now,
    )


@post(PAYMENT + "/capture", status_code=200)
async def submit_capture(request: PlainRequest, visit: Visiting, payment_id: FromPath[UUID]) -> Page:
    """Capture authorized money now. Raises Unauthenticated, Forbidden."""
    visit.staff()
    await read_form(request, EmptyForm)
    services = visit.services
    try:
        taken = await capture_payment(services.db, services.providers, payment_id=payment_id, now=visit.now)
    except (Conflict, Unavailable) as error:
        return await _again(visit, error, about=payment_id)
    return see_other(f"{links.staff_payments()}?done={'captured' if taken else 'capture_failed'}")


@post("/staff/purchases/{purchase_id:uuid}/cancel", status_code=200)
async def submit_platform_cancel(request: PlainRequest, visit: Visiting, purchase_id: FromPath[UUID]) -> Page:
    """Cancel what is only authorized and has not left. Raises Unauthenticated, Forbidden, UnknownPurchase."""
    staff = visit.staff()
    await read_form(request, EmptyForm)
    services = visit.services
    try:
        await cancel_authorized(
            services.db, services.providers, purchase_id=purchase_id, actor=staff, now=visit.now
        )
    except Conflict as error:
        return await _again(visit, error, about=purchase_id)
    return see_other(f"{links.staff_payments()}?done=cancelled")


async def _paid_back(tx: Tx, sent: Sent) -> str:
    await settle_offline_refund(
        tx,
        sent.visit.services.providers,
        refund_id=sent.about["refund_id"],
        reference=sent.form.reference,
        actor=sent.actor,
        now=sent.visit.now,
    )
    return "paid_back"


async def _not_paid_back(tx: Tx, sent: Sent) -> str:
    await fail_offline_refund(
        tx,
        sent.visit.services.providers,
        refund_id=sent.about["refund_id"],
        reason=sent.form.reason,
        actor=sent.actor,
        now=sent.visit.now,
    )
    return "refund_failed"


_command = partial(Command, who="staff")

handlers = [
    show_platform_payments,
    submit_capture,
    submit_platform_cancel,
    *handlers_of(
        _command(path=f"{PAYMENT}/confirm", name="submit_confirmation", form=MoneyForm, perform=_confirm),
        _command(path=f"{REFUND}/paid-back", name="submit_paid_back", form=ReferenceForm, perform=_paid_back),
        _command(path=f"{REFUND}/failed", name="submit_not_paid_back", form=ReasonForm, perform=_not_paid_back),
        then=_done,
        again=_refused,
    ),
]  # fmt: skip
