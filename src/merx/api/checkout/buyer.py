"""Ordering a cart."""

from uuid import UUID

from litestar import post
from litestar.params import FromPath

from merx.api.checkout import answers
from merx.api.checkout.requests import Checkout
from merx.api.core.answers import Answer, answer
from merx.api.core.call import open_call
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body, required_key
from merx.checkout import PlaceOrder, Refused, as_error
from merx.kit.money import Money


@post(
    "/carts/{cart_id:uuid}/checkout",
    opt=operation("carts", answers.Placed, status=201, body=Checkout, auth="cart", key="required"),
)
async def check_out(request: ApiRequest, cart_id: FromPath[UUID]) -> Answer:
    """Order a cart for the total that was shown. Repeating it with the same key returns the first outcome."""
    key = required_key(request)
    wanted = await read_body(request, Checkout)
    call = await open_call(request)
    outcome = await call.services.placement.place(
        PlaceOrder(
            cart_id=cart_id,
            idempotency_key=key,
            expected_total=wanted.expected_total.amount,
            currency=wanted.expected_total.currency,
            buyer=call.buyer(),
        )
    )
    if isinstance(outcome, Refused):
        raise as_error(outcome)
    view = answers.Placed(
        purchase_id=outcome.purchase_id,
        number=outcome.number,
        total=Money(outcome.total, outcome.currency),
    )
    return answer(view, status=201)


handlers = [check_out]
