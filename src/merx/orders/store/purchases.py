"""SQL of purchases: found, listed, locked, and moved together with their orders."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Sql, Tx
from merx.orders.model import AddressSnapshot, ClosedOrder, Overdue, Purchase, SoldOrder
from merx.orders.store.columns import PURCHASE, SOLD, SOLD_COLUMNS


class FoundPurchase(msgspec.Struct, frozen=True):
    """A purchase with its address, and the hash of the token that shows it."""

    purchase: Purchase
    address: AddressSnapshot
    access_hash: bytes


LOCK_PURCHASES = Sql(f"""
SELECT {PURCHASE.of("p")} FROM purchases p WHERE p.id = ANY($1::uuid[]) ORDER BY p.id FOR NO KEY UPDATE
""")


async def lock_purchases(tx: Tx, purchase_ids: Sequence[UUID]) -> list[Purchase]:
    """Lock purchases in id order. Everything that moves money or stock of a purchase locks it first."""
    return [PURCHASE.read(row) for row in await tx.rows(LOCK_PURCHASES, purchase_ids)]


ADVANCE = Sql(f"""
WITH moved AS (
    UPDATE purchases
       SET state = $2, cancel_reason = $4, version = version + 1,
           paid_at = CASE WHEN $2 = 'placed' THEN $5 ELSE paid_at END
     WHERE id = ANY($1::uuid[]) AND state = ANY($3::text[])
    RETURNING id
)
UPDATE orders o
   SET state = $2, version = o.version + 1, paid = o.paid OR $2 = 'placed'
  FROM moved
 WHERE o.purchase_id = moved.id AND o.purchase_id = ANY($1::uuid[])
RETURNING {SOLD_COLUMNS}
""")


async def advance(
    tx: Tx,
    purchase_ids: Sequence[UUID],
    *,
    to: str,
    sources: Sequence[str],
    cancel_reason: str | None,
    now: datetime,
) -> list[SoldOrder]:
    """Move purchases and their orders from `sources` to `to`; return the orders moved."""
    rows = await tx.rows(ADVANCE, purchase_ids, to, sources, cancel_reason, now)
    return [SOLD.read(row) for row in rows]


PLACE_AUTHORIZED = Sql(f"""
WITH moved AS (
    UPDATE purchases
       SET state = 'placed', cancel_reason = NULL, authorized_at = $2, version = version + 1
     WHERE id = $1 AND state = ANY($3::text[])
    RETURNING id
)
UPDATE orders o SET state = 'placed', authorized = true, version = o.version + 1
  FROM moved WHERE o.purchase_id = moved.id
RETURNING {SOLD_COLUMNS}
""")
MARK_PAID = Sql(f"""
WITH paid AS (
    UPDATE purchases SET paid_at = $2, version = version + 1
     WHERE id = $1 AND state = ANY($3::text[]) AND paid_at IS NULL
    RETURNING id
)
UPDATE orders o SET paid = true, version = o.version + 1
  FROM paid WHERE o.purchase_id = paid.id AND NOT o.paid
RETURNING {SOLD_COLUMNS}
""")
CANCEL_AUTHORIZED = Sql(f"""
WITH moved AS (
    UPDATE purchases SET state = 'cancelled', cancel_reason = $2, version = version + 1
     WHERE id = $1 AND state = ANY($3::text[]) AND authorized_at IS NOT NULL AND paid_at IS NULL
    RETURNING id
)
UPDATE orders o SET state = 'cancelled', version = o.version + 1
  FROM moved WHERE o.purchase_id = moved.id
RETURNING {SOLD_COLUMNS}
""")


async def place_authorized(
    tx: Tx, purchase_id: UUID, *, sources: Sequence[str], now: datetime
) -> list[SoldOrder]:
    """Place a purchase whose money is authorized; return its orders, none when it is in another state."""
    return [SOLD.read(row) for row in await tx.rows(PLACE_AUTHORIZED, purchase_id, now, sources)]


async def mark_paid(tx: Tx, purchase_id: UUID, *, states: Sequence[str], now: datetime) -> list[SoldOrder]:
    """The authorized money is there; return the orders it pays, none when that was known."""
    return [SOLD.read(row) for row in await tx.rows(MARK_PAID, purchase_id, now, states)]


async def cancel_authorized(
    tx: Tx, purchase_id: UUID, *, reason: str, sources: Sequence[str]
) -> list[SoldOrder]:
    """Cancel a purchase whose authorized money was not taken; return its orders, none when it is not so."""
    return [SOLD.read(row) for row in await tx.rows(CANCEL_AUTHORIZED, purchase_id, reason, sources)]


FIND_PURCHASE = Sql(f"""
SELECT {PURCHASE.of("p")}, a.person_id AS address_person, a.sealed, a.country, p.access_hash
  FROM purchases p JOIN purchase_addresses a ON a.purchase_id = p.id
 WHERE p.id = $1
""")


async def find_purchase(tx: ReadTx, purchase_id: UUID) -> FoundPurchase | None:
    """A purchase with its sealed address and access hash."""
    row = await tx.row(FIND_PURCHASE, purchase_id)
    if row is None:
        return None
    address = AddressSnapshot(row["address_person"], row["sealed"], row["country"])
    return FoundPurchase(PURCHASE.read(row), address, row["access_hash"])


SET_PROVIDER = Sql("""
UPDATE purchases SET provider = $2, expires_at = $3, version = version + 1
 WHERE id = $1 AND (provider, expires_at) <> ($2, $3)
""")


async def set_provider(tx: Tx, purchase_id: UUID, provider: str, *, expires_at: datetime) -> None:
    """Note through whom, and until when, a locked purchase is to be paid."""
    await tx.run(SET_PROVIDER, purchase_id, provider, expires_at)


LIST_PURCHASES = Sql(f"""
SELECT {PURCHASE.of("p")} FROM purchases p
 WHERE p.account_id = $1 AND p.id < $2 ORDER BY p.id DESC LIMIT $3
""")


async def list_purchases(tx: ReadTx, *, account_id: UUID, before: UUID, limit: int) -> list[Purchase]:
    """An account's purchases, newest first."""
    return [PURCHASE.read(row) for row in await tx.rows(LIST_PURCHASES, account_id, before, limit)]


FIRST_ORDER = Sql("""
SELECT p.account_id, o.id, o.number FROM purchases p JOIN orders o ON o.purchase_id = p.id
 WHERE p.id = $1 ORDER BY o.number LIMIT 1
""")


async def first_order(tx: ReadTx, *, purchase_id: UUID) -> tuple[UUID | None, UUID, str]:
    """The account that placed a purchase (None: a guest), and the id and number of its first order."""
    row = await tx.row(FIRST_ORDER, purchase_id)
    assert row is not None
    return row["account_id"], row["id"], row["number"]


UNPAID = Sql("""
SELECT id, provider, expires_at FROM purchases
 WHERE state = 'pending_payment' AND expires_at <= $1 AND (expires_at, id) > ($3, $4)
 ORDER BY expires_at, id LIMIT $2
""")
_FIRST: Final = Overdue(UUID(int=0), "", datetime(1970, 1, 1, tzinfo=UTC))


async def list_unpaid(tx: ReadTx, *, before: datetime, limit: int, after: Overdue | None) -> list[Overdue]:
    """Purchases past their payment deadline, following `after`."""
    last = after or _FIRST
    return [Overdue(*row) for row in await tx.rows(UNPAID, before, limit, last.expires_at, last.id)]


LOCK_RECEIVED = Sql("""
SELECT o.id FROM orders o JOIN purchases p ON p.id = o.purchase_id JOIN sellers s ON s.id = o.seller_id
 WHERE o.state = 'placed' AND o.received_at <= $3 AND o.open_returns = 0 AND p.paid_at IS NOT NULL
   AND o.received_at <= coalesce($3 - make_interval(days => s.after_sales_days), $1)
 ORDER BY o.received_at LIMIT $2
   FOR NO KEY UPDATE OF p, o SKIP LOCKED
""")
CLOSE = Sql("""
WITH closed AS (
    UPDATE orders o SET state = 'closed', version = o.version + 1 WHERE o.id = ANY($1::uuid[]) AND o.state = 'placed'
    RETURNING o.id, o.purchase_id, o.number
), finished AS (
    UPDATE purchases p SET state = 'closed', version = p.version + 1
     WHERE p.state = 'placed' AND p.id IN (SELECT purchase_id FROM closed)
       AND NOT EXISTS (SELECT FROM orders o WHERE o.purchase_id = p.id AND o.state = 'placed'
                        AND o.id NOT IN (SELECT id FROM closed))
)
SELECT id, purchase_id, number FROM closed
""")


async def close_due(tx: Tx, *, received_before: datetime, limit: int, now: datetime) -> list[ClosedOrder]:
    """Close paid orders received long enough ago without an open return, and purchases all of whose orders are closed.

    Purchases are locked by a statement of their own first: two workers that close two orders of one purchase must each
    see what the other did, or neither would close the purchase.
    """
    due = [row[0] for row in await tx.rows(LOCK_RECEIVED, received_before, limit, now)]
    closed = await tx.rows(CLOSE, due) if due else []
    return [ClosedOrder(row["id"], row["purchase_id"], row["number"]) for row in closed]
