"""SQL of purchases whose money is authorized."""

from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Record, Sql, Tx

PLACE_AUTHORIZED = Sql("""
WITH moved AS (
    UPDATE purchases
       SET state = 'placed', cancel_reason = NULL, authorized_at = $2, version = version + 1
     WHERE id = $1 AND state = ANY($3::text[])
    RETURNING id
)
UPDATE orders o SET state = 'placed', payment_status = 'authorized', version = o.version + 1
  FROM moved WHERE o.purchase_id = moved.id
RETURNING o.purchase_id, o.id, o.number, o.seller_id, o.currency, o.goods, o.shipping, o.shipping_tax, o.tax, o.total
""")
MARK_PAID = Sql("""
WITH paid AS (
    UPDATE purchases SET paid_at = $2, version = version + 1
     WHERE id = $1 AND state = ANY($3::text[]) AND paid_at IS NULL
    RETURNING id
)
UPDATE orders o SET payment_status = 'paid', version = o.version + 1
  FROM paid WHERE o.purchase_id = paid.id AND o.payment_status = 'authorized'
RETURNING o.purchase_id, o.id, o.number, o.seller_id, o.currency, o.goods, o.shipping, o.shipping_tax, o.tax, o.total
""")
CANCEL = Sql("""
WITH moved AS (
    UPDATE purchases SET state = 'cancelled', cancel_reason = $2, version = version + 1
     WHERE id = $1 AND state = ANY($3::text[]) AND authorized_at IS NOT NULL AND paid_at IS NULL
    RETURNING id
)
UPDATE orders o SET state = 'cancelled', payment_status = 'unpaid', version = o.version + 1
  FROM moved WHERE o.purchase_id = moved.id
RETURNING o.purchase_id, o.id, o.number, o.seller_id, o.currency, o.goods, o.shipping, o.shipping_tax, o.tax, o.total
""")
SHIPPED_OF = Sql("""
SELECT EXISTS (SELECT FROM orders WHERE purchase_id = $1 AND fulfilment_status <> 'unfulfilled')
""")


async def place_authorized(tx: Tx, purchase_id: UUID, *, sources: list[str], now: datetime) -> list[Record]:
    """Place a purchase whose money is authorized; return its orders, none when it is in another state."""
    return await tx.rows(PLACE_AUTHORIZED, purchase_id, now, sources)


async def mark_paid(tx: Tx, purchase_id: UUID, *, states: list[str], now: datetime) -> list[Record]:
    """The authorized money is there; return the orders it pays, none when that was known."""
    return await tx.rows(MARK_PAID, purchase_id, now, states)


async def cancel(tx: Tx, purchase_id: UUID, *, reason: str, sources: list[str]) -> list[Record]:
    """Cancel a purchase whose authorized money was not captured; return its orders, none when it is not so."""
    return await tx.rows(CANCEL, purchase_id, reason, sources)


async def is_shipped(tx: Tx, purchase_id: UUID) -> bool:
    """Whether anything of a purchase has left its seller."""
    return bool(await tx.value(SHIPPED_OF, purchase_id))


FIRST_ORDER = Sql("""
SELECT p.account_id, o.id, o.number FROM purchases p JOIN orders o ON o.purchase_id = p.id
 WHERE p.id = $1 ORDER BY o.number LIMIT 1
""")


async def first_order(tx: ReadTx, *, purchase_id: UUID) -> tuple[UUID | None, UUID, str]:
    """The account that placed a purchase (None: a guest), and the id and number of its first order."""
    row = await tx.row(FIRST_ORDER, purchase_id)
    assert row is not None
    return row[0], row[1], row[2]
