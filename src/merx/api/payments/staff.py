"""Money that people confirm and money that is authorized: what the platform's staff do with it."""

from functools import partial
from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from merx.api.core.answers import Answer, answer
from merx.api.core.call import open_call
from merx.api.core.commands import Command, Given, handlers_of
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_query
from merx.api.payments.answers import PaymentOutcome, PurchaseCancelled, RefundConfirmed
from merx.api.payments.requests import ConfirmPayment, OfflineQuery, RefundNotPossible, RefundPaidBack
from merx.cashier import cancel_authorized, capture_payment, confirm_offline
from merx.infra.db import Tx
from merx.kit.money import Money
from merx.queries.payments import PaymentDesk, payment_desk
from merx.refunds import fail_offline_refund, settle_offline_refund

PAYMENT: Final = "/staff/payments/{payment_id:uuid}"
REFUND: Final = "/staff/refunds/{refund_id:uuid}"

_command = partial(Command, tag="staff", who="staff")


@get("/staff/payments", opt=operation("staff", PaymentDesk, query=OfflineQuery, auth="staff"))
async def show_offline_payments(request: ApiRequest) -> Answer:
    """List what waits for staff: money to confirm, authorized money, refunds to pay back."""
    query = read_query(request, OfflineQuery)
    call = await open_call(request)
    call.staff()
    async with call.services.db.snapshot() as tx:
        return answer(await payment_desk(tx, call.services.providers, number=query.number))


async def _confirm(tx: Tx, given: Given) -> PaymentOutcome:
    body: ConfirmPayment = given.body
    payment_id = given.about["payment_id"]
    outcome = await confirm_offline(
        tx,
        given.call.services.providers,
        payment_id=payment_id,
        amount=Money(body.amount.amount, body.amount.currency),
        reference=body.reference,
        received_at=body.received_at or given.call.now,
        actor=given.actor,
        now=given.call.now,
    )
    return PaymentOutcome(payment_id=payment_id, outcome=outcome)


@post(f"{PAYMENT}/capture", status_code=200, opt=operation("staff", PaymentOutcome, auth="staff"))
async def capture(request: ApiRequest, payment_id: FromPath[UUID]) -> Answer:
    """Capture authorized money now. Asking again takes nothing twice."""
    call = await open_call(request)
    call.staff()
    services = call.services
    taken = await capture_payment(services.db, services.providers, payment_id=payment_id, now=call.now)
    return answer(PaymentOutcome(payment_id=payment_id, outcome="captured" if taken else "capture_failed"))


@post(
    "/staff/purchases/{purchase_id:uuid}/cancel",
    status_code=200,
    opt=operation("staff", PurchaseCancelled, auth="staff"),
)
async def cancel(request: ApiRequest, purchase_id: FromPath[UUID]) -> Answer:
    """Cancel a purchase whose money is only authorized and of which nothing has left."""
    call = await open_call(request)
    staff = call.staff()
    services = call.services
    await cancel_authorized(
        services.db, services.providers, purchase_id=purchase_id, actor=staff, now=call.now
    )
    return answer(PurchaseCancelled(purchase_id=purchase_id, state="cancelled"))


async def _paid_back(tx: Tx, given: Given) -> RefundConfirmed:
    refund_id = given.about["refund_id"]
    await settle_offline_refund(
        tx,
        given.call.services.providers,
        refund_id=refund_id,
        reference=given.body.reference,
        actor=given.actor,
        now=given.call.now,
    )
    return RefundConfirmed(refund_id=refund_id, state="succeeded")


async def _not_paid_back(tx: Tx, given: Given) -> RefundConfirmed:
    refund_id = given.about["refund_id"]
    await fail_offline_refund(
        tx,
        given.call.services.providers,
        refund_id=refund_id,
        reason=given.body.reason,
        actor=given.actor,
        now=given.call.now,
    )
    return RefundConfirmed(refund_id=refund_id, state="failed")


handlers = [
    show_offline_payments,
    capture,
    cancel,
    *handlers_of(
        _command(
            path=f"{PAYMENT}/confirm", name="confirm", key="payments.confirm", perform=_confirm, body=ConfirmPayment,
            answer=PaymentOutcome, says="Confirm a bank transfer or cash, in the exact amount.",
        ),
        _command(
            path=f"{REFUND}/paid-back", name="paid_back", key="refunds.paid_back", perform=_paid_back,
            body=RefundPaidBack, answer=RefundConfirmed,
            says="Say that a refund of an offline method was paid back.",
        ),
        _command(
            path=f"{REFUND}/failed", name="not_paid_back", key="refunds.failed", perform=_not_paid_back,
            body=RefundNotPossible, answer=RefundConfirmed,
            says="Say that a refund of an offline method cannot be paid back, and why.",
        ),
    ),
]  # fmt: skip
