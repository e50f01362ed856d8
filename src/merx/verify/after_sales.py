"""What must hold of refunds of sales and of after-sales cases."""

from typing import Final

from merx.infra.db import Sql
from merx.verify.model import Check

SALE_REFUNDS: Final = Sql("SELECT count(*) FROM refunds WHERE order_id IS NOT NULL")
RETURNS: Final = Sql("SELECT count(*) FROM returns")

AFTER_SALES: Final = (
    Check(
        code="M15",
        area="money",
        title="The parts of a refund make its amount, and an order says of itself what its refunds say",
        sql=Sql("""
            SELECT 'refund ' || r.number AS key,
                   format('amount %s; its lines make %s, shipping %s', r.amount, coalesce(l.amount, 0), r.shipping) AS detail
              FROM refunds r
              LEFT JOIN (SELECT refund_id, sum(amount) AS amount FROM refund_lines GROUP BY refund_id) l ON l.refund_id = r.id
             WHERE CASE WHEN r.order_id IS NULL THEN coalesce(l.amount, 0) + r.shipping <> 0
                        ELSE coalesce(l.amount, 0) + r.shipping <> r.amount END
            UNION ALL
            SELECT 'order line ' || l.id,
                   format('refunded %s, tax %s; its refunds make %s, %s', l.refunded_amount, l.refunded_tax,
                          coalesce(r.amount, 0), coalesce(r.tax, 0))
              FROM order_lines l
              LEFT JOIN (SELECT rl.order_line_id, sum(rl.amount) AS amount, sum(rl.tax) AS tax
                           FROM refund_lines rl JOIN refunds r ON r.id = rl.refund_id
                          WHERE r.state NOT IN ('requested', 'rejected') GROUP BY rl.order_line_id) r
                ON r.order_line_id = l.id
             WHERE l.refunded_amount <> coalesce(r.amount, 0) OR l.refunded_tax <> coalesce(r.tax, 0)
            UNION ALL
            SELECT 'order ' || o.number,
                   format('given back %s, shipping %s; its refunds make %s, %s', o.refunded, o.shipping_refunded,
                          coalesce(r.done, 0), coalesce(r.shipping, 0))
              FROM orders o
              LEFT JOIN (SELECT order_id, sum(amount) FILTER (WHERE state = 'succeeded') AS done,
                                sum(shipping) FILTER (WHERE state NOT IN ('requested', 'rejected')) AS shipping
                           FROM refunds WHERE order_id IS NOT NULL GROUP BY order_id) r ON r.order_id = o.id
             WHERE o.refunded <> coalesce(r.done, 0) OR o.shipping_refunded <> coalesce(r.shipping, 0)
        """),
        examined_sql=SALE_REFUNDS,
    ),
    Check(
        code="M16",
        area="money",
        title="A finished refund of an order booked its part of the sale back: from the seller, the shipping and the tax",
        sql=Sql("""
            WITH wanted AS (
                SELECT r.id, r.number, o.seller_id, coalesce(l.amount + l.funded - l.tax, 0) AS goods,
                       r.shipping + r.shipping_funded - r.shipping_tax AS shipping,
                       coalesce(l.funded, 0) + r.shipping_funded AS funded,
                       coalesce(l.tax, 0) + r.shipping_tax AS tax, r.state = 'succeeded' AND r.order_id IS NOT NULL AS due
                  FROM refunds r
                  LEFT JOIN orders o ON o.id = r.order_id
                  LEFT JOIN (SELECT refund_id, sum(amount) AS amount, sum(funded) AS funded, sum(tax) AS tax
                               FROM refund_lines GROUP BY refund_id) l
                    ON l.refund_id = r.id
            ), booked AS (
                SELECT cause_id, sum(amount) FILTER (WHERE kind = 'seller_pending') AS goods,
                       sum(amount) FILTER (WHERE kind = 'shipping') AS shipping,
                       sum(amount) FILTER (WHERE kind = 'tax') AS tax,
                       sum(amount) FILTER (WHERE other = 'promotions') AS funded,
                       min(owner_id::text) FILTER (WHERE other <> 'promotions') AS first_owner,
                       max(owner_id::text) FILTER (WHERE other <> 'promotions') AS last_owner,
                       bool_and(CASE other WHEN 'promotions' THEN kind = 'customer_receivable'
                                           ELSE other = 'customer_receivable' END) AS to_the_buyer
                  FROM (SELECT cause_id, debit_kind AS kind, debit_owner AS owner_id, credit_kind AS other, amount
                          FROM transfers WHERE leg LIKE 'return:%'
                        UNION ALL
                        SELECT cause_id, credit_kind, credit_owner, debit_kind, -amount
                          FROM transfers WHERE leg LIKE 'unreturn:%') legs
                 GROUP BY cause_id
            )
            SELECT 'refund ' || w.number AS key,
                   format('goods without tax %s, shipping %s, tax %s, funded %s; booked %s, %s, %s, %s', w.goods, w.shipping,
                          w.tax, w.funded, coalesce(b.goods, 0), coalesce(b.shipping, 0), coalesce(b.tax, 0),
                          coalesce(b.funded, 0)) AS detail
              FROM wanted w LEFT JOIN booked b ON b.cause_id = w.id
             WHERE CASE WHEN w.due THEN (coalesce(b.goods, 0), coalesce(b.shipping, 0), coalesce(b.tax, 0), coalesce(b.funded, 0))
                                        <> (w.goods, w.shipping, w.tax, w.funded)
                                        OR b.first_owner <> w.seller_id::text OR b.last_owner <> w.seller_id::text
                                        OR NOT b.to_the_buyer
                        ELSE (coalesce(b.goods, 0), coalesce(b.shipping, 0), coalesce(b.tax, 0), coalesce(b.funded, 0))
                             <> (0, 0, 0, 0) END
        """),
        examined_sql=SALE_REFUNDS,
    ),
    Check(
        code="O14",
        area="workflow",
        title="An order counts as asked back and as refunded exactly the units of its after-sales cases",
        sql=Sql("""
            WITH asked AS (
                SELECT l.order_line_id,
                       sum(l.unshipped) FILTER (WHERE r.state NOT IN ('rejected', 'withdrawn')) AS withheld,
                       sum(l.quantity - l.unshipped) FILTER (WHERE r.state NOT IN ('rejected', 'withdrawn')) AS returned,
                       sum(l.unshipped) FILTER (WHERE r.refund_id IS NOT NULL) AS cancelled,
                       sum(l.quantity) FILTER (WHERE r.refund_id IS NOT NULL AND r.kind <> 'exchange') AS refunded,
                       sum(l.quantity) FILTER (WHERE r.state IN ('inspected', 'settled') AND r.kind = 'exchange') AS exchanged
                  FROM return_lines l JOIN returns r ON r.id = l.return_id GROUP BY l.order_line_id
            ), owed AS (
                SELECT order_line_id, sum(quantity) AS quantity, sum(cancelled) AS cancelled
                  FROM replacements GROUP BY order_line_id
            ), made AS (                       -- replacements that are not delivered are cancelled and refunded
                SELECT l.id, coalesce(a.withheld, 0) + coalesce(x.cancelled, 0) AS withheld, coalesce(a.returned, 0) AS returned,
                       coalesce(a.cancelled, 0) + coalesce(x.cancelled, 0) AS cancelled,
                       coalesce(a.refunded, 0) + coalesce(x.cancelled, 0) AS refunded, coalesce(a.exchanged, 0) AS exchanged,
                       coalesce(x.quantity, 0) AS owed
                  FROM order_lines l
                  LEFT JOIN asked a ON a.order_line_id = l.id
                  LEFT JOIN owed x ON x.order_line_id = l.id
            )
            SELECT 'order line ' || l.id AS key,
                   format('withheld %s, returned %s, cancelled %s, refunded %s, exchanged %s; its cases make %s, %s, %s, %s, %s',
                          l.withheld, l.returned, l.cancelled, l.refunded_quantity, l.exchanged, m.withheld, m.returned,
                          m.cancelled, m.refunded, m.exchanged) AS detail
              FROM order_lines l JOIN made m ON m.id = l.id
             WHERE (l.withheld, l.returned, l.cancelled, l.refunded_quantity, l.exchanged, l.exchanged)
                   <> (m.withheld, m.returned, m.cancelled, m.refunded, m.exchanged, m.owed)
            UNION ALL
            SELECT 'order ' || o.number, format('%s open cases, counted %s', coalesce(r.open, 0), o.open_returns)
              FROM orders o
              LEFT JOIN (SELECT order_id, count(*) AS open FROM returns
                          WHERE state NOT IN ('settled', 'rejected', 'withdrawn') GROUP BY order_id) r ON r.order_id = o.id
             WHERE o.open_returns <> coalesce(r.open, 0) OR (o.open_returns > 0 AND o.state NOT IN ('placed', 'cancelled'))
        """),
        examined_sql=RETURNS,
    ),
    Check(
        code="O15",
        area="workflow",
        title="A settled case's money went back or its replacement left, and no deadline is a day over",
        needs=("now",),
        sql=Sql("""
            SELECT 'return ' || r.id AS key,
                   format('%s %s, refund %s of order %s', r.kind, r.state, coalesce(f.state, 'none'), coalesce(f.order_id::text, '-'))
                       AS detail
              FROM returns r LEFT JOIN refunds f ON f.id = r.refund_id
             WHERE (r.state = 'settled' AND f.state IS DISTINCT FROM 'succeeded' AND coalesce(f.reversals, 0) = 0
                    AND NOT (r.kind = 'exchange' AND f.id IS NULL))
                OR (r.refund_id IS NOT NULL AND (f.order_id IS DISTINCT FROM r.order_id OR f.state IN ('requested', 'rejected')))
                OR (r.state IN ('requested', 'proposed', 'escalated', 'in_transit', 'rejected', 'withdrawn')
                    AND r.refund_id IS NOT NULL)
                OR (r.state = 'approved' AND r.kind = 'refund_only' AND r.refund_id IS NULL)
            UNION ALL
            SELECT 'return ' || r.id, format('%s %s, of %s units owed for line %s shipped %s, refunded %s', r.kind, r.state,
                                             l.quantity, l.order_line_id, coalesce(x.shipped, 0), coalesce(x.cancelled, 0))
              FROM return_lines l
              JOIN returns r ON r.id = l.return_id
              LEFT JOIN replacements x ON x.return_id = l.return_id AND x.order_line_id = l.order_line_id
             WHERE CASE WHEN r.kind <> 'exchange' OR r.state NOT IN ('inspected', 'settled') THEN x.return_id IS NOT NULL
                        ELSE (x.quantity, x.variant_id, x.purchase_id, x.order_id)
                             IS DISTINCT FROM (l.quantity, l.replacement_variant_id, l.purchase_id, r.order_id)
                             OR (r.state = 'settled' AND x.shipped + x.cancelled <> x.quantity)
                             OR (x.cancelled > 0 AND r.refund_id IS NULL) END
            UNION ALL
            SELECT 'return ' || r.id, format('exchange, line %s names no replacement', l.order_line_id)
              FROM return_lines l JOIN returns r ON r.id = l.return_id
             WHERE r.kind = 'exchange' AND (l.replacement_variant_id IS NULL OR l.unshipped > 0)
            UNION ALL
            SELECT 'return ' || id, format('%s, was due at %s', state, due_at)
              FROM returns WHERE due_at < $1::timestamptz - interval '1 day'
            UNION ALL
            SELECT 'return ' || r.id, format('of order %s, line %s of another', r.order_number, l.order_line_id)
              FROM return_lines l JOIN returns r ON r.id = l.return_id JOIN order_lines o ON o.id = l.order_line_id
             WHERE o.order_id <> r.order_id OR l.purchase_id <> r.purchase_id
            UNION ALL
            SELECT 'return ' || r.id, format('of order %s by %s in purchase %s', r.order_number, r.seller_id, r.purchase_id)
              FROM returns r JOIN orders o ON o.id = r.order_id
             WHERE (r.order_number, r.seller_id, r.purchase_id, r.currency)
                   <> (o.number, o.seller_id, o.purchase_id, o.currency)
        """),
        examined_sql=RETURNS,
    ),
)
