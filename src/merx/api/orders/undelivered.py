"""Parcels that were refused at the door and came back: what sellers say, and staff for them."""

from uuid import UUID

from merx.api.core.answers import Answer, done
from merx.api.core.call import Call, perform
from merx.api.core.reading import ApiRequest, read_body, required_key
from merx.api.orders.answers import OrderCancelled
from merx.api.orders.requests import RecordUndelivered
from merx.cashier import void_now
from merx.infra.db import Tx
from merx.kit.actors import SellerMember, Staff
from merx.returns import Wanted, record_undelivered


async def undelivered(
    request: ApiRequest, call: Call, order_id: UUID, *, actor: SellerMember | Staff
) -> Answer:
    """Record it once per key; an authorization is voided afterwards, outside the transaction."""
    key = required_key(request)
    wanted = await read_body(request, RecordUndelivered)
    unwanted: list[UUID] = []

    async def work(tx: Tx) -> OrderCancelled:
        restocked = [Wanted(line.order_line_id, line.quantity) for line in wanted.restocked]
        unwanted[:] = await record_undelivered(
            tx, call.services.providers, order_id=order_id, actor=actor, restocked=restocked, now=call.now
        )
        return OrderCancelled(order_id=order_id, state="cancelled")

    view, replayed = await perform(
        call,
        work,
        key=key,
        route="orders.undelivered",
        request=(order_id, wanted),
        outcome=OrderCancelled,
    )
    await void_now(call.services.db, call.services.providers, unwanted, now=call.now)
    return done(view, status=200, replayed=replayed)
