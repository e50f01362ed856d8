"""SQL of orders: found, listed, locked, and what is counted on them. Their payment status is the database's to derive."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Record, Sql, Tx
from merx.orders.model import AddressSnapshot, CancelledOrder, Order, OrderOfSeller, ReviewableOrder
from merx.orders.store.columns import OF_SELLER, ORDER


class FoundOrder(msgspec.Struct, frozen=True):
    """An order with its purchase's address, and whose it is: an account's, or whoever's shows the token."""

    order: Order
    address: AddressSnapshot
    account_id: UUID | None
    access_hash: bytes


ORDERS_OF = Sql(
    f"SELECT {ORDER.of('o')} FROM orders o WHERE o.purchase_id = ANY($1::uuid[]) ORDER BY o.number"
)


async def orders_of(tx: ReadTx, purchase_ids: Sequence[UUID]) -> list[Order]:
    """The purchases' orders, by number."""
    return [ORDER.read(row) for row in await tx.rows(ORDERS_OF, purchase_ids)]


LIST_SELLER_ORDERS = Sql(f"""
SELECT {ORDER.of("o")} FROM orders o
 WHERE o.seller_id = ANY($1::uuid[]) AND o.state = ANY($2::text[]) AND o.id < $3 ORDER BY o.id DESC LIMIT $4
""")


async def list_seller_orders(
    tx: ReadTx, *, seller_ids: Sequence[UUID], states: Sequence[str], before: UUID, limit: int
) -> list[Order]:
    """The sellers' orders in these states, newest first."""
    return [ORDER.read(row) for row in await tx.rows(LIST_SELLER_ORDERS, seller_ids, states, before, limit)]


LOCK_ORDER = Sql(f"""
SELECT {ORDER.of("o")}, p.access_hash, p.account_id, a.person_id AS address_person, a.sealed, a.country
  FROM purchases p
  JOIN orders o ON o.purchase_id = p.id
  JOIN purchase_addresses a ON a.purchase_id = p.id
 WHERE o.id = $1
   FOR NO KEY UPDATE OF p, o
""")
FIND_ORDER = Sql(f"""
SELECT {ORDER.of("o")}, p.access_hash, p.account_id, a.person_id AS address_person, a.sealed, a.country
  FROM orders o
  JOIN purchases p ON p.id = o.purchase_id
  JOIN purchase_addresses a ON a.purchase_id = p.id
 WHERE o.id = $1
""")


async def lock_order(tx: Tx, order_id: UUID) -> FoundOrder | None:
    """Lock an order and its purchase."""
    return _found(await tx.row(LOCK_ORDER, order_id))


async def find_order(tx: ReadTx, order_id: UUID) -> FoundOrder | None:
    """An order with its purchase's address."""
    return _found(await tx.row(FIND_ORDER, order_id))


def _found(row: Record | None) -> FoundOrder | None:
    if row is None:
        return None
    address = AddressSnapshot(row["address_person"], row["sealed"], row["country"])
    return FoundOrder(ORDER.read(row), address, row["account_id"], row["access_hash"])


SET_FULFILMENT = Sql("""
UPDATE orders SET fulfilment_status = $2, version = version + 1,
       received_at = CASE WHEN $2 = 'received' THEN coalesce(received_at, $3) END
 WHERE id = $1
""")


async def set_fulfilment(tx: Tx, order_id: UUID, status: str, *, now: datetime) -> None:
    """Store the derived status."""
    await tx.run(SET_FULFILMENT, order_id, status, now)


LATE_REFUNDED = Sql("""
UPDATE orders SET late_refunded = $2, version = version + 1
 WHERE purchase_id = $1 AND state = 'cancelled' AND NOT paid AND late_refunded <> $2
""")


async def set_late_refunded(tx: Tx, purchase_id: UUID, *, refunded: bool) -> None:
    """Whether the money that came too late for a cancelled purchase went back."""
    await tx.run(LATE_REFUNDED, purchase_id, refunded)


GIVE_BACK = Sql(f"""
UPDATE orders o SET refunded = o.refunded + $2, version = o.version + 1 WHERE o.id = $1
RETURNING {
    OF_SELLER.of("o").replace(
        "o.last",
        "o.refunded = o.total AND NOT EXISTS (SELECT FROM orders x "
        "WHERE x.purchase_id = o.purchase_id AND x.id <> o.id AND x.refunded < x.total) AS last",
    )
}
""")


async def give_back(tx: Tx, order_id: UUID, *, amount: int) -> OrderOfSeller:
    """Count money of an order's sale that went back; below zero: that came again."""
    row = await tx.row(GIVE_BACK, order_id, amount)
    assert row is not None
    return OF_SELLER.read(row)


SHARES = Sql("SELECT seller_id, total, refunded FROM orders WHERE purchase_id = $1")


async def shares(tx: ReadTx, purchase_id: UUID) -> list[tuple[UUID, int, int]]:
    """Each seller's total of a purchase, and what of it went back."""
    rows = await tx.rows(SHARES, purchase_id)
    return [(row["seller_id"], row["total"], row["refunded"]) for row in rows]


CLOSE_RETURN = Sql("UPDATE orders SET open_returns = open_returns - 1, version = version + 1 WHERE id = $1")


async def close_return(tx: Tx, order_id: UUID) -> None:
    """One return of the order less is open."""
    await tx.run(CLOSE_RETURN, order_id)


CANCEL_ORDER = Sql("""
WITH moved AS (
    UPDATE orders o SET state = 'cancelled', version = o.version + 1
     WHERE o.id = $1 AND o.state = ANY($2::text[]) AND o.refunded = o.total
       AND NOT EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.id AND l.cancelled < l.quantity + l.exchanged)
    RETURNING o.id, o.purchase_id, o.number
), finished AS (
    UPDATE purchases p
       SET version = p.version + 1,
           state = CASE WHEN closed.found THEN 'closed' ELSE 'cancelled' END,
           cancel_reason = CASE WHEN closed.found THEN NULL ELSE 'refunded' END
      FROM moved m, LATERAL (SELECT EXISTS (SELECT FROM orders o WHERE o.purchase_id = m.purchase_id
                                               AND o.state = 'closed') AS found) closed
     WHERE p.id = m.purchase_id AND p.state = 'placed'
       AND NOT EXISTS (SELECT FROM orders o WHERE o.purchase_id = p.id AND o.state = 'placed' AND o.id <> m.id)
    RETURNING p.id, p.number, p.state
)
SELECT m.id, m.purchase_id, m.number, f.state AS purchase_state, f.number AS purchase_number
  FROM moved m LEFT JOIN finished f ON f.id = m.purchase_id
""")


async def cancel_order(tx: Tx, order_id: UUID, *, sources: Sequence[str]) -> CancelledOrder | None:
    """Cancel a locked order that is refunded in full before anything was shipped, and its purchase with its last order.

    None when it is not so.
    """
    row = await tx.row(CANCEL_ORDER, order_id, sources)
    if row is None:
        return None
    return CancelledOrder(
        row["purchase_id"], row["number"], row["purchase_state"], row["purchase_number"] or ""
    )


AFTER_SALES_DAYS = Sql("""
SELECT s.after_sales_days FROM orders o JOIN sellers s ON s.id = o.seller_id WHERE o.id = $1
""")


async def after_sales_days(tx: ReadTx, order_id: UUID) -> int | None:
    """The window of an order's seller, None for the shop's."""
    days: int | None = await tx.value(AFTER_SALES_DAYS, order_id)
    return days


REVIEW_ORDER = Sql("""
SELECT o.id, o.purchase_id, o.seller_id, p.account_id, o.fulfilment_status
  FROM orders o JOIN purchases p ON p.id = o.purchase_id WHERE o.id = $1
""")


async def review_order(tx: ReadTx, order_id: UUID) -> ReviewableOrder | None:
    """Who bought an order and whether it arrived."""
    row = await tx.row(REVIEW_ORDER, order_id)
    return None if row is None else ReviewableOrder(*row)
