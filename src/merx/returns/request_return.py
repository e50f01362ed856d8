"""A buyer applies for money back, with or without sending the goods back."""

from datetime import datetime
from uuid import UUID

from merx.checkout import worth_of
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.ids import new_id
from merx.orders import after_sales_days, buyer_order, claim_units, lock_order
from merx.returns import store
from merx.returns.errors import NotReturnable, UnknownPicture
from merx.returns.events import RETURN_REQUESTED, return_event
from merx.returns.model import Application, Return, ReturnState
from merx.returns.rules import (
    SELLER_ANSWERS,
    check_application,
    check_window,
    claims_of,
    pick_units,
    units_of,
)


async def request_return(
    tx: Tx,
    *,
    order_id: UUID,
    account_id: UUID | None,
    access_hash: bytes | None,
    application: Application,
    default_days: int,
    now: datetime,
) -> Return:
    """Open a case; its units may not be shipped or asked back again while it is open.

    `default_days` is the shop's window for sellers without one of their own. Raises UnknownOrder for everybody but the
    buyer, NotReturnable, BadReturn, BadReturnReason, NotShippedYet, OverReturned, TooManyPictures, UnknownPicture,
    TextRefused.
    """
    body, pictures = check_application(application)
    await buyer_order(tx, order_id=order_id, account_id=account_id, access_hash=access_hash)
    view = await lock_order(tx, order_id=order_id)
    order = view.order
    days = await after_sales_days(tx, order_id=order_id, default=default_days)
    check_window(order, days=days, now=now)
    if pictures and not await store.media_exist(tx, pictures):
        raise UnknownPicture(field="media")
    lines = pick_units(view.lines, application.lines, kind=application.kind)
    await claim_units(tx, order_id=order_id, claims=claims_of(lines))
    amount = worth_of(view, units_of(lines)).total
    if amount < 1:
        raise NotReturnable
    case = Return(
        id=new_id(), purchase_id=order.purchase_id, order_id=order_id, order_number=order.number,
        seller_id=order.seller_id, account_id=account_id, kind=application.kind, state=ReturnState.REQUESTED,
        reason=application.reason, body=body, media_ids=pictures, currency=order.currency, amount=amount,
        due_at=now + SELLER_ANSWERS, created_at=now, updated_at=now, lines=lines,
    )  # fmt: skip
    await store.insert_return(tx, case)
    await publish(tx, [return_event(RETURN_REQUESTED, case, by="buyer", actor_id=account_id)], now=now)
    return case
