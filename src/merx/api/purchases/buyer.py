"""Purchases: what became of a cart, paying for it, and receiving its parcels."""

from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from merx.api import order_views, render_orders
from merx.api.core.answers import Answer, answer, done, listed
from merx.api.core.call import Call, open_call, perform
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body, read_query, required_key
from merx.api.core.requests import PageQuery, SetPaymentMethod
from merx.api.purchases.requests import StartPayment
from merx.cashier import cancel_purchase, choose_provider, start_payment
from merx.fulfilment import fulfilments_of, receive
from merx.infra.db import ReadTx, Tx
from merx.infra.outbox import history
from merx.orders import list_purchases, purchase_view
from merx.payments import payments_of
from merx.queries.addresses import opened_address
from merx.reviews import my_reviews
from merx.sellers import get_sellers

PURCHASE = "/purchases/{purchase_id:uuid}"


@get("/purchases", opt=operation("purchases", order_views.PurchaseListView, query=PageQuery, auth="account"))
async def show_purchases(request: ApiRequest) -> Answer:
    """List the account's purchases, newest first."""
    query = read_query(request, PageQuery)
    call = await open_call(request)
    account_id = call.require_account().account.id
    async with call.services.db.snapshot() as tx:
        page = await list_purchases(tx, account_id=account_id, after=query.cursor, limit=query.limit)
        sellers = await get_sellers(
            tx, seller_ids={each.order.seller_id for _, orders in page.items for each in orders}
        )
    view = order_views.PurchaseListView(
        items=[
            render_orders.purchase_summary(purchase, orders, sellers=sellers)
            for purchase, orders in page.items
        ],
        next_cursor=page.next_cursor,
    )
    return listed(request, view, page.next_cursor)


@get(PURCHASE, opt=operation("purchases", order_views.PurchaseView, auth="buyer"))
async def show_purchase(request: ApiRequest, purchase_id: FromPath[UUID]) -> Answer:
    """Show a purchase with its orders, parcels, payments and timeline."""
    call = await open_call(request)
    async with call.services.db.snapshot() as tx:
        return answer(await purchase_answer(tx, call, purchase_id))


async def purchase_answer(tx: ReadTx, call: Call, purchase_id: UUID) -> order_views.PurchaseView:
    """A purchase for its buyer. Raises UnknownPurchase."""
    found = await purchase_view(
        tx, purchase_id=purchase_id, account_id=call.account_id, access_hash=call.access_hash
    )
    order_ids = [each.order.id for each in found.orders]
    return render_orders.purchase(
        found,
        address=await opened_address(
            tx, call.services.keys, person_id=found.address.person_id, sealed=found.address.sealed
        ),
        sellers=await get_sellers(tx, seller_ids={each.order.seller_id for each in found.orders}),
        reviews=await my_reviews(tx, order_ids=order_ids),
        parcels=await fulfilments_of(tx, order_ids=order_ids),
        payments=await payments_of(tx, [purchase_id]),
        events=await history(tx, subject_id=purchase_id, of=render_orders.TOLD),
    )


@post(
    f"{PURCHASE}/pay",
    status_code=200,
    opt=operation("purchases", order_views.PaymentStartView, body=StartPayment, auth="buyer"),
)
async def pay(request: ApiRequest, purchase_id: FromPath[UUID]) -> Answer:
    """Start the payment, or start it again: says what the payer must do next."""
    wanted = await read_body(request, StartPayment) if await request.body() else StartPayment()
    call = await open_call(request)
    action = await start_payment(
        call.services.db,
        call.services.providers,
        purchase_id=purchase_id,
        account_id=call.account_id,
        access_hash=call.access_hash,
        public_url=call.services.settings.web.public_url,
        now=call.now,
        device=wanted.device,
        client_ip=request.client.host if request.client else "127.0.0.1",
        openid=wanted.openid,
    )
    return answer(
        order_views.PaymentStartView(
            action=msgspec.convert(action, order_views.ActionView, from_attributes=True)
        )
    )


@post(
    f"{PURCHASE}/payment-method",
    status_code=200,
    opt=operation("purchases", order_views.ChosenMethodView, body=SetPaymentMethod, auth="buyer"),
)
async def pay_another_way(request: ApiRequest, purchase_id: FromPath[UUID]) -> Answer:
    """Pay another way than was chosen when ordering. Choosing the same again changes nothing."""
    wanted = await read_body(request, SetPaymentMethod)
    call = await open_call(request)
    await choose_provider(
        call.services.db,
        call.services.providers,
        purchase_id=purchase_id,
        provider=wanted.provider,
        account_id=call.account_id,
        access_hash=call.access_hash,
        now=call.now,
    )
    return answer(order_views.ChosenMethodView(purchase_id=purchase_id, payment_method=wanted.provider))


@post(
    f"{PURCHASE}/cancel",
    status_code=200,
    opt=operation("purchases", order_views.CancelledView, auth="buyer"),
)
async def cancel(request: ApiRequest, purchase_id: FromPath[UUID]) -> Answer:
    """Cancel a purchase that is not paid. Cancelling it again changes nothing."""
    call = await open_call(request)
    await cancel_purchase(
        call.services.db,
        call.services.providers,
        purchase_id=purchase_id,
        account_id=call.account_id,
        access_hash=call.access_hash,
        now=call.now,
    )
    return answer(order_views.CancelledView(purchase_id=purchase_id, state="cancelled"))


@post(
    "/fulfilments/{fulfilment_id:uuid}/receive",
    status_code=200,
    opt=operation("purchases", order_views.ParcelView, auth="buyer", key="required"),
)
async def receive_parcel(request: ApiRequest, fulfilment_id: FromPath[UUID]) -> Answer:
    """Confirm that a parcel has arrived."""
    key = required_key(request)
    call = await open_call(request)

    async def confirm(tx: Tx) -> order_views.ParcelView:
        parcel = await receive(
            tx,
            fulfilment_id=fulfilment_id,
            actor=call.buyer(),
            now=call.now,
        )
        return render_orders.parcel(parcel)

    parcel, replayed = await perform(
        call,
        confirm,
        key=key,
        route="fulfilments.receive",
        request=(fulfilment_id,),
        outcome=order_views.ParcelView,
    )
    return done(parcel, status=200, replayed=replayed)


handlers = [show_purchases, show_purchase, pay, pay_another_way, cancel, receive_parcel]
