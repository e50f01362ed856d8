"""Money that people confirm and money that is authorized: what sellers and the platform's staff do with it."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from merx.api import offline_views, order_views, requests
from merx.api.answers import Answer, answer, done
from merx.api.call import Call, open_call, perform
from merx.api.operations import operation
from merx.api.reading import ApiRequest, read_body, read_query, required_key
from merx.api.render import money
from merx.cashier import (
    cancel_authorized,
    capture_payment,
    cash_payment,
    confirm_cash,
    confirm_offline,
    void_now,
)
from merx.infra.db import Tx
from merx.kit.actors import SellerMember, Staff
from merx.kit.money import Money
from merx.orders import get_order
from merx.payments import (
    OfflinePayment,
    OfflineRefund,
    offline_refunds,
)
from merx.queries.payments import offline_payments, uncaptured_payments
from merx.refunds import fail_offline_refund, settle_offline_refund
from merx.returns import Wanted, record_undelivered

PAYMENT = "/staff/payments/{payment_id:uuid}"
REFUND = "/staff/refunds/{refund_id:uuid}"
ORDER = "/seller/orders/{order_id:uuid}"


def _payment(found: OfflinePayment) -> offline_views.OfflinePaymentView:
    return offline_views.OfflinePaymentView(
        id=found.id,
        purchase_id=found.purchase_id,
        provider=found.provider,
        number=found.number,
        state=found.state.value,
        amount=money(found.amount, found.currency),
        expires_at=found.expires_at,
        purchase_state=found.purchase_state,
        order_numbers=list(found.order_numbers),
        capture_failure=found.capture_failure,
    )


def _refund(found: OfflineRefund) -> offline_views.OfflineRefundView:
    return offline_views.OfflineRefundView(
        id=found.id,
        purchase_id=found.purchase_id,
        provider=found.provider,
        number=found.number,
        state=found.state,
        amount=money(found.amount, found.currency),
        reason=found.reason,
        failure=found.failure,
        created_at=found.created_at,
    )


@get(
    "/staff/payments",
    opt=operation("staff", offline_views.OfflineDeskView, query=requests.OfflineQuery, auth="staff"),
)
async def show_offline_payments(request: ApiRequest) -> Answer:
    """List what waits for staff: money to confirm, authorized money, refunds to pay back."""
    query = read_query(request, requests.OfflineQuery)
    call = await open_call(request)
    call.require_staff()
    codes = call.services.providers.offline_codes()
    async with call.services.db.snapshot() as tx:
        waiting = await offline_payments(tx, providers=codes, number=query.number)
        authorized = await uncaptured_payments(tx, offline=codes)
        refunds = await offline_refunds(tx, providers=codes)
    view = offline_views.OfflineDeskView(
        waiting=[_payment(each) for each in waiting],
        authorized=[_payment(each) for each in authorized],
        refunds=[_refund(each) for each in refunds],
    )
    return answer(view)


def _outcome(auth: str, tag: str, **more: Any) -> dict[str, Any]:
    return operation(tag, offline_views.PaymentOutcomeView, auth=auth, **more)


@post(
    f"{PAYMENT}/confirm",
    status_code=200,
    opt=_outcome("staff", "staff", body=requests.ConfirmPayment, key="required"),
)
async def confirm(request: ApiRequest, payment_id: FromPath[UUID]) -> Answer:
    """Confirm a bank transfer or cash, in the exact amount."""
    key = required_key(request)
    wanted = await read_body(request, requests.ConfirmPayment)
    call = await open_call(request)
    staff = call.require_staff()

    async def work(tx: Tx) -> offline_views.PaymentOutcomeView:
        outcome = await confirm_offline(
            tx,
            payment_id=payment_id,
            amount=Money(wanted.amount.amount, wanted.amount.currency),
            reference=wanted.reference,
            received_at=wanted.received_at or call.now,
            actor_id=staff.account.id,
            now=call.now,
        )
        return offline_views.PaymentOutcomeView(payment_id=payment_id, outcome=outcome)

    view, replayed = await perform(
        call,
        work,
        key=key,
        route="payments.confirm",
        request=(payment_id, wanted),
        outcome=offline_views.PaymentOutcomeView,
    )
    return done(view, status=200, replayed=replayed)


@post(f"{PAYMENT}/capture", status_code=200, opt=_outcome("staff", "staff"))
async def capture(request: ApiRequest, payment_id: FromPath[UUID]) -> Answer:
    """Capture authorized money now. Asking again takes nothing twice."""
    call = await open_call(request)
    call.require_staff()
    services = call.services
    taken = await capture_payment(services.db, services.providers, payment_id=payment_id, now=call.now)
    outcome = "captured" if taken else "capture_failed"
    return answer(offline_views.PaymentOutcomeView(payment_id=payment_id, outcome=outcome))


@post(
    "/staff/purchases/{purchase_id:uuid}/cancel",
    status_code=200,
    opt=operation("staff", order_views.CancelledView, auth="staff"),
)
async def cancel(request: ApiRequest, purchase_id: FromPath[UUID]) -> Answer:
    """Cancel a purchase whose money is only authorized and of which nothing has left."""
    call = await open_call(request)
    staff = call.require_staff()
    services = call.services
    await cancel_authorized(
        services.db, services.providers, purchase_id=purchase_id, staff_id=staff.account.id, now=call.now
    )
    return answer(order_views.CancelledView(purchase_id=purchase_id, state="cancelled"))


@post(
    f"{ORDER}/cash",
    status_code=200,
    opt=_outcome("seller", "seller", body=requests.ConfirmCash, key="required"),
)
async def take_cash(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """Confirm the cash that was taken at the door, in the exact amount."""
    key = required_key(request)
    wanted = await read_body(request, requests.ConfirmCash)
    call = await open_call(request)
    seller = call.seller()

    async def work(tx: Tx) -> offline_views.PaymentOutcomeView:
        outcome = await confirm_cash(
            tx,
            order_id=order_id,
            actor=seller,
            amount=Money(wanted.amount.amount, wanted.amount.currency),
            reference=wanted.reference,
            now=call.now,
        )
        order = await get_order(tx, order_id=order_id, actor=seller)
        payment = await cash_payment(tx, purchase_id=order.purchase_id)
        return offline_views.PaymentOutcomeView(payment_id=payment.id, outcome=outcome)

    view, replayed = await perform(
        call,
        work,
        key=key,
        route="orders.cash",
        request=(order_id, wanted),
        outcome=offline_views.PaymentOutcomeView,
    )
    return done(view, status=200, replayed=replayed)


async def _undelivered(
    request: ApiRequest, call: Call, order_id: UUID, *, actor: SellerMember | Staff
) -> Answer:
    key = required_key(request)
    wanted = await read_body(request, requests.RecordUndelivered)
    unwanted: list[UUID] = []

    async def work(tx: Tx) -> offline_views.OrderCancelledView:
        unwanted[:] = await record_undelivered(
            tx,
            order_id=order_id,
            actor=actor,
            restocked=[Wanted(line.order_line_id, line.quantity) for line in wanted.restocked],
            now=call.now,
        )
        return offline_views.OrderCancelledView(order_id=order_id, state="cancelled")

    view, replayed = await perform(
        call,
        work,
        key=key,
        route="orders.undelivered",
        request=(order_id, wanted),
        outcome=offline_views.OrderCancelledView,
    )
    await void_now(call.services.db, call.services.providers, unwanted, now=call.now)
    return done(view, status=200, replayed=replayed)


@post(
    f"{ORDER}/undelivered",
    status_code=200,
    opt=operation(
        "seller",
        offline_views.OrderCancelledView,
        body=requests.RecordUndelivered,
        auth="seller",
        key="required",
    ),
)
async def refused_at_the_door(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """Record that an order's parcels were refused at the door and came back; what is restocked is sold again."""
    call = await open_call(request)
    seller = call.seller()
    return await _undelivered(request, call, order_id, actor=seller)


@post(
    "/staff/orders/{order_id:uuid}/undelivered",
    status_code=200,
    opt=operation(
        "staff",
        offline_views.OrderCancelledView,
        body=requests.RecordUndelivered,
        auth="staff",
        key="required",
    ),
)
async def any_refused_at_the_door(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """Record for a seller that an order's parcels were refused at the door and came back."""
    call = await open_call(request)
    return await _undelivered(request, call, order_id, actor=call.staff())


def _refunded(**more: Any) -> dict[str, Any]:
    return operation("staff", offline_views.RefundConfirmedView, auth="staff", key="required", **more)


@post(f"{REFUND}/paid-back", status_code=200, opt=_refunded(body=requests.RefundPaidBack))
async def paid_back(request: ApiRequest, refund_id: FromPath[UUID]) -> Answer:
    """Say that a refund of an offline method was paid back."""
    key = required_key(request)
    wanted = await read_body(request, requests.RefundPaidBack)
    call = await open_call(request)
    staff = call.require_staff()

    async def work(tx: Tx) -> offline_views.RefundConfirmedView:
        await settle_offline_refund(
            tx, refund_id=refund_id, reference=wanted.reference, actor_id=staff.account.id, now=call.now
        )
        return offline_views.RefundConfirmedView(refund_id=refund_id, state="succeeded")

    view, replayed = await perform(
        call,
        work,
        key=key,
        route="refunds.paid_back",
        request=(refund_id, wanted),
        outcome=offline_views.RefundConfirmedView,
    )
    return done(view, status=200, replayed=replayed)


@post(f"{REFUND}/failed", status_code=200, opt=_refunded(body=requests.RefundNotPossible))
async def not_paid_back(request: ApiRequest, refund_id: FromPath[UUID]) -> Answer:
    """Say that a refund of an offline method cannot be paid back, and why."""
    key = required_key(request)
    wanted = await read_body(request, requests.RefundNotPossible)
    call = await open_call(request)
    call.require_staff()

    async def work(tx: Tx) -> offline_views.RefundConfirmedView:
        await fail_offline_refund(tx, refund_id=refund_id, reason=wanted.reason, now=call.now)
        return offline_views.RefundConfirmedView(refund_id=refund_id, state="failed")

    view, replayed = await perform(
        call,
        work,
        key=key,
        route="refunds.failed",
        request=(refund_id, wanted),
        outcome=offline_views.RefundConfirmedView,
    )
    return done(view, status=200, replayed=replayed)


handlers = [
    show_offline_payments,
    confirm,
    capture,
    cancel,
    take_cash,
    refused_at_the_door,
    any_refused_at_the_door,
    paid_back,
    not_paid_back,
]
