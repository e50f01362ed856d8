"""What must hold of money."""

from typing import Final

from merx.infra.db import Sql
from merx.verify.model import Check

PURCHASES: Final = Sql("SELECT count(*) FROM purchases")
ORDERS: Final = Sql("SELECT count(*) FROM orders")
LINES: Final = Sql("SELECT count(*) FROM order_lines")
PAYMENTS: Final = Sql("SELECT count(*) FROM payments")
TRANSFERS: Final = Sql("SELECT count(*) FROM transfers")

MONEY: Final = (
    Check(
        code="M1",
        area="money",
        title="Every transfer debits one known account and credits another by the same positive amount",
        needs=("account_kinds",),
        sql=Sql("""
            SELECT 'transfer ' || leg || ' of ' || cause_id AS key,
                   format('%s %s from %s %s to %s %s', amount, currency, credit_kind, credit_owner, debit_kind, debit_owner)
                       AS detail
              FROM transfers
             WHERE amount <= 0
                OR (debit_kind, debit_owner) = (credit_kind, credit_owner)
                OR debit_kind <> ALL ($1::text[]) OR credit_kind <> ALL ($1::text[])
                OR (debit_kind = 'customer_receivable' AND debit_owner <> purchase_id)
                OR (credit_kind = 'customer_receivable' AND credit_owner <> purchase_id)
        """),
        examined_sql=TRANSFERS,
    ),
    Check(
        code="M2",
        area="money",
        title="Every stored balance is the sum of the transfers folded into it",
        sql=Sql("""
            WITH entries AS (
                SELECT debit_kind AS kind, debit_owner AS owner_id, currency, amount AS debits, 0::bigint AS credits
                  FROM transfers WHERE xid < (SELECT folded_xid FROM balances_cursor)
                   AND debit_kind <> 'customer_receivable'
                UNION ALL
                SELECT credit_kind, credit_owner, currency, 0, amount
                  FROM transfers WHERE xid < (SELECT folded_xid FROM balances_cursor)
                   AND credit_kind <> 'customer_receivable'
            ), sums AS (
                SELECT kind, owner_id, currency, sum(debits) AS debits, sum(credits) AS credits
                  FROM entries GROUP BY kind, owner_id, currency
            )
            SELECT format('balance %s %s %s', kind, owner_id, currency) AS key,
                   format('debits, credits are %s, %s; its transfers make %s, %s', coalesce(b.debits, 0),
                          coalesce(b.credits, 0), coalesce(s.debits, 0), coalesce(s.credits, 0)) AS detail
              FROM balances b FULL JOIN sums s USING (kind, owner_id, currency)
             WHERE coalesce(b.debits, 0) <> coalesce(s.debits, 0) OR coalesce(b.credits, 0) <> coalesce(s.credits, 0)
        """),
        examined_sql=TRANSFERS,
    ),
    Check(
        code="M3a",
        area="money",
        title="A purchase's amounts are the sums of its orders'; goods, shipping and what adjusts them make its total",
        sql=Sql("""
            SELECT 'purchase ' || p.number AS key,
                   format('goods, shipping, adjusted, funded, tax, total are %s, %s, %s, %s, %s, %s; its orders make %s, %s, %s, %s, %s, %s',
                          p.goods, p.shipping, p.adjusted, p.funded, p.tax, p.total, coalesce(o.goods, 0),
                          coalesce(o.shipping, 0), coalesce(o.adjusted, 0), coalesce(o.funded, 0), coalesce(o.tax, 0),
                          coalesce(o.total, 0)) AS detail
              FROM purchases p
              LEFT JOIN (SELECT purchase_id, sum(goods) AS goods, sum(shipping) AS shipping, sum(adjusted) AS adjusted,
                                sum(funded) AS funded, sum(tax) AS tax, sum(total) AS total
                           FROM orders GROUP BY purchase_id) o ON o.purchase_id = p.id
             WHERE (p.goods, p.shipping, p.adjusted, p.funded, p.tax, p.total) IS DISTINCT FROM
                   (coalesce(o.goods, 0), coalesce(o.shipping, 0), coalesce(o.adjusted, 0), coalesce(o.funded, 0),
                    coalesce(o.tax, 0), coalesce(o.total, 0))
                OR p.total <> p.goods::numeric + p.shipping + p.adjusted
        """),
        examined_sql=PURCHASES,
    ),
    Check(
        code="M3b",
        area="money",
        title="An order's goods and tax are the sums of its lines, with the tax of its shipping; with what adjusts them they make its total",
        sql=Sql("""
            SELECT 'order ' || o.number AS key,
                   format('goods %s, shipping %s, adjusted %s, tax %s, total %s; its lines make %s, adjusted %s, their tax %s, shipping tax %s',
                          o.goods, o.shipping, o.adjusted, o.tax, o.total, coalesce(l.goods, 0), coalesce(l.adjusted, 0),
                          coalesce(l.tax, 0), o.shipping_tax) AS detail
              FROM orders o
              LEFT JOIN (SELECT order_id, sum(total) AS goods, sum(adjusted) AS adjusted, sum(funded) AS funded,
                                sum(tax) AS tax
                           FROM order_lines GROUP BY order_id) l ON l.order_id = o.id
             WHERE o.goods <> coalesce(l.goods, 0)
                OR o.tax <> coalesce(l.tax, 0) + o.shipping_tax
                OR o.adjusted <> coalesce(l.adjusted, 0) + o.shipping_adjusted
                OR o.funded <> coalesce(l.funded, 0) + o.shipping_funded
                OR o.total <> o.goods::numeric + o.shipping + o.adjusted
        """),
        examined_sql=ORDERS,
    ),
    Check(
        code="M3c",
        area="money",
        title="A line's total is price by quantity; the tax inside what the seller gets follows its rate, rounded half up",
        sql=Sql("""
            SELECT 'order line ' || l.id AS key,
                   format('%s of %s make %s, adjusted %s, funded %s, tax %s at %s basis points', l.quantity, l.unit_price,
                          l.total, l.adjusted, l.funded, l.tax, l.tax_rate_bp) AS detail
              FROM order_lines l
             WHERE l.total <> l.unit_price::numeric * l.quantity
                OR l.tax <> div((l.total + l.adjusted + l.funded)::numeric * l.tax_rate_bp * 2 + 10000 + l.tax_rate_bp,
                                (10000 + l.tax_rate_bp) * 2)
            UNION ALL
            SELECT 'order ' || o.number,
                   format('shipping %s, adjusted %s, funded %s, tax inside %s at %s basis points', o.shipping,
                          o.shipping_adjusted, o.shipping_funded, o.shipping_tax, o.shipping_tax_bp)
              FROM orders o
             WHERE o.shipping_tax <> div((o.shipping + o.shipping_adjusted + o.shipping_funded)::numeric
                                             * o.shipping_tax_bp * 2 + 10000 + o.shipping_tax_bp,
                                         (10000 + o.shipping_tax_bp) * 2)
        """),
        examined_sql=LINES,
    ),
    Check(
        code="M3d",
        area="money",
        title="What changes the price of a line, or of a delivery, is the sum of its adjustments, and so is what the platform funds of it",
        sql=Sql("""
            WITH made AS (
                SELECT order_id, order_line_id, sum(amount) AS adjusted,
                       coalesce(sum(-amount) FILTER (WHERE funder = 'platform'), 0) AS funded, sum(tax) AS tax
                  FROM order_adjustments GROUP BY order_id, order_line_id
            )
            SELECT 'order line ' || l.id AS key,
                   format('adjusted %s, funded %s; its adjustments make %s, %s', l.adjusted, l.funded,
                          coalesce(m.adjusted, 0), coalesce(m.funded, 0)) AS detail
              FROM order_lines l
              LEFT JOIN made m ON m.order_line_id = l.id AND m.order_id = l.order_id
             WHERE (l.adjusted, l.funded) IS DISTINCT FROM (coalesce(m.adjusted, 0), coalesce(m.funded, 0))
                OR l.tax <> coalesce(m.tax, 0) + div(l.total::numeric * l.tax_rate_bp * 2 + 10000 + l.tax_rate_bp,
                                                     (10000 + l.tax_rate_bp) * 2)
            UNION ALL
            SELECT 'order ' || o.number,
                   format('delivery adjusted %s, funded %s; its adjustments make %s, %s', o.shipping_adjusted,
                          o.shipping_funded, coalesce(m.adjusted, 0), coalesce(m.funded, 0))
              FROM orders o
              LEFT JOIN made m ON m.order_line_id IS NULL AND m.order_id = o.id
             WHERE (o.shipping_adjusted, o.shipping_funded) IS DISTINCT FROM (coalesce(m.adjusted, 0), coalesce(m.funded, 0))
                OR o.shipping_tax <> coalesce(m.tax, 0)
                       + div(o.shipping::numeric * o.shipping_tax_bp * 2 + 10000 + o.shipping_tax_bp,
                             (10000 + o.shipping_tax_bp) * 2)
            UNION ALL
            SELECT 'adjustment ' || a.id, 'of an order or a line of another purchase'
              FROM order_adjustments a
              LEFT JOIN orders o ON o.id = a.order_id AND o.purchase_id = a.purchase_id
              LEFT JOIN order_lines l ON l.id = a.order_line_id AND l.order_id = a.order_id
             WHERE o.id IS NULL OR (a.order_line_id IS NOT NULL AND l.id IS NULL)
        """),
        examined_sql=Sql("SELECT count(*) FROM order_adjustments"),
    ),
    Check(
        code="M4",
        area="money",
        title="What the ledger says a buyer owes is the total less money captured plus money given back that was no sale's",
        sql=Sql("""
            WITH booked AS (
                SELECT purchase_id,
                       sum(CASE WHEN debit_kind = 'customer_receivable' THEN amount ELSE 0 END)
                           - sum(CASE WHEN credit_kind = 'customer_receivable' THEN amount ELSE 0 END) AS owes
                  FROM transfers
                 WHERE debit_kind = 'customer_receivable' OR credit_kind = 'customer_receivable'
                 GROUP BY purchase_id
            ), captured AS (
                SELECT purchase_id, sum(captured) AS amount FROM payments GROUP BY purchase_id
            ), returned AS (
                SELECT purchase_id, sum(amount) AS amount, sum(amount) FILTER (WHERE order_id IS NOT NULL) AS of_sales
                  FROM refunds WHERE state = 'succeeded' GROUP BY purchase_id
            )
            SELECT 'purchase ' || p.number AS key,
                   format('%s, total %s, captured %s, given back %s; the ledger says %s is owed', p.state, p.total,
                          coalesce(c.amount, 0), coalesce(r.amount, 0), coalesce(b.owes, 0)) AS detail
              FROM purchases p
              LEFT JOIN booked b ON b.purchase_id = p.id
              LEFT JOIN captured c ON c.purchase_id = p.id
              LEFT JOIN returned r ON r.purchase_id = p.id
             WHERE coalesce(b.owes, 0) <> CASE WHEN p.state = 'cancelled' AND p.cancel_reason <> 'refunded' THEN 0 ELSE p.total END
                                          - coalesce(c.amount, 0) + coalesce(r.amount, 0) - coalesce(r.of_sales, 0)
        """),
        examined_sql=PURCHASES,
    ),
    Check(
        code="M5",
        area="money",
        title="What a payment has refunded is the sum of its approved refunds, and at most what was captured and is not disputed",
        sql=Sql("""
            SELECT 'payment ' || p.number AS key,
                   format('captured %s, refunded %s, its refunds make %s', p.captured, p.refunded, coalesce(r.amount, 0))
                       AS detail
              FROM payments p
              LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM refunds
                          WHERE state NOT IN ('requested', 'rejected') GROUP BY payment_id) r ON r.payment_id = p.id
             WHERE p.refunded <> coalesce(r.amount, 0) OR p.refunded + p.disputed > p.captured OR p.refunded < 0
        """),
        examined_sql=PAYMENTS,
    ),
    Check(
        code="M6",
        area="money",
        title="A captured payment and a finished refund have exactly one fact from their provider, with their amount; others none",
        sql=Sql("""
            SELECT 'payment ' || p.number AS key,
                   format('%s, captured %s, reference %s; facts %s with %s in all', p.state, p.captured,
                          coalesce(p.provider_reference, 'none'), coalesce(e.facts, 0), coalesce(e.amount, 0)) AS detail
              FROM payments p
              LEFT JOIN (SELECT payment_id, count(*) AS facts, sum(amount) AS amount, min(reference) AS reference,
                                min(currency) AS currency
                           FROM payment_events WHERE kind = 'captured' GROUP BY payment_id) e ON e.payment_id = p.id
             WHERE CASE WHEN p.state = 'captured' AND p.captured = p.amount
                        THEN (e.facts, e.amount, e.reference, e.currency)
                             IS DISTINCT FROM (1, p.captured, p.provider_reference, p.currency)
                        ELSE e.facts IS NOT NULL OR p.captured <> 0 OR p.state = 'captured'
                   END
            UNION ALL
            SELECT 'refund ' || r.number, format('%s, amount %s; facts %s with %s in all', r.state, r.amount,
                                                 coalesce(e.facts, 0), coalesce(e.amount, 0))
              FROM refunds r
              LEFT JOIN (SELECT payment_id, split_part(reference, ':', 1) AS number,
                                sum(CASE kind WHEN 'refunded' THEN 1 ELSE -1 END) AS facts,
                                sum(CASE kind WHEN 'refunded' THEN amount ELSE -amount END) AS amount,
                                count(*) FILTER (WHERE kind = 'refund_failed') AS reversals
                           FROM payment_events WHERE kind IN ('refunded', 'refund_failed') GROUP BY 1, 2) e
                ON e.payment_id = r.payment_id AND e.number = r.number
             WHERE coalesce(e.facts, 0) <> CASE r.state WHEN 'succeeded' THEN 1 ELSE 0 END
                OR coalesce(e.amount, 0) <> CASE r.state WHEN 'succeeded' THEN r.amount ELSE 0 END
                OR coalesce(e.reversals, 0) <> r.reversals
            UNION ALL
            SELECT 'payment fact ' || e.reference, format('%s given back, no such refund', e.amount)
              FROM payment_events e
              LEFT JOIN refunds r ON r.payment_id = e.payment_id AND r.number = split_part(e.reference, ':', 1)
             WHERE e.kind IN ('refunded', 'refund_failed') AND r.id IS NULL
        """),
        examined_sql=PAYMENTS,
    ),
    Check(
        code="M7",
        area="money",
        title="A captured payment and a finished refund are booked once with their amount, and no provider's reference twice",
        sql=Sql("""
            SELECT 'payment ' || p.number AS key,
                   format('captured %s, booked %s', p.captured, coalesce(t.amount, 0)) AS detail
              FROM payments p
              LEFT JOIN transfers t ON t.cause_id = p.id AND t.leg = 'capture'
                   AND t.debit_kind = 'provider_clearing' AND t.credit_kind = 'customer_receivable'
                   AND t.purchase_id = p.purchase_id
             WHERE p.captured <> coalesce(t.amount, 0)
            UNION ALL
            SELECT 'refund ' || r.number,
                   format('%s, amount %s, booked %s', r.state, r.amount, coalesce(t.amount, 0))
              FROM refunds r
              LEFT JOIN (SELECT cause_id, purchase_id,
                                sum(CASE split_part(leg, ':', 1) || ' ' || debit_kind || ' ' || credit_kind
                                    WHEN 'refund customer_receivable provider_clearing' THEN amount
                                    WHEN 'refund_failed provider_clearing customer_receivable' THEN -amount END) AS amount
                           FROM transfers WHERE split_part(leg, ':', 1) IN ('refund', 'refund_failed')
                          GROUP BY cause_id, purchase_id) t ON t.cause_id = r.id AND t.purchase_id = r.purchase_id
             WHERE coalesce(t.amount, 0) <> CASE r.state WHEN 'succeeded' THEN r.amount ELSE 0 END
            UNION ALL
            SELECT 'reference ' || provider_reference || ' of ' || provider, format('%s payments carry it', count(*))
              FROM payments WHERE provider_reference IS NOT NULL
             GROUP BY provider, provider_reference HAVING count(*) > 1
        """),
        examined_sql=PAYMENTS,
    ),
    Check(
        code="M8",
        area="money",
        title="A paid purchase keeps its total less what its sales gave back, any other nothing: money paid twice or late is refunded",
        sql=Sql("""
            SELECT 'purchase ' || p.number AS key,
                   format('%s, total %s, kept %s', p.state, p.total, coalesce(k.kept, 0)) AS detail
              FROM purchases p
              LEFT JOIN (SELECT purchase_id, sum(captured - refunded) AS kept
                           FROM payments GROUP BY purchase_id) k ON k.purchase_id = p.id
              LEFT JOIN (SELECT purchase_id, sum(amount) AS amount FROM refunds
                          WHERE order_id IS NOT NULL AND state NOT IN ('requested', 'rejected')
                          GROUP BY purchase_id) r ON r.purchase_id = p.id
             WHERE coalesce(k.kept, 0) <> CASE WHEN (p.state IN ('placed', 'closed') AND p.paid_at IS NOT NULL)
                                                    OR p.cancel_reason = 'refunded'
                                               THEN p.total - coalesce(r.amount, 0) ELSE 0 END
        """),
        examined_sql=PURCHASES,
    ),
    Check(
        code="M9",
        area="money",
        title="An order's sale gave its seller, the shipping and the tax what the order says, the platform its part; one cancelled unpaid gave nothing",
        sql=Sql("""
            WITH booked AS (
                SELECT cause_id,
                       sum(sign * amount) FILTER (WHERE kind = 'seller_pending') AS goods,
                       sum(sign * amount) FILTER (WHERE kind = 'shipping') AS shipping,
                       sum(sign * amount) FILTER (WHERE kind = 'tax') AS tax,
                       sum(-sign * amount) FILTER (WHERE kind = 'promotions') AS funded,
                       min(owner_id::text) FILTER (WHERE kind <> 'promotions') AS first_owner,
                       max(owner_id::text) FILTER (WHERE kind <> 'promotions') AS last_owner
                  FROM (SELECT cause_id, amount,
                               CASE WHEN debit_kind = 'customer_receivable' THEN 1 ELSE -1 END AS sign,
                               CASE WHEN debit_kind = 'customer_receivable' THEN credit_kind ELSE debit_kind END AS kind,
                               CASE WHEN debit_kind = 'customer_receivable' THEN credit_owner ELSE debit_owner END AS owner_id
                          FROM transfers
                         WHERE split_part(leg, ':', 1) IN ('sale', 'cancel', 'revived', 'void')) legs
                 GROUP BY cause_id
            )
            SELECT 'order ' || o.number AS key,
                   format('%s, goods %s, shipping %s, adjusted %s, funded %s, tax %s; booked without tax goods %s, shipping %s, funded %s, and tax %s',
                          o.state, o.goods, o.shipping, o.adjusted, o.funded, o.tax, coalesce(b.goods, 0),
                          coalesce(b.shipping, 0), coalesce(b.funded, 0), coalesce(b.tax, 0)) AS detail
              FROM orders o
              JOIN purchases p ON p.id = o.purchase_id
              LEFT JOIN booked b ON b.cause_id = o.id
             WHERE b.cause_id IS NULL
                OR b.first_owner <> o.seller_id::text OR b.last_owner <> o.seller_id::text
                OR (coalesce(b.goods, 0), coalesce(b.shipping, 0), coalesce(b.tax, 0), coalesce(b.funded, 0))
                   IS DISTINCT FROM
                   CASE WHEN p.state = 'cancelled' AND p.cancel_reason <> 'refunded' THEN (0::numeric, 0::numeric, 0::numeric, 0::numeric)
                        ELSE (o.goods + o.adjusted - o.shipping_adjusted + o.funded - o.shipping_funded
                                  - (o.tax - o.shipping_tax)::numeric,
                              o.shipping + o.shipping_adjusted + o.shipping_funded - o.shipping_tax::numeric,
                              o.tax::numeric, o.funded::numeric) END
        """),
        examined_sql=ORDERS,
    ),
    Check(
        code="M10",
        area="money",
        title="Every payment asks for its purchase's total",
        sql=Sql("""
            SELECT 'payment ' || y.number AS key, format('amount %s, purchase %s totals %s', y.amount, p.number, p.total) AS detail
              FROM payments y JOIN purchases p ON p.id = y.purchase_id
             WHERE y.amount <> p.total
        """),
        examined_sql=PAYMENTS,
    ),
    Check(
        code="M13",
        area="money",
        title="A purchase, its cart, orders, payments, refunds, facts and transfers are in one currency, only fees may differ",
        sql=Sql("""
            SELECT 'order ' || o.number AS key, format('in %s, its purchase in %s', o.currency, p.currency) AS detail
              FROM orders o JOIN purchases p ON p.id = o.purchase_id WHERE o.currency <> p.currency
            UNION ALL
            SELECT 'payment ' || y.number, format('in %s, its purchase in %s', y.currency, p.currency)
              FROM payments y JOIN purchases p ON p.id = y.purchase_id WHERE y.currency <> p.currency
            UNION ALL
            SELECT 'payment fact ' || e.reference, format('in %s, its purchase in %s', e.currency, p.currency)
              FROM payment_events e JOIN purchases p ON p.id = e.purchase_id WHERE e.currency <> p.currency
            UNION ALL
            SELECT 'refund ' || r.number, format('in %s, its purchase in %s', r.currency, p.currency)
              FROM refunds r JOIN purchases p ON p.id = r.purchase_id WHERE r.currency <> p.currency
            UNION ALL
            SELECT 'transfer ' || t.leg || ' of ' || t.cause_id, format('in %s, its purchase in %s', t.currency, p.currency)
              FROM transfers t JOIN purchases p ON p.id = t.purchase_id WHERE t.currency <> p.currency AND t.leg <> 'fee'
            UNION ALL
            SELECT 'cart ' || c.id, format('in %s, its purchase in %s', c.currency, p.currency)
              FROM carts c JOIN purchases p ON p.cart_id = c.id WHERE c.currency <> p.currency
        """),
        examined_sql=TRANSFERS,
    ),
    Check(
        code="M14",
        area="money",
        title="Every amount is within its bounds",
        needs=("max_amount",),
        sql=Sql("""
            SELECT 'purchase ' || number AS key, format('total %s, shipping %s, tax %s', total, shipping, tax) AS detail
              FROM purchases WHERE total NOT BETWEEN 1 AND $1::bigint OR shipping < 0 OR tax NOT BETWEEN 0 AND total + funded
            UNION ALL
            SELECT 'order ' || number, format('total %s, shipping %s, tax %s', total, shipping, tax)
              FROM orders WHERE total NOT BETWEEN 1 AND $1::bigint OR shipping < 0 OR tax NOT BETWEEN 0 AND total + funded
            UNION ALL
            SELECT 'order line ' || id, format('unit price %s, total %s, tax %s', unit_price, total, tax)
              FROM order_lines
             WHERE unit_price NOT BETWEEN 1 AND $1::bigint OR total NOT BETWEEN 1 AND $1::bigint
                OR tax NOT BETWEEN 0 AND total + adjusted + funded
            UNION ALL
            SELECT 'payment ' || number, format('amount %s', amount)
              FROM payments WHERE amount NOT BETWEEN 1 AND $1::bigint
            UNION ALL
            SELECT 'refund ' || number, format('amount %s', amount)
              FROM refunds WHERE amount NOT BETWEEN 1 AND $1::bigint
            UNION ALL
            SELECT 'transfer ' || leg || ' of ' || cause_id, format('amount %s', amount)
              FROM transfers WHERE amount > $1::bigint
            UNION ALL
            SELECT 'price of ' || variant_id || ' in ' || currency, format('amount %s', amount)
              FROM prices WHERE amount NOT BETWEEN 1 AND $1::bigint
        """),
        examined_sql=LINES,
    ),
)
