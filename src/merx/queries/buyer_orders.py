"""One order as its buyer sees it: where it is, what can be said of its parts, and what may be done with it now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.accounts import PostalAddress
from merx.fulfilment import fulfilments_of
from merx.infra.crypto import MasterKeys
from merx.infra.db import ReadTx
from merx.kit.actors import Buyer
from merx.kit.money import Money
from merx.orders import (
    OrderView,
    PurchaseView,
    UnknownOrder,
    after_sales_days,
    can_cancel,
    can_pay,
    purchase_view,
)
from merx.payments.providers import Manner, ProviderRegistry
from merx.queries.addresses import opened_address
from merx.queries.order_steps import OrderStep, order_steps
from merx.queries.parcels import SeenParcel, seen_parcel
from merx.queries.purchases import NO_REVIEWS, SeenOrder, order
from merx.returns import Return, ReturnKind, ReturnState, returns_of, takes_applications
from merx.reviews import MyReviews, is_line_reviewable, is_seller_reviewable, my_reviews
from merx.sellers import get_sellers

OrderAction = Literal["pay", "cancel", "review_seller"]
LineAction = Literal["return", "review"]


class OrderCase(msgspec.Struct, frozen=True, kw_only=True):
    """An after-sales case of an order, in short."""

    id: UUID
    kind: ReturnKind
    state: ReturnState
    amount: Money
    refunded: bool


class BuyerOrder(SeenOrder, frozen=True, kw_only=True):
    """An order's whole page for its buyer. `authorization` says how money that is still to come is promised.

    `expires_at` is until when its purchase can be paid; `line_actions` is what may be done with each line.
    """

    purchase_id: UUID
    delivery: str
    payment_method: str
    authorization: Literal["door", "bank"] | None
    expires_at: datetime
    address: PostalAddress | None
    parcels: list[SeenParcel]
    steps: tuple[OrderStep, ...]
    cases: list[OrderCase]
    actions: tuple[OrderAction, ...]
    line_actions: dict[UUID, tuple[LineAction, ...]]


async def buyer_order(
    tx: ReadTx,
    keys: MasterKeys,
    providers: ProviderRegistry,
    *,
    purchase_id: UUID,
    order_id: UUID,
    actor: Buyer,
    default_days: int,
    now: datetime,
) -> BuyerOrder:
    """An order of a purchase; `default_days` is the shop's after-sales window. Raises UnknownPurchase, UnknownOrder."""
    found = await purchase_view(tx, purchase_id=purchase_id, actor=actor)
    mine = next((each for each in found.orders if each.order.id == order_id), None)
    if mine is None:
        raise UnknownOrder
    sellers = await get_sellers(tx, seller_ids=[mine.order.seller_id])
    reviews = NO_REVIEWS if actor.account_id is None else await my_reviews(tx, order_ids=[order_id])
    parcels = [seen_parcel(each, actor=actor) for each in await fulfilments_of(tx, order_ids=[order_id])]
    at_the_door = providers.manner(found.purchase.provider) is Manner.DOOR
    days = await after_sales_days(tx, order_id=order_id, default=default_days)
    open_window = takes_applications(mine.order, days=days, now=now)
    return BuyerOrder(
        **msgspec.structs.asdict(order(mine, sellers=sellers, reviews=reviews)),
        purchase_id=purchase_id,
        delivery=found.purchase.delivery,
        payment_method=found.purchase.provider,
        authorization=("door" if at_the_door else "bank")
        if mine.order.payment_status == "authorized"
        else None,
        expires_at=found.purchase.expires_at,
        address=await opened_address(
            tx, keys, person_id=found.address.person_id, sealed=found.address.sealed
        ),
        parcels=parcels,
        steps=order_steps(mine.order, parcels, paid_at=found.purchase.paid_at, at_the_door=at_the_door),
        cases=_cases(await returns_of(tx, order_ids=[order_id])),
        actions=_actions(found, mine, reviews, actor=actor, now=now),
        line_actions=_line_actions(mine, reviews, actor=actor, takes_returns=open_window),
    )


def _cases(cases: Sequence[Return]) -> list[OrderCase]:
    return [
        OrderCase(
            id=case.id,
            kind=case.kind,
            state=case.state,
            amount=Money(case.amount, case.currency),
            refunded=case.refund_id is not None,
        )
        for case in cases
    ]


def _actions(
    found: PurchaseView, mine: OrderView, reviews: MyReviews, *, actor: Buyer, now: datetime
) -> tuple[OrderAction, ...]:
    """A review is signed: a guest has no name to write one under."""
    arrived = is_seller_reviewable(fulfilment_status=mine.order.fulfilment_status)
    may: dict[OrderAction, bool] = {
        "pay": can_pay(found.purchase, now=now),
        "cancel": can_cancel(found.purchase, [each.order for each in found.orders]),
        "review_seller": arrived and actor.account_id is not None and mine.order.id not in reviews.orders,
    }
    return tuple(action for action, allowed in may.items() if allowed)


def _line_actions(
    mine: OrderView, reviews: MyReviews, *, actor: Buyer, takes_returns: bool
) -> dict[UUID, tuple[LineAction, ...]]:
    actions = {}
    for line in mine.lines:
        arrived = is_line_reviewable(received=line.received)
        may: dict[LineAction, bool] = {
            "return": takes_returns and line.left > 0,
            "review": arrived and actor.account_id is not None and line.id not in reviews.lines,
        }
        actions[line.id] = tuple(action for action, allowed in may.items() if allowed)
    return actions
