"""All SQL of purchases, orders and lines."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from merx.infra.db import ReadTx, Record, Sql, Tx
from merx.orders.model import (
    LineClaim,
    LineRefund,
    NewOrder,
    NewOrderLine,
    NewPurchase,
    Order,
    OrderLine,
    OrderState,
    Overdue,
    Purchase,
    Replacement,
)

_REPLACEMENTS = msgspec.json.Decoder(tuple[Replacement, ...])

INSERT = Sql("""
WITH bought AS (
    INSERT INTO purchases (id, number, cart_id, account_id, person_id, access_hash, currency, goods, shipping, tax,
                           total, locale, delivery, provider, expires_at, state, placed_at)
    SELECT p.*, 'pending_payment', $44
      FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bytea[], $7::text[], $8::bigint[],
                  $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::text[],
                  $15::timestamptz[]) AS p
), addressed AS (
    INSERT INTO purchase_addresses (purchase_id, person_id, sealed, country)
    SELECT a.* FROM unnest($1::uuid[], $5::uuid[], $16::bytea[], $17::text[]) AS a
), ordered AS (
    INSERT INTO orders (id, purchase_id, number, seller_id, currency, goods, shipping, shipping_tax_bp, shipping_tax,
                        tax, total, state, payment_status, placed_at)
    SELECT o.*, 'pending_payment', 'unpaid', $44
      FROM unnest($18::uuid[], $19::uuid[], $20::text[], $21::uuid[], $22::text[], $23::bigint[], $24::bigint[],
                  $25::int[], $26::bigint[], $27::bigint[], $28::bigint[]) AS o
)
INSERT INTO order_lines (id, order_id, purchase_id, position, product_id, variant_id, sku, title, label, quantity,
                         unit_price, price_version, total, tax_rate_bp, tax)
SELECT l.*
  FROM unnest($29::uuid[], $30::uuid[], $31::uuid[], $32::int[], $33::uuid[], $34::uuid[], $35::text[], $36::jsonb[],
              $37::jsonb[], $38::int[], $39::bigint[], $40::int[], $41::bigint[], $42::int[], $43::bigint[]) AS l
""")


async def insert(
    tx: Tx,
    purchases: Sequence[NewPurchase],
    orders: Sequence[NewOrder],
    lines: Sequence[NewOrderLine],
    *,
    now: datetime,
) -> None:
    """Write purchases with their addresses, orders and lines, in one statement."""
    await tx.run(
        INSERT,
        [each.id for each in purchases],
        [each.number for each in purchases],
        [each.cart_id for each in purchases],
        [each.account_id for each in purchases],
        [each.person_id for each in purchases],
        [each.access_hash for each in purchases],
        [each.currency for each in purchases],
        [each.goods for each in purchases],
        [each.shipping for each in purchases],
        [each.tax for each in purchases],
        [each.total for each in purchases],
        [each.locale for each in purchases],
        [each.delivery for each in purchases],
        [each.provider for each in purchases],
        [each.expires_at for each in purchases],
        [each.address_sealed for each in purchases],
        [each.country for each in purchases],
        [each.id for each in orders],
        [each.purchase_id for each in orders],
        [each.number for each in orders],
        [each.seller_id for each in orders],
        [each.currency for each in orders],
        [each.goods for each in orders],
        [each.shipping for each in orders],
        [each.shipping_tax_bp for each in orders],
        [each.shipping_tax for each in orders],
        [each.tax for each in orders],
        [each.total for each in orders],
        [each.id for each in lines],
        [each.order_id for each in lines],
        [each.purchase_id for each in lines],
        [each.position for each in lines],
        [each.product_id for each in lines],
        [each.variant_id for each in lines],
        [each.sku for each in lines],
        [each.title for each in lines],
        [each.label for each in lines],
        [each.quantity for each in lines],
        [each.unit_price for each in lines],
        [each.price_version for each in lines],
        [each.total for each in lines],
        [each.tax_rate_bp for each in lines],
        [each.tax for each in lines],
        now,
    )


PURCHASE_COLUMNS = """p.id, p.number, p.cart_id, p.account_id, p.person_id, p.state, p.cancel_reason, p.currency,
       p.goods, p.shipping, p.tax, p.total, p.locale, p.delivery, p.provider, p.expires_at, p.placed_at, p.paid_at,
       p.version, p.authorized_at"""
ORDER_COLUMNS = """o.id, o.purchase_id, o.number, o.seller_id, o.state, o.payment_status, o.fulfilment_status,
       o.currency, o.goods, o.shipping, o.shipping_tax_bp, o.shipping_tax, o.tax, o.total, o.placed_at,
       o.received_at, o.version, o.refunded, o.shipping_refunded, o.open_returns"""
LINE_COLUMNS = """l.id, l.order_id, l.purchase_id, l.position, l.product_id, l.variant_id, l.sku, l.title, l.label,
       l.quantity, l.unit_price, l.price_version, l.total, l.tax_rate_bp, l.tax, l.shipped, l.received,
       l.withheld, l.cancelled, l.returned, l.refunded_quantity, l.refunded_amount, l.refunded_tax, l.exchanged,
       CASE WHEN l.exchanged > 0 THEN (
           SELECT jsonb_agg(to_jsonb(x) ORDER BY x.created_at, x.return_id)::text
             FROM replacements x WHERE x.order_line_id = l.id) END AS replacements"""

LOCK_PURCHASES = Sql(f"""
SELECT {PURCHASE_COLUMNS} FROM purchases p WHERE p.id = ANY($1::uuid[]) ORDER BY p.id FOR NO KEY UPDATE
""")


async def lock_purchases(tx: Tx, purchase_ids: Sequence[UUID]) -> list[Purchase]:
    """Lock purchases in id order. Everything that moves money or stock of a purchase locks it first."""
    return [to_purchase(row) for row in await tx.rows(LOCK_PURCHASES, purchase_ids)]


ADVANCE = Sql("""
WITH moved AS (
    UPDATE purchases
       SET state = $2, cancel_reason = $4, version = version + 1,
           paid_at = CASE WHEN $2 = 'placed' THEN $5 ELSE paid_at END
     WHERE id = ANY($1::uuid[]) AND state = ANY($3::text[])
    RETURNING id
)
UPDATE orders o
   SET state = $2, version = o.version + 1,
       payment_status = CASE WHEN $2 = 'placed' THEN 'paid' ELSE o.payment_status END
  FROM moved
 WHERE o.purchase_id = moved.id AND o.purchase_id = ANY($1::uuid[])
RETURNING o.purchase_id, o.id, o.number, o.seller_id, o.currency, o.goods, o.shipping, o.shipping_tax, o.tax, o.total,
          (SELECT sum(l.quantity) FROM order_lines l WHERE l.order_id = o.id)::bigint AS units
""")


async def advance(
    tx: Tx,
    purchase_ids: Sequence[UUID],
    *,
    to: str,
    sources: Sequence[str],
    cancel_reason: str | None,
    now: datetime,
) -> list[Record]:
    """Move purchases and their orders from `sources` to `to`; return the orders moved."""
    return await tx.rows(ADVANCE, purchase_ids, to, sources, cancel_reason, now)


REFUNDED = Sql("""
UPDATE orders SET payment_status = 'refunded', version = version + 1
 WHERE purchase_id = $1 AND state = 'cancelled'
""")


async def mark_refunded(tx: Tx, purchase_id: UUID) -> None:
    """The cancelled orders' money went back."""
    await tx.run(REFUNDED, purchase_id)


FIND_PURCHASE = Sql(f"""
SELECT {PURCHASE_COLUMNS}, a.person_id AS address_person, a.sealed, a.country, p.access_hash
  FROM purchases p JOIN purchase_addresses a ON a.purchase_id = p.id
 WHERE p.id = $1
""")
ORDERS_OF = Sql(
    f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.purchase_id = ANY($1::uuid[]) ORDER BY o.number"
)
LINES_OF = Sql(
    f"SELECT {LINE_COLUMNS} FROM order_lines l WHERE l.order_id = ANY($1::uuid[]) ORDER BY l.position"
)


async def find_purchase(tx: ReadTx, purchase_id: UUID) -> Record | None:
    """A purchase with its sealed address and access hash."""
    return await tx.row(FIND_PURCHASE, purchase_id)


async def orders_of(tx: ReadTx, purchase_ids: Sequence[UUID]) -> list[Order]:
    """The purchases' orders, by number."""
    return [to_order(row) for row in await tx.rows(ORDERS_OF, purchase_ids)]


async def lines_of(tx: ReadTx, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderLine]]:
    """The orders' lines by order."""
    lines: dict[UUID, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    for row in await tx.rows(LINES_OF, order_ids):
        lines[row["order_id"]].append(to_line(row))
    return lines


SET_PROVIDER = Sql("""
UPDATE purchases SET provider = $2, expires_at = $3, version = version + 1
 WHERE id = $1 AND (provider, expires_at) <> ($2, $3)
""")


async def set_provider(tx: Tx, purchase_id: UUID, provider: str, *, expires_at: datetime) -> None:
    """Note through whom, and until when, a locked purchase is to be paid."""
    await tx.run(SET_PROVIDER, purchase_id, provider, expires_at)


LIST_PURCHASES = Sql(f"""
SELECT {PURCHASE_COLUMNS} FROM purchases p
 WHERE p.account_id = $1 AND p.id < $2 ORDER BY p.id DESC LIMIT $3
""")
LIST_SELLER_ORDERS = Sql(f"""
SELECT {ORDER_COLUMNS} FROM orders o
 WHERE o.seller_id = ANY($1::uuid[]) AND o.state = ANY($2::text[]) AND o.id < $3 ORDER BY o.id DESC LIMIT $4
""")


async def list_purchases(tx: ReadTx, *, account_id: UUID, before: UUID, limit: int) -> list[Purchase]:
    """An account's purchases, newest first."""
    return [to_purchase(row) for row in await tx.rows(LIST_PURCHASES, account_id, before, limit)]


async def list_seller_orders(
    tx: ReadTx, *, seller_ids: Sequence[UUID], states: Sequence[str], before: UUID, limit: int
) -> list[Order]:
    """The sellers' orders in these states, newest first."""
    return [to_order(row) for row in await tx.rows(LIST_SELLER_ORDERS, seller_ids, states, before, limit)]


LOCK_ORDER = Sql(f"""
SELECT {ORDER_COLUMNS}, p.access_hash, p.account_id, a.person_id AS address_person, a.sealed, a.country
  FROM purchases p
  JOIN orders o ON o.purchase_id = p.id
  JOIN purchase_addresses a ON a.purchase_id = p.id
 WHERE o.id = $1
   FOR NO KEY UPDATE OF p, o
""")
FIND_ORDER = Sql(f"""
SELECT {ORDER_COLUMNS}, p.access_hash, p.account_id, a.person_id AS address_person, a.sealed, a.country
  FROM orders o
  JOIN purchases p ON p.id = o.purchase_id
  JOIN purchase_addresses a ON a.purchase_id = p.id
 WHERE o.id = $1
""")


async def lock_order(tx: Tx, order_id: UUID) -> Record | None:
    """Lock an order and its purchase."""
    return await tx.row(LOCK_ORDER, order_id)


async def find_order(tx: ReadTx, order_id: UUID) -> Record | None:
    """An order with its purchase's address."""
    return await tx.row(FIND_ORDER, order_id)


ADD_SHIPPED = Sql("""
UPDATE order_lines l SET shipped = l.shipped + s.quantity
  FROM unnest($2::uuid[], $3::int[]) AS s (line_id, quantity)
 WHERE l.order_id = $1 AND l.id = s.line_id
""")
ADD_RECEIVED = Sql("""
UPDATE order_lines l SET received = l.received + s.quantity
  FROM unnest($2::uuid[], $3::int[]) AS s (line_id, quantity)
 WHERE l.order_id = $1 AND l.id = s.line_id
""")
SET_FULFILMENT = Sql("""
UPDATE orders SET fulfilment_status = $2, version = version + 1,
       received_at = CASE WHEN $2 = 'received' THEN coalesce(received_at, $3) END
 WHERE id = $1
""")


async def add_units(tx: Tx, sql: Sql, order_id: UUID, lines: Sequence[tuple[UUID, int]]) -> int:
    """Run ADD_SHIPPED or ADD_RECEIVED; return how many lines it found."""
    return await tx.run(sql, order_id, [line[0] for line in lines], [line[1] for line in lines])


async def set_fulfilment(tx: Tx, order_id: UUID, status: str, *, now: datetime) -> None:
    """Store the derived status."""
    await tx.run(SET_FULFILMENT, order_id, status, now)


CLAIM_UNITS = Sql("""
WITH counted AS (
    UPDATE orders SET open_returns = open_returns + $5, version = version + 1 WHERE id = $1
)
UPDATE order_lines l SET withheld = l.withheld + c.unshipped, returned = l.returned + c.shipped
  FROM unnest($2::uuid[], $3::int[], $4::int[]) AS c (line_id, unshipped, shipped)
 WHERE l.order_id = $1 AND l.id = c.line_id
""")


async def claim_units(tx: Tx, order_id: UUID, claims: Sequence[LineClaim], *, sign: int) -> int:
    """Count units as asked back by an open return (`sign` 1), or no longer (-1); return how many lines it found."""
    return await tx.run(
        CLAIM_UNITS, order_id, [each.order_line_id for each in claims], [sign * each.unshipped for each in claims],
        [sign * each.shipped for each in claims], sign,
    )  # fmt: skip


REFUND_UNITS = Sql("""
WITH counted AS (
    UPDATE orders SET shipping_refunded = shipping_refunded + $7, version = version + 1 WHERE id = $1
)
UPDATE order_lines l
   SET refunded_quantity = l.refunded_quantity + c.quantity, cancelled = l.cancelled + c.cancelled,
       refunded_amount = l.refunded_amount + c.amount, refunded_tax = l.refunded_tax + c.tax
  FROM unnest($2::uuid[], $3::int[], $4::int[], $5::bigint[], $6::bigint[]) AS c (line_id, quantity, cancelled, amount, tax)
 WHERE l.order_id = $1 AND l.id = c.line_id
""")


async def refund_units(tx: Tx, order_id: UUID, lines: Sequence[LineRefund], *, shipping: int) -> None:
    """Count what an approved refund takes back of an order."""
    await tx.run(
        REFUND_UNITS, order_id, [each.order_line_id for each in lines], [each.quantity for each in lines],
        [each.cancelled for each in lines], [each.amount for each in lines], [each.tax for each in lines], shipping,
    )  # fmt: skip


CLOSE_RETURN = Sql("UPDATE orders SET open_returns = open_returns - 1, version = version + 1 WHERE id = $1")


async def close_return(tx: Tx, order_id: UUID) -> None:
    """One return of the order less is open."""
    await tx.run(CLOSE_RETURN, order_id)


GIVE_BACK = Sql("""
UPDATE orders SET refunded = refunded + $2, version = version + 1,
       payment_status = CASE WHEN refunded + $2 = total THEN 'refunded' ELSE 'partially_refunded' END
 WHERE id = $1
RETURNING id, purchase_id, number, seller_id, currency
""")


async def give_back(tx: Tx, order_id: UUID, *, amount: int) -> Record:
    """Count money that went back, and derive what the order says of its payment."""
    row = await tx.row(GIVE_BACK, order_id, amount)
    assert row is not None
    return row


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


async def cancel_order(tx: Tx, order_id: UUID, *, sources: Sequence[str]) -> Record | None:
    """Cancel a locked order that is refunded in full before anything was shipped, and its purchase with its last order.

    None when it is not so.
    """
    return await tx.row(CANCEL_ORDER, order_id, sources)


AFTER_SALES_DAYS = Sql("""
SELECT s.after_sales_days FROM orders o JOIN sellers s ON s.id = o.seller_id WHERE o.id = $1
""")


async def after_sales_days(tx: ReadTx, order_id: UUID) -> int | None:
    """The window of an order's seller, None for the shop's."""
    days: int | None = await tx.value(AFTER_SALES_DAYS, order_id)
    return days


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


async def close_due(tx: Tx, *, received_before: datetime, limit: int, now: datetime) -> list[Record]:
    """Close paid orders received long enough ago without an open return, and purchases all of whose orders are closed.

    Purchases are locked by a statement of their own first: two workers that close two orders of one purchase must each
    see what the other did, or neither would close the purchase.
    """
    due = [row[0] for row in await tx.rows(LOCK_RECEIVED, received_before, limit, now)]
    return await tx.rows(CLOSE, due) if due else []


UNPAID = Sql("""
SELECT id, provider, expires_at FROM purchases
 WHERE state = 'pending_payment' AND expires_at <= $1 AND (expires_at, id) > ($3, $4)
 ORDER BY expires_at, id LIMIT $2
""")
_FIRST = Overdue(UUID(int=0), "", datetime(1970, 1, 1, tzinfo=UTC))


async def list_unpaid(tx: ReadTx, *, before: datetime, limit: int, after: Overdue | None) -> list[Overdue]:
    """Purchases past their payment deadline, following `after`."""
    last = after or _FIRST
    return [Overdue(*row) for row in await tx.rows(UNPAID, before, limit, last.expires_at, last.id)]


UNHELD = Sql("""
SELECT l.id, l.variant_id, (l.quantity - coalesce(sum(h.quantity), 0))::int AS missing
  FROM order_lines l
  JOIN orders o ON o.id = l.order_id
  LEFT JOIN holds h ON h.purchase_id = $1 AND h.order_line_id = l.id AND h.state IN ('active', 'consumed')
 WHERE o.purchase_id = $1
 GROUP BY l.id
HAVING l.quantity > coalesce(sum(h.quantity), 0)
 ORDER BY l.id
""")


async def unheld(tx: ReadTx, purchase_id: UUID) -> list[tuple[UUID, UUID, int]]:
    """Line, variant and quantity of what no live hold covers."""
    return [(row[0], row[1], row[2]) for row in await tx.rows(UNHELD, purchase_id)]


REVIEW_LINE = Sql("""
SELECT l.id, l.order_id, l.purchase_id, l.product_id, o.seller_id, p.account_id, l.received, l.quantity
  FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN purchases p ON p.id = l.purchase_id
 WHERE l.id = $1
""")
REVIEW_ORDER = Sql("""
SELECT o.id, o.purchase_id, o.seller_id, p.account_id, o.fulfilment_status
  FROM orders o JOIN purchases p ON p.id = o.purchase_id WHERE o.id = $1
""")


async def review_line(tx: ReadTx, order_line_id: UUID) -> Record | None:
    """Who bought a line and how much of it arrived."""
    return await tx.row(REVIEW_LINE, order_line_id)


async def review_order(tx: ReadTx, order_id: UUID) -> Record | None:
    """Who bought an order and whether it arrived."""
    return await tx.row(REVIEW_ORDER, order_id)


def to_purchase(row: Record) -> Purchase:
    """Map a row that begins with PURCHASE_COLUMNS."""
    values = list(row)[:20]
    values[5] = OrderState(values[5])
    return Purchase(*values)


def to_order(row: Record) -> Order:
    """Map a row that begins with ORDER_COLUMNS."""
    values = list(row)[:20]
    values[4] = OrderState(values[4])
    return Order(*values)


def to_line(row: Record) -> OrderLine:
    """Map a row of LINE_COLUMNS."""
    values = list(row)
    values[7], values[8] = msgspec.json.decode(row["title"]), msgspec.json.decode(row["label"])
    values[24] = _REPLACEMENTS.decode(values[24]) if values[24] else ()
    return OrderLine(*values)
