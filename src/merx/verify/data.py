"""What must hold of the data as such: references without a foreign key, copied keys, personal data."""

from typing import Final

from merx.infra.db import Sql
from merx.verify.model import Check

PURCHASES: Final = Sql("SELECT count(*) FROM purchases")
LINES: Final = Sql("SELECT count(*) FROM order_lines")
ACCOUNTS: Final = Sql("SELECT count(*) FROM accounts")

DATA: Final = (
    Check(
        code="D1a",
        area="data",
        title="Holds and movements point at stock, purchases and lines that are there",
        sql=Sql("""
            SELECT 'hold ' || h.id AS key, format('allotment %s is not there', h.allotment_id) AS detail
              FROM holds h LEFT JOIN allotments a ON a.id = h.allotment_id WHERE a.id IS NULL
            UNION ALL
            SELECT 'hold ' || h.id, format('order line %s is not there', h.order_line_id)
              FROM holds h LEFT JOIN order_lines l ON l.id = h.order_line_id
              LEFT JOIN allotments a ON a.id = h.allotment_id
             WHERE l.id IS NULL AND (h.order_line_id IS NOT NULL OR a.kind = 'stock')
            UNION ALL
            SELECT 'hold ' || h.id, format('purchase %s is not there', h.purchase_id)
              FROM holds h LEFT JOIN purchases p ON p.id = h.purchase_id WHERE p.id IS NULL
            UNION ALL
            SELECT 'movement ' || m.kind || ' of ' || m.cause_id, format('allotment %s is not there', m.allotment_id)
              FROM movements m LEFT JOIN allotments a ON a.id = m.allotment_id WHERE a.id IS NULL
            UNION ALL
            SELECT 'movement ' || m.kind || ' of ' || m.cause_id, 'its hold is not there'
              FROM movements m LEFT JOIN holds h ON h.id = m.cause_id
             WHERE m.kind NOT IN ('receive', 'adjust', 'return', 'claim') AND h.id IS NULL
            UNION ALL
            SELECT 'movement ' || m.kind || ' of ' || m.cause_id, 'its return of stock is not there'
              FROM movements m LEFT JOIN stock_returns s ON s.id = m.cause_id
             WHERE m.kind = 'return' AND s.id IS NULL
            UNION ALL
            SELECT 'allotment ' || a.id, format('variant %s is not there', a.subject_id)
              FROM allotments a LEFT JOIN variants v ON v.id = a.subject_id WHERE v.id IS NULL AND a.kind = 'stock'
            UNION ALL
            SELECT 'allotment ' || a.id, format('%s %s is not there', a.kind, a.subject_id)
              FROM allotments a
              LEFT JOIN promotions p ON p.id = a.subject_id
              LEFT JOIN coupons c ON c.id = a.subject_id
             WHERE (a.kind = 'promotion' AND p.id IS NULL) OR (a.kind = 'coupon' AND c.id IS NULL)
        """),
        examined_sql=Sql("SELECT count(*) FROM movements"),
    ),
    Check(
        code="D1b",
        area="data",
        title="Carts, orders, parcels, reviews and transfers point at rows that are there",
        sql=Sql("""
            SELECT 'cart line ' || l.variant_id || ' of ' || l.cart_id AS key,
                   format('variant %s is not there', l.variant_id) AS detail
              FROM cart_lines l LEFT JOIN variants v ON v.id = l.variant_id WHERE v.id IS NULL
            UNION ALL
            SELECT 'order line ' || l.id, format('variant %s of product %s is not there', l.variant_id, l.product_id)
              FROM order_lines l LEFT JOIN variants v ON v.id = l.variant_id AND v.product_id = l.product_id
             WHERE v.id IS NULL
            UNION ALL
            SELECT 'order ' || o.number, format('seller %s is not there', o.seller_id)
              FROM orders o LEFT JOIN sellers s ON s.id = o.seller_id WHERE s.id IS NULL
            UNION ALL
            SELECT 'parcel ' || f.id, format('order %s is not there', f.order_id)
              FROM fulfilments f LEFT JOIN orders o ON o.id = f.order_id WHERE o.id IS NULL
            UNION ALL
            SELECT 'review of line ' || r.order_line_id, 'the line is not there'
              FROM product_reviews r LEFT JOIN order_lines l ON l.id = r.order_line_id WHERE l.id IS NULL
            UNION ALL
            SELECT 'review of order ' || r.order_id, 'the order is not there'
              FROM seller_reviews r LEFT JOIN orders o ON o.id = r.order_id WHERE o.id IS NULL
            UNION ALL
            SELECT 'transfer ' || t.leg || ' of ' || t.cause_id, format('purchase %s is not there', t.purchase_id)
              FROM transfers t LEFT JOIN purchases p ON p.id = t.purchase_id WHERE p.id IS NULL
            UNION ALL
            SELECT 'transfer ' || t.leg || ' of ' || t.cause_id, 'its cause is not there'
              FROM transfers t
             WHERE NOT EXISTS (SELECT FROM orders o WHERE o.id = t.cause_id)
               AND NOT EXISTS (SELECT FROM payments p WHERE p.id = t.cause_id)
               AND NOT EXISTS (SELECT FROM refunds r WHERE r.id = t.cause_id)
               AND NOT EXISTS (SELECT FROM disputes d WHERE d.id = t.cause_id)
               AND NOT EXISTS (SELECT FROM differences d WHERE d.id = t.cause_id)
        """),
        examined_sql=Sql("SELECT count(*) FROM transfers"),
    ),
    Check(
        code="D1c",
        area="data",
        title="Purchases, carts, reviews and messages belong to accounts that are there",
        sql=Sql("""
            SELECT 'purchase ' || p.number AS key, format('account %s is not there', p.account_id) AS detail
              FROM purchases p LEFT JOIN accounts a ON a.id = p.account_id
             WHERE p.account_id IS NOT NULL AND a.id IS NULL
            UNION ALL
            SELECT 'cart ' || c.id, format('account %s is not there', c.account_id)
              FROM carts c LEFT JOIN accounts a ON a.id = c.account_id WHERE c.account_id IS NOT NULL AND a.id IS NULL
            UNION ALL
            SELECT 'review of line ' || r.order_line_id, format('account %s is not there', r.account_id)
              FROM product_reviews r LEFT JOIN accounts a ON a.id = r.account_id WHERE a.id IS NULL
            UNION ALL
            SELECT 'review of order ' || r.order_id, format('account %s is not there', r.account_id)
              FROM seller_reviews r LEFT JOIN accounts a ON a.id = r.account_id WHERE a.id IS NULL
            UNION ALL
            SELECT 'notification ' || n.kind || ' of ' || n.event_id, format('account %s is not there', n.account_id)
              FROM notifications n LEFT JOIN accounts a ON a.id = n.account_id WHERE a.id IS NULL
            UNION ALL
            SELECT 'notification ' || n.kind || ' of ' || n.event_id, 'the event is not there'
              FROM notifications n LEFT JOIN events e ON e.id = n.event_id WHERE e.id IS NULL
            UNION ALL
            SELECT 'mail ' || m.id, format('account %s is not there', m.account_id)
              FROM mails m LEFT JOIN accounts a ON a.id = m.account_id WHERE a.id IS NULL
            UNION ALL
            SELECT 'mail ' || m.id, format('event %s is not there', m.event_id)
              FROM mails m LEFT JOIN events e ON e.id = m.event_id WHERE e.id IS NULL
        """),
        examined_sql=PURCHASES,
    ),
    Check(
        code="D2",
        area="data",
        title="Every data key is wrapped by a master key of the ring",
        needs=("key_ids",),
        sql=Sql("""
            SELECT 'data key of person ' || person_id AS key, format('wrapped by %s', master_key_id) AS detail
              FROM data_keys WHERE master_key_id <> ALL ($1::text[])
        """),
        examined_sql=Sql("SELECT count(*) FROM data_keys"),
    ),
    Check(
        code="D3",
        area="data",
        title="A key copied into another row is the key of the row it was copied from",
        sql=Sql("""
            SELECT 'order line ' || l.id AS key, format('purchase %s, its order has %s', l.purchase_id, o.purchase_id) AS detail
              FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE l.purchase_id <> o.purchase_id
            UNION ALL
            SELECT 'parcel ' || f.id, format('purchase %s, seller %s; its order has %s, %s', f.purchase_id, f.seller_id,
                                             o.purchase_id, o.seller_id)
              FROM fulfilments f JOIN orders o ON o.id = f.order_id
             WHERE f.purchase_id <> o.purchase_id OR f.seller_id <> o.seller_id
            UNION ALL
            SELECT 'parcel ' || l.fulfilment_id, format('line of purchase %s, parcel of %s', l.purchase_id, f.purchase_id)
              FROM fulfilment_lines l JOIN fulfilments f ON f.id = l.fulfilment_id WHERE l.purchase_id <> f.purchase_id
            UNION ALL
            SELECT 'payment fact ' || e.reference, format('purchase %s, its payment has %s', e.purchase_id, p.purchase_id)
              FROM payment_events e JOIN payments p ON p.id = e.payment_id WHERE e.purchase_id <> p.purchase_id
            UNION ALL
            SELECT 'refund ' || r.number, format('purchase %s, its payment has %s', r.purchase_id, p.purchase_id)
              FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.purchase_id <> p.purchase_id
            UNION ALL
            SELECT 'dispute ' || d.reference, format('purchase %s, its payment has %s', d.purchase_id, p.purchase_id)
              FROM disputes d JOIN payments p ON p.id = d.payment_id WHERE d.purchase_id <> p.purchase_id
            UNION ALL
            SELECT 'variant ' || v.sku, format('seller %s, its product has %s', v.seller_id, p.seller_id)
              FROM variants v JOIN products p ON p.id = v.product_id WHERE v.seller_id <> p.seller_id
            UNION ALL
            SELECT 'review of line ' || r.order_line_id,
                   format('purchase %s, product %s, by %s; bought in %s, product %s, by %s', r.purchase_id, r.product_id,
                          r.account_id, l.purchase_id, l.product_id, coalesce(p.account_id::text, 'a guest'))
              FROM product_reviews r
              JOIN order_lines l ON l.id = r.order_line_id
              JOIN purchases p ON p.id = l.purchase_id
             WHERE (r.purchase_id, r.product_id, r.account_id) IS DISTINCT FROM (l.purchase_id, l.product_id, p.account_id)
            UNION ALL
            SELECT 'review of order ' || r.order_id,
                   format('purchase %s, seller %s, by %s; ordered in %s, of %s, by %s', r.purchase_id, r.seller_id,
                          r.account_id, o.purchase_id, o.seller_id, coalesce(p.account_id::text, 'a guest'))
              FROM seller_reviews r
              JOIN orders o ON o.id = r.order_id
              JOIN purchases p ON p.id = o.purchase_id
             WHERE (r.purchase_id, r.seller_id, r.account_id) IS DISTINCT FROM (o.purchase_id, o.seller_id, p.account_id)
        """),
        examined_sql=LINES,
    ),
    Check(
        code="D4",
        area="data",
        title="No purchase is half written: each has its address, an order, a payment, and every order a line",
        sql=Sql("""
            SELECT 'purchase ' || p.number AS key, 'no address' AS detail
              FROM purchases p WHERE NOT EXISTS (SELECT FROM purchase_addresses a WHERE a.purchase_id = p.id)
            UNION ALL
            SELECT 'purchase ' || p.number, 'no order'
              FROM purchases p WHERE NOT EXISTS (SELECT FROM orders o WHERE o.purchase_id = p.id)
            UNION ALL
            SELECT 'purchase ' || p.number, 'no payment'
              FROM purchases p WHERE NOT EXISTS (SELECT FROM payments y WHERE y.purchase_id = p.id)
            UNION ALL
            SELECT 'order ' || o.number, 'no line'
              FROM orders o WHERE NOT EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.id)
        """),
        examined_sql=PURCHASES,
    ),
    Check(
        code="D5",
        area="data",
        title="No reader of transactions is ahead of them, as after a dump was loaded into another server",
        sql=Sql("""
            SELECT 'balances_cursor' AS key, format('at transaction %s, the next is %s', folded_xid,
                                                    pg_snapshot_xmax(pg_current_snapshot())) AS detail
              FROM balances_cursor WHERE folded_xid > pg_snapshot_xmax(pg_current_snapshot())
            UNION ALL
            SELECT 'handler ' || handler, format('at transaction %s, the next is %s', xid,
                                                 pg_snapshot_xmax(pg_current_snapshot()))
              FROM subscription_cursors WHERE xid > pg_snapshot_xmax(pg_current_snapshot())
        """),
        examined_sql=Sql("SELECT count(*) + 1 FROM subscription_cursors"),
    ),
    Check(
        code="D7",
        area="data",
        title="Every account has its data key and one e-mail to log in with; an erased one has no data key left",
        sql=Sql("""
            SELECT 'account ' || a.id AS key,
                   format('%s, data key %s, e-mail entry %s', a.state, CASE WHEN k.person_id IS NULL THEN 'missing' ELSE 'there' END,
                          CASE WHEN e.account_id IS NULL THEN 'missing' ELSE 'there' END) AS detail
              FROM accounts a
              LEFT JOIN data_keys k ON k.person_id = a.id
              LEFT JOIN account_emails e ON e.account_id = a.id
             WHERE (k.person_id IS NULL) <> (a.state = 'erased')
                OR (a.state <> 'erased' AND e.account_id IS NULL)
        """),
        examined_sql=ACCOUNTS,
    ),
    Check(
        code="D8",
        area="data",
        title="Every sealed address has its person's data key, unless the person was erased",
        sql=Sql("""
            SELECT 'address of purchase ' || p.number AS key, format('person %s has no data key', x.person_id) AS detail
              FROM purchase_addresses x
              JOIN purchases p ON p.id = x.purchase_id
              LEFT JOIN data_keys k ON k.person_id = x.person_id
              LEFT JOIN accounts a ON a.id = x.person_id
             WHERE k.person_id IS NULL AND a.state IS DISTINCT FROM 'erased'
            UNION ALL
            SELECT 'address of purchase ' || p.number, format('sealed for person %s, bought by %s', x.person_id, p.person_id)
              FROM purchase_addresses x JOIN purchases p ON p.id = x.purchase_id WHERE x.person_id <> p.person_id
            UNION ALL
            SELECT 'cart ' || c.id, format('person %s has no data key', c.person_id)
              FROM carts c
              LEFT JOIN data_keys k ON k.person_id = c.person_id
              LEFT JOIN accounts a ON a.id = c.person_id
             WHERE c.address_sealed IS NOT NULL AND k.person_id IS NULL AND a.state IS DISTINCT FROM 'erased'
        """),
        examined_sql=Sql("SELECT count(*) FROM purchase_addresses"),
    ),
)
