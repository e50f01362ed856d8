"""Orders: what the platform's staff record for a seller."""

from uuid import UUID

from litestar import post
from litestar.params import FromPath

from merx.api.core.answers import Answer
from merx.api.core.call import open_call
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest
from merx.api.orders.answers import OrderCancelled
from merx.api.orders.requests import RecordUndelivered
from merx.api.orders.undelivered import undelivered


@post(
    "/staff/orders/{order_id:uuid}/undelivered",
    status_code=200,
    opt=operation("staff", OrderCancelled, body=RecordUndelivered, auth="staff", key="required"),
)
async def any_refused_at_the_door(request: ApiRequest, order_id: FromPath[UUID]) -> Answer:
    """Record for a seller that an order's parcels were refused at the door and came back."""
    call = await open_call(request)
    return await undelivered(request, call, order_id, actor=call.staff())


handlers = [any_refused_at_the_door]
