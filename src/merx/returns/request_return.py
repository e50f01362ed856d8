"""A buyer applies for money back, with or without sending the goods back, or for others in exchange."""

from datetime import datetime
from uuid import UUID

from merx.catalog import products_by_id
from merx.infra.db import Tx
from merx.infra.outbox import publish
from merx.kit.actors import Buyer
from merx.kit.ids import new_id
from merx.orders import OrderView, after_sales_days, claim_units, get_order, lock_order
from merx.refunds import worth_of
from merx.returns import store
from merx.returns.errors import BadReturn, NotReturnable, UnknownPicture
from merx.returns.events import ReturnRequested
from merx.returns.model import Application, Return, ReturnKind, ReturnLine, ReturnState
from merx.returns.rules import (
    SELLER_ANSWERS,
    check_application,
    check_window,
    choose_replacement,
    claims_of,
    name_variant,
    pick_units,
    units_held,
    units_of,
)


async def request_return(
    tx: Tx,
    *,
    order_id: UUID,
    actor: Buyer,
    application: Application,
    default_days: int,
    now: datetime,
) -> Return:
    """Open a case; its units may not be shipped or asked back again while it is open.

    `default_days` is the shop's window for sellers without one of their own. Raises UnknownOrder for everybody but the
    buyer, NotReturnable, OnlyAuthorized, BadReturn, BadReturnReason, NotShippedYet, OverReturned, MixedUnits,
    NotExchangeable, TooManyPictures, UnknownPicture, TextRefused.
    """
    body, pictures = check_application(application)
    await get_order(tx, order_id=order_id, actor=actor)
    view = await lock_order(tx, order_id=order_id)
    order = view.order
    days = await after_sales_days(tx, order_id=order_id, default=default_days)
    check_window(order, days=days, now=now)
    if pictures and not await store.media_exist(tx, pictures):
        raise UnknownPicture(field="media")
    lines = await _pick(tx, view, application)
    await claim_units(tx, order_id=order_id, claims=claims_of(lines))
    amount = worth_of(view, units_of(lines)).total
    if amount < 1:
        raise NotReturnable
    case = Return(
        id=new_id(), purchase_id=order.purchase_id, order_id=order_id, order_number=order.number,
        seller_id=order.seller_id, account_id=actor.account_id, kind=application.kind, state=ReturnState.REQUESTED,
        reason=application.reason, body=body, media_ids=pictures, currency=order.currency, amount=amount,
        due_at=now + SELLER_ANSWERS, created_at=now, updated_at=now, lines=lines,
    )  # fmt: skip
    await store.insert_return(tx, case)
    await publish(tx, [ReturnRequested.of(case, actor=actor)], now=now)
    return case


async def _pick(tx: Tx, view: OrderView, application: Application) -> list[ReturnLine]:
    """The units that are meant, of which variant they are and, for an exchange, what is wanted instead."""
    picked = pick_units(view.lines, application.lines, kind=application.kind)
    bought = {line.id: line for line in view.lines}
    wanted = {each.order_line_id: each for each in application.lines}
    if any(bought[each.order_line_id].exchanged or wanted[each.order_line_id].variant_id for each in picked):
        cases = await store.of_orders(tx, [view.order.id])
        picked = [
            name_variant(each, wanted[each.order_line_id], units_held(bought[each.order_line_id], cases))
            for each in picked
        ]
    if application.kind is not ReturnKind.EXCHANGE:
        if any(each.replacement_id for each in application.lines):
            raise BadReturn
        return picked
    products = await products_by_id(
        tx, product_ids=sorted({bought[each.order_line_id].product_id for each in picked})
    )
    return [
        choose_replacement(
            bought[each.order_line_id],
            each,
            wanted[each.order_line_id],
            products[bought[each.order_line_id].product_id].variants,
            currency=view.order.currency,
        )
        for each in picked
    ]
