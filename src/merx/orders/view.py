"""Read purchases and orders, each only by those who may see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Tx
from merx.kit.actors import Actor, Buyer, SellerMember
from merx.kit.paging import PAGE_LIMIT, decode_cursor, encode_cursor
from merx.orders.errors import UnknownOrder, UnknownPurchase
from merx.orders.model import (
    Order,
    OrderAdjustment,
    OrderView,
    Overdue,
    Purchase,
    PurchaseView,
    ReviewableLine,
    ReviewableOrder,
)
from merx.orders.rules import may_see
from merx.orders.store import lines as lines_store
from merx.orders.store import orders as orders_store
from merx.orders.store import purchases as purchases_store

_NEWEST = UUID(int=2**128 - 1)


class PurchasePage(msgspec.Struct, frozen=True):
    """Purchases with their orders, newest first."""

    items: list[tuple[Purchase, list[OrderView]]]
    next_cursor: str | None


class OrderPage(msgspec.Struct, frozen=True):
    """Orders with their lines, newest first."""

    items: list[OrderView]
    next_cursor: str | None


async def purchase_view(tx: ReadTx, *, purchase_id: UUID, actor: Buyer) -> PurchaseView:
    """A purchase for its buyer: the account that placed it, or whoever shows the cart's token.

    Raises UnknownPurchase for everybody else, as if it did not exist.
    """
    found = await purchases_store.find_purchase(tx, purchase_id)
    if found is None or not actor.owns(account_id=found.purchase.account_id, access_hash=found.access_hash):
        raise UnknownPurchase
    orders = await orders_store.orders_of(tx, [purchase_id])
    lines = await lines_store.lines_of(tx, [order.id for order in orders])
    return PurchaseView(
        found.purchase, [OrderView(order, lines[order.id]) for order in orders], found.address
    )


async def lock_purchase(tx: Tx, *, purchase_id: UUID) -> Purchase:
    """Lock a purchase. Raises UnknownPurchase."""
    found = await purchases_store.lock_purchases(tx, [purchase_id])
    if not found:
        raise UnknownPurchase
    return found[0]


async def lock_purchases(tx: Tx, *, purchase_ids: Sequence[UUID]) -> list[Purchase]:
    """Lock purchases in id order; those that do not exist are not returned."""
    return await purchases_store.lock_purchases(tx, purchase_ids)


async def list_purchases(
    tx: ReadTx, *, actor: Buyer, after: str | None = None, limit: int = 20
) -> PurchasePage:
    """What an account bought, with its orders and lines: three statements whatever the page's size.

    Who is not logged in has no list. Raises BadCursor.
    """
    if actor.account_id is None:
        return PurchasePage([], None)
    before = decode_cursor(after, tuple[UUID])[0] if after else _NEWEST
    limit = min(limit, PAGE_LIMIT)
    found = await purchases_store.list_purchases(
        tx, account_id=actor.account_id, before=before, limit=limit + 1
    )
    page = found[:limit]
    orders = await orders_store.orders_of(tx, [purchase.id for purchase in page])
    lines = await lines_store.lines_of(tx, [order.id for order in orders])
    items = [
        (purchase, [OrderView(each, lines[each.id]) for each in orders if each.purchase_id == purchase.id])
        for purchase in page
    ]
    return PurchasePage(items, encode_cursor(str(page[-1].id)) if len(found) > limit else None)


async def orders_of_purchase(tx: ReadTx, *, purchase_id: UUID) -> list[Order]:
    """A purchase's orders, by number, for whom it is not private."""
    return await orders_store.orders_of(tx, [purchase_id])


async def list_seller_orders(
    tx: ReadTx,
    *,
    actor: SellerMember,
    states: Sequence[str],
    after: str | None = None,
    limit: int = 20,
) -> OrderPage:
    """Orders of the sellers one works for in these states, with their lines. Raises BadCursor."""
    before = decode_cursor(after, tuple[UUID])[0] if after else _NEWEST
    limit = min(limit, PAGE_LIMIT)
    found = await orders_store.list_seller_orders(
        tx, seller_ids=list(actor.seller_ids), states=states, before=before, limit=limit + 1
    )
    page: list[Order] = found[:limit]
    lines = await lines_store.lines_of(tx, [order.id for order in page])
    items = [OrderView(order, lines[order.id]) for order in page]
    return OrderPage(items, encode_cursor(str(page[-1].id)) if len(found) > limit else None)


async def get_order(tx: ReadTx, *, order_id: UUID, actor: Actor) -> Order:
    """An order, without its lines. Raises UnknownOrder for who may not see it, as if it did not exist."""
    return (await _visible(tx, order_id, actor)).order


async def get_order_view(tx: ReadTx, *, order_id: UUID, actor: Actor) -> OrderView:
    """An order with its lines and its sealed address. Raises UnknownOrder for who may not see it."""
    return await order_view(tx, await _visible(tx, order_id, actor))


async def _visible(tx: ReadTx, order_id: UUID, actor: Actor) -> orders_store.FoundOrder:
    found = await orders_store.find_order(tx, order_id)
    if found is None or not may_see(
        actor, seller_id=found.order.seller_id, account_id=found.account_id, access_hash=found.access_hash
    ):
        raise UnknownOrder
    return found


async def order_view(tx: ReadTx, found: orders_store.FoundOrder) -> OrderView:
    """Complete an order with its lines."""
    lines = await lines_store.lines_of(tx, [found.order.id])
    return OrderView(found.order, lines[found.order.id], found.address)


async def unpaid_past_deadline(
    tx: ReadTx, *, now: datetime, limit: int, after: Overdue | None = None
) -> list[Overdue]:
    """Purchases whose payment deadline has passed, oldest first; those that follow `after`."""
    return await purchases_store.list_unpaid(tx, before=now, limit=limit, after=after)


async def line_for_review(tx: ReadTx, *, order_line_id: UUID) -> ReviewableLine | None:
    """Who bought a line, of what, and how much of it arrived."""
    return await lines_store.review_line(tx, order_line_id)


async def order_for_review(tx: ReadTx, *, order_id: UUID) -> ReviewableOrder | None:
    """Who bought an order, from whom, and whether it arrived."""
    return await orders_store.review_order(tx, order_id)


async def units_without_hold(tx: ReadTx, *, purchase_id: UUID) -> list[tuple[UUID, UUID, int]]:
    """(line, variant, quantity) of what a purchase ordered and neither holds nor has bought."""
    return await lines_store.unheld(tx, purchase_id)


async def adjustments_of(tx: ReadTx, *, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderAdjustment]]:
    """What changed the prices of these orders, by order, as it was applied; for whom the orders are not private."""
    return await lines_store.adjustments_of(tx, order_ids)
