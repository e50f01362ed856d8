"""Orders: what sellers see of them, ship and take at the door."""

from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from merx.api.core.answers import Answer, answer, listed
from merx.api.core.call import open_call
from merx.api.core.commands import Command, Given, handlers_of
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_query
from merx.api.orders.answers import CashOutcome, OrderCancelled
from merx.api.orders.requests import ConfirmCash, RecordUndelivered, SellerOrderQuery, Ship
from merx.api.orders.undelivered import undelivered
from merx.cashier import cash_payment, confirm_cash
from merx.fulfilment import FulfilmentSettings, mark_delivered, ship
from merx.infra.db import Tx
from merx.kit.money import Money
from merx.orders import OrderState, get_order
from merx.queries.orders import SellerOrder, SellerOrderList, seller_order, seller_order_list
from merx.queries.parcels import SeenParcel, seen_parcel

ORDER: Final = "/seller/orders/{order_id:uuid}"

_command = partial(Command, tag="seller", who="seller")


@get("/seller/orders", opt=operation("seller", SellerOrderList, query=SellerOrderQuery, auth="seller"))
async def show_orders(request: ApiRequest) -> Answer:
    """List the orders of the sellers one works for, newest first."""
    query = read_query(request, SellerOrderQuery)
    call = await open_call(request)
    seller = call.seller()
    states = [query.state] if query.state else [state.value for state in OrderState]
    async with call.services.db.snapshot() as tx:
        page = await seller_order_list(tx, actor=seller, states=states, after=query.cursor, limit=query.limit)
    return listed(request, page, page.next_cursor)


@get(ORDER, opt=operation("seller", SellerOrder, auth="seller"))
async def show_order(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """Show an order with the address to ship to."""
    call = await open_call(request)
    seller = call.seller()
    async with call.services.db.snapshot() as tx:
        return answer(
            await seller_order(
                tx, call.services.keys, call.services.providers, order_id=order_id, actor=seller
            )
        )


async def _ship(tx: Tx, given: Given) -> SeenParcel:
    body: Ship = given.body
    days = given.call.services.settings.of(FulfilmentSettings).auto_receive_days
    parcel = await ship(
        tx,
        order_id=given.about["order_id"],
        actor=given.actor,
        carrier=body.carrier,
        tracking_number=body.tracking_number,
        lines=None if body.lines is None else [(line.order_line_id, line.quantity) for line in body.lines],
        now=given.call.now,
        auto_receive_after=timedelta(days=days),
    )
    return seen_parcel(parcel, actor=given.actor)


@post(
    "/seller/fulfilments/{fulfilment_id:uuid}/delivered",
    status_code=200,
    opt=operation("seller", SeenParcel, auth="seller"),
)
async def parcel_delivered(request: ApiRequest, fulfilment_id: FromPath[UUID]) -> Answer:
    """Record that a parcel reached its buyer. Recording it again changes nothing."""
    call = await open_call(request)
    seller = call.seller()
    parcel = await call.services.db.write(
        lambda tx: mark_delivered(tx, fulfilment_id=fulfilment_id, actor=seller, now=call.now)
    )
    return answer(seen_parcel(parcel, actor=seller))


async def _take_cash(tx: Tx, given: Given) -> CashOutcome:
    body: ConfirmCash = given.body
    order_id = given.about["order_id"]
    outcome = await confirm_cash(
        tx,
        given.call.services.providers,
        order_id=order_id,
        actor=given.actor,
        amount=Money(body.amount.amount, body.amount.currency),
        reference=body.reference,
        now=given.call.now,
    )
    order = await get_order(tx, order_id=order_id, actor=given.actor)
    payment = await cash_payment(tx, given.call.services.providers, purchase_id=order.purchase_id)
    return CashOutcome(payment_id=payment.id, outcome=outcome)


@post(
    f"{ORDER}/undelivered",
    status_code=200,
    opt=operation("seller", OrderCancelled, body=RecordUndelivered, auth="seller", key="required"),
)
async def refused_at_the_door(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """Record that an order's parcels were refused at the door and came back; what is restocked is sold again."""
    call = await open_call(request)
    return await undelivered(request, call, order_id, actor=call.seller())


handlers = [
    show_orders,
    show_order,
    parcel_delivered,
    refused_at_the_door,
    *handlers_of(
        _command(
            path=f"{ORDER}/fulfilments", name="ship_parcel", key="orders.ship", perform=_ship, body=Ship, status=201,
            answer=SeenParcel, says="Hand a parcel of a paid order to a carrier.",
        ),
        _command(
            path=f"{ORDER}/cash", name="take_cash", key="orders.cash", perform=_take_cash, body=ConfirmCash,
            answer=CashOutcome, says="Confirm the cash that was taken at the door, in the exact amount.",
        ),
    ),
]  # fmt: skip
