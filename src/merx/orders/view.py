"""Read purchases and orders, each only by those who may see them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Record, Tx
from merx.kit.actors import Actor, Agent, Buyer, SellerMember
from merx.kit.paging import PAGE_LIMIT, decode_cursor, encode_cursor
from merx.orders.errors import UnknownOrder, UnknownPurchase
from merx.orders.model import (
    AddressSnapshot,
    Order,
    OrderView,
    Overdue,
    Purchase,
    PurchaseView,
    ReviewableLine,
    ReviewableOrder,
)
from merx.orders.store import orders as store

_NEWEST = UUID(int=2**128 - 1)


class PurchasePage(msgspec.Struct, frozen=True):
    """Purchases with their orders, newest first."""

    items: list[tuple[Purchase, list[OrderView]]]
    next_cursor: str | None


class OrderPage(msgspec.Struct, frozen=True):
    """Orders with their lines, newest first."""

    items: list[OrderView]
    next_cursor: str | None


async def purchase_view(
    tx: ReadTx, *, purchase_id: UUID, account_id: UUID | None, access_hash: bytes | None
) -> PurchaseView:
    """A purchase for its buyer: the account that placed it, or whoever shows the cart's token.

    Raises UnknownPurchase for everybody else, as if it did not exist.
    """
    row = await store.find_purchase(tx, purchase_id)
    buyer = Buyer(account_id, frozenset([access_hash] if access_hash else ()))
    if row is None or not _bought(row, buyer):
        raise UnknownPurchase
    orders = await store.orders_of(tx, [purchase_id])
    lines = await store.lines_of(tx, [order.id for order in orders])
    return PurchaseView(
        store.to_purchase(row),
        [OrderView(order, lines[order.id]) for order in orders],
        AddressSnapshot(row["address_person"], row["sealed"], row["country"]),
    )


def _bought(row: Record, buyer: Buyer) -> bool:
    return buyer.owns(account_id=row["account_id"], access_hash=row["access_hash"])


async def lock_purchase(tx: Tx, *, purchase_id: UUID) -> Purchase:
    """Lock a purchase. Raises UnknownPurchase."""
    found = await store.lock_purchases(tx, [purchase_id])
    if not found:
        raise UnknownPurchase
    return found[0]


async def lock_purchases(tx: Tx, *, purchase_ids: Sequence[UUID]) -> list[Purchase]:
    """Lock purchases in id order; those that do not exist are not returned."""
    return await store.lock_purchases(tx, purchase_ids)


async def list_purchases(
    tx: ReadTx, *, account_id: UUID, after: str | None = None, limit: int = 20
) -> PurchasePage:
    """An account's purchases with their orders and lines: three statements whatever the page's size."""
    before = decode_cursor(after, tuple[UUID])[0] if after else _NEWEST
    limit = min(limit, PAGE_LIMIT)
    found = await store.list_purchases(tx, account_id=account_id, before=before, limit=limit + 1)
    page = found[:limit]
    orders = await store.orders_of(tx, [purchase.id for purchase in page])
    lines = await store.lines_of(tx, [order.id for order in orders])
    items = [
        (purchase, [OrderView(each, lines[each.id]) for each in orders if each.purchase_id == purchase.id])
        for purchase in page
    ]
    return PurchasePage(items, encode_cursor(str(page[-1].id)) if len(found) > limit else None)


async def orders_of_purchase(tx: ReadTx, *, purchase_id: UUID) -> list[Order]:
    """A purchase's orders, by number, for whom it is not private."""
    return await store.orders_of(tx, [purchase_id])


async def list_seller_orders(
    tx: ReadTx,
    *,
    seller_ids: Collection[UUID],
    states: Sequence[str],
    after: str | None = None,
    limit: int = 20,
) -> OrderPage:
    """Orders of these sellers in these states, with their lines."""
    before = decode_cursor(after, tuple[UUID])[0] if after else _NEWEST
    limit = min(limit, PAGE_LIMIT)
    found = await store.list_seller_orders(
        tx, seller_ids=list(seller_ids), states=states, before=before, limit=limit + 1
    )
    page: list[Order] = found[:limit]
    lines = await store.lines_of(tx, [order.id for order in page])
    items = [OrderView(order, lines[order.id]) for order in page]
    return OrderPage(items, encode_cursor(str(page[-1].id)) if len(found) > limit else None)


async def get_order(tx: ReadTx, *, order_id: UUID, actor: Actor) -> Order:
    """An order, without its lines. Raises UnknownOrder for who may not see it, as if it did not exist."""
    return store.to_order(await _visible(tx, order_id, actor))


async def get_order_view(tx: ReadTx, *, order_id: UUID, actor: Actor) -> OrderView:
    """An order with its lines and its sealed address. Raises UnknownOrder for who may not see it."""
    return await order_view(tx, await _visible(tx, order_id, actor))


async def _visible(tx: ReadTx, order_id: UUID, actor: Actor) -> Record:
    row = await store.find_order(tx, order_id)
    if row is None or not _may_see(row, actor):
        raise UnknownOrder
    return row


def _may_see(row: Record, actor: Actor) -> bool:
    """Who may see an order: its buyer and who acts for them, its seller, the platform."""
    match actor:
        case Buyer():
            return _bought(row, actor)
        case Agent():
            return _bought(row, actor.buyer)
        case SellerMember():
            return actor.works_for(row["seller_id"])
        case _:
            return True


async def order_view(tx: ReadTx, row: Record) -> OrderView:
    """Complete a LOCK_ORDER or FIND_ORDER row with its lines."""
    order = store.to_order(row)
    lines = await store.lines_of(tx, [order.id])
    return OrderView(
        order, lines[order.id], AddressSnapshot(row["address_person"], row["sealed"], row["country"])
    )


async def unpaid_past_deadline(
    tx: ReadTx, *, now: datetime, limit: int, after: Overdue | None = None
) -> list[Overdue]:
    """Purchases whose payment deadline has passed, oldest first; those that follow `after`."""
    return await store.list_unpaid(tx, before=now, limit=limit, after=after)


async def line_for_review(tx: ReadTx, *, order_line_id: UUID) -> ReviewableLine | None:
    """Who bought a line, of what, and how much of it arrived."""
    row = await store.review_line(tx, order_line_id)
    return None if row is None else ReviewableLine(*row)


async def order_for_review(tx: ReadTx, *, order_id: UUID) -> ReviewableOrder | None:
    """Who bought an order, from whom, and whether it arrived."""
    row = await store.review_order(tx, order_id)
    return None if row is None else ReviewableOrder(*row)


async def units_without_hold(tx: ReadTx, *, purchase_id: UUID) -> list[tuple[UUID, UUID, int]]:
    """(line, variant, quantity) of what a purchase ordered and neither holds nor has bought."""
    return await store.unheld(tx, purchase_id)
