"""Purchases: what became of a cart, paying for it, and receiving its parcels."""

from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from merx.api.core.answers import Answer, answer, done, listed
from merx.api.core.call import open_call, perform
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body, read_query, required_key
from merx.api.core.requests import PageQuery, SetPaymentMethod
from merx.api.purchases import answers
from merx.api.purchases.requests import StartPayment
from merx.cashier import cancel_purchase, choose_method, start_payment
from merx.fulfilment import receive
from merx.infra.db import Tx
from merx.queries.parcels import SeenParcel, seen_parcel
from merx.queries.purchases import PurchaseList, SeenPurchase, purchase_list, seen_purchase

PURCHASE = "/purchases/{purchase_id:uuid}"


@get("/purchases", opt=operation("purchases", PurchaseList, query=PageQuery, auth="account"))
async def show_purchases(request: ApiRequest) -> Answer:
    """List the account's purchases, newest first."""
    query = read_query(request, PageQuery)
    call = await open_call(request)
    call.require_account()
    async with call.services.db.snapshot() as tx:
        found = await purchase_list(tx, actor=call.buyer(), after=query.cursor, limit=query.limit)
    return listed(request, found, found.next_cursor)


@get(PURCHASE, opt=operation("purchases", SeenPurchase, auth="buyer"))
async def show_purchase(request: ApiRequest, purchase_id: FromPath[UUID]) -> Answer:
    """Show a purchase with its orders, parcels, payments and timeline."""
    call = await open_call(request)
    async with call.services.db.snapshot() as tx:
        found = await seen_purchase(
            tx, call.services.keys, purchase_id=purchase_id, actor=call.buyer(), now=call.now
        )
    return answer(found)


@post(
    f"{PURCHASE}/pay",
    status_code=200,
    opt=operation("purchases", answers.PaymentStart, body=StartPayment, auth="buyer"),
)
async def pay(request: ApiRequest, purchase_id: FromPath[UUID]) -> Answer:
    """Start the payment, or start it again: says what the payer must do next."""
    wanted = await read_body(request, StartPayment) if await request.body() else StartPayment()
    call = await open_call(request)
    action = await start_payment(
        call.services.db,
        call.services.providers,
        purchase_id=purchase_id,
        actor=call.buyer(),
        public_url=call.services.settings.web.public_url,
        now=call.now,
        device=wanted.device,
        client_ip=request.client.host if request.client else "127.0.0.1",
        openid=wanted.openid,
    )
    return answer(answers.PaymentStart(action=msgspec.convert(action, answers.Action, from_attributes=True)))


@post(
    f"{PURCHASE}/payment-method",
    status_code=200,
    opt=operation("purchases", answers.ChosenMethod, body=SetPaymentMethod, auth="buyer"),
)
async def pay_another_way(request: ApiRequest, purchase_id: FromPath[UUID]) -> Answer:
    """Pay another way than was chosen when ordering. Choosing the same again changes nothing."""
    wanted = await read_body(request, SetPaymentMethod)
    call = await open_call(request)
    await choose_method(
        call.services.db,
        call.services.providers,
        purchase_id=purchase_id,
        method=wanted.provider,
        actor=call.buyer(),
        now=call.now,
    )
    return answer(answers.ChosenMethod(purchase_id=purchase_id, payment_method=wanted.provider))


@post(
    f"{PURCHASE}/cancel",
    status_code=200,
    opt=operation("purchases", answers.Cancelled, auth="buyer"),
)
async def cancel(request: ApiRequest, purchase_id: FromPath[UUID]) -> Answer:
    """Cancel a purchase that is not paid. Cancelling it again changes nothing."""
    call = await open_call(request)
    await cancel_purchase(
        call.services.db,
        call.services.providers,
        purchase_id=purchase_id,
        actor=call.buyer(),
        now=call.now,
    )
    return answer(answers.Cancelled(purchase_id=purchase_id, state="cancelled"))


@post(
    "/fulfilments/{fulfilment_id:uuid}/receive",
    status_code=200,
    opt=operation("purchases", SeenParcel, auth="buyer", key="required"),
)
async def receive_parcel(request: ApiRequest, fulfilment_id: FromPath[UUID]) -> Answer:
    """Confirm that a parcel has arrived."""
    key = required_key(request)
    call = await open_call(request)

    async def confirm(tx: Tx) -> SeenParcel:
        parcel = await receive(
            tx,
            fulfilment_id=fulfilment_id,
            actor=call.buyer(),
            now=call.now,
        )
        return seen_parcel(parcel, actor=call.buyer())

    parcel, replayed = await perform(
        call,
        confirm,
        key=key,
        route="fulfilments.receive",
        request=(fulfilment_id,),
        outcome=SeenParcel,
    )
    return done(parcel, status=200, replayed=replayed)


handlers = [show_purchases, show_purchase, pay, pay_another_way, cancel, receive_parcel]
