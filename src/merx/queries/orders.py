"""Orders as their sellers see them: what to pack, where it goes, and what may be done with them now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from merx.accounts import PostalAddress
from merx.cashier import cash_payment
from merx.fulfilment import Fulfilment, can_come_back, can_ship, fulfilments_of
from merx.infra.crypto import MasterKeys
from merx.infra.db import ReadTx
from merx.kit.actors import SellerMember
from merx.kit.i18n import Text
from merx.kit.money import Money
from merx.orders import Order, OrderView, get_order_view, list_seller_orders
from merx.payments import UnknownPayment, can_confirm
from merx.payments.providers import ProviderRegistry
from merx.queries.addresses import opened_address
from merx.queries.order_lines import BoughtLine, OrderTotals, bought_line, order_totals
from merx.queries.order_steps import OrderStep, order_steps, progress_of
from merx.queries.parcels import SeenParcel, seen_parcel
from merx.sellers import Seller, get_sellers

OrderAction = Literal["ship", "cash", "undelivered"]


class SellerOrderSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a seller's list; `progress` is one word for where it is."""

    id: UUID
    purchase_id: UUID
    number: str
    seller_id: UUID
    state: str
    payment_status: str
    fulfilment_status: str
    progress: str
    seller_name: Text
    totals: OrderTotals
    lines: list[BoughtLine]
    placed_at: datetime
    received_at: datetime | None
    version: int


class SellerOrder(SellerOrderSummary, frozen=True, kw_only=True):
    """An order for its seller, with the address to ship to (null when the buyer's data was erased).

    `cash` is what is to be taken at the door; `authorization` says how money that is still to come is promised.
    """

    address: PostalAddress | None
    parcels: list[SeenParcel]
    cash: Money | None
    authorization: Literal["door", "bank"] | None
    steps: tuple[OrderStep, ...]
    actions: tuple[OrderAction, ...]


class SellerOrderList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a seller's orders, newest first."""

    items: list[SellerOrderSummary]
    next_cursor: str | None


async def seller_order_list(
    tx: ReadTx,
    *,
    actor: SellerMember,
    states: Sequence[str],
    after: str | None = None,
    limit: int = 20,
) -> SellerOrderList:
    """The orders of the sellers one works for, in these states. Raises BadCursor."""
    page = await list_seller_orders(tx, actor=actor, states=states, after=after, limit=limit)
    sellers = await get_sellers(tx, seller_ids=actor.seller_ids)
    return SellerOrderList(
        items=[_summary(each, sellers) for each in page.items], next_cursor=page.next_cursor
    )


async def seller_order(
    tx: ReadTx, keys: MasterKeys, providers: ProviderRegistry, *, order_id: UUID, actor: SellerMember
) -> SellerOrder:
    """An order of a seller one works for. Raises UnknownOrder for others."""
    found = await get_order_view(tx, order_id=order_id, actor=actor)
    assert found.address is not None
    parcels = await fulfilments_of(tx, order_ids=[order_id])
    seen = [seen_parcel(each, actor=actor) for each in parcels]
    order = found.order
    authorized = order.payment_status == "authorized"
    cash = await _cash(tx, providers, order) if authorized else None
    at_the_door = cash is not None
    sellers = await get_sellers(tx, seller_ids=[order.seller_id])
    return SellerOrder(
        **msgspec.structs.asdict(_summary(found, sellers)),
        address=await opened_address(
            tx, keys, person_id=found.address.person_id, sealed=found.address.sealed
        ),
        parcels=seen,
        cash=cash,
        authorization=("door" if at_the_door else "bank") if authorized else None,
        steps=order_steps(order, seen, paid_at=None, at_the_door=at_the_door),
        actions=_actions(found, parcels, cash=cash),
    )


async def _cash(tx: ReadTx, providers: ProviderRegistry, order: Order) -> Money | None:
    """What the buyer still owes at the door."""
    try:
        payment = await cash_payment(tx, providers, purchase_id=order.purchase_id)
    except UnknownPayment:
        return None
    return Money(order.total, order.currency) if can_confirm(payment, at_the_door=True) else None


def _actions(
    found: OrderView, parcels: Sequence[Fulfilment], *, cash: Money | None
) -> tuple[OrderAction, ...]:
    may: dict[OrderAction, bool] = {
        "ship": can_ship(found.order, found.lines),
        "cash": cash is not None,
        "undelivered": cash is not None and can_come_back(parcels),
    }
    return tuple(action for action, allowed in may.items() if allowed)


def _summary(found: OrderView, sellers: Mapping[UUID, Seller]) -> SellerOrderSummary:
    order = found.order
    return SellerOrderSummary(
        id=order.id,
        purchase_id=order.purchase_id,
        number=order.number,
        seller_id=order.seller_id,
        state=order.state,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
        progress=progress_of(order),
        seller_name=sellers[order.seller_id].name if order.seller_id in sellers else {},
        totals=order_totals(order),
        lines=[bought_line(line, currency=order.currency) for line in found.lines],
        placed_at=order.placed_at,
        received_at=order.received_at,
        version=order.version,
    )
