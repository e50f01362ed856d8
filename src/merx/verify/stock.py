"""What must hold of stock."""

from typing import Final

from merx.infra.db import Sql
from merx.verify.model import Check

ALLOTMENTS: Final = Sql("SELECT count(*) FROM allotments")
HOLDS: Final = Sql("SELECT count(*) FROM holds")
LINES: Final = Sql("SELECT count(*) FROM order_lines")

STOCK: Final = (
    Check(
        code="S1",
        area="stock",
        title="Every stock counter is the sum of its movements",
        sql=Sql("""
            SELECT 'allotment ' || a.id AS key,
                   format('received, held, sold are %s, %s, %s; its movements make %s, %s, %s', a.received, a.held, a.sold,
                          coalesce(m.received, 0), coalesce(m.held, 0), coalesce(m.sold, 0)) AS detail
              FROM allotments a
              LEFT JOIN (SELECT allotment_id, sum(received_delta) AS received, sum(held_delta) AS held,
                                sum(sold_delta) AS sold
                           FROM movements GROUP BY allotment_id) m ON m.allotment_id = a.id
             WHERE a.received <> coalesce(m.received, 0)
                OR a.held <> coalesce(m.held, 0)
                OR a.sold <> coalesce(m.sold, 0)
        """),
        examined_sql=Sql("SELECT count(*) FROM movements"),
    ),
    Check(
        code="S2",
        area="stock",
        title="No stock counter is negative and nothing is oversold",
        sql=Sql("""
            SELECT 'allotment ' || id AS key,
                   format('received %s, held %s, sold %s', received, held, sold) AS detail
              FROM allotments
             WHERE least(received, held, sold) < 0 OR held::numeric + sold > received
        """),
        examined_sql=ALLOTMENTS,
    ),
    Check(
        code="S3",
        area="stock",
        title="What is held is the sum of the active holds",
        sql=Sql("""
            SELECT 'allotment ' || a.id AS key,
                   format('held is %s, its active holds make %s', a.held, coalesce(h.held, 0)) AS detail
              FROM allotments a
              LEFT JOIN (SELECT allotment_id, sum(quantity) AS held FROM holds
                          WHERE state = 'active' GROUP BY allotment_id) h ON h.allotment_id = a.id
             WHERE a.held <> coalesce(h.held, 0)
        """),
        examined_sql=ALLOTMENTS,
    ),
    Check(
        code="S4",
        area="stock",
        title="Every hold moved stock once when it was made and once as it ended",
        sql=Sql("""
            SELECT 'hold ' || h.id AS key, format('quantity %s, no such movement made it', h.quantity) AS detail
              FROM holds h
             WHERE NOT EXISTS (SELECT FROM movements m
                                WHERE m.cause_id = h.id AND m.kind = 'hold' AND m.held_delta = h.quantity)
            UNION ALL
            SELECT 'hold ' || h.id, format('%s, quantity %s, no such movement ended it', h.state, h.quantity)
              FROM holds h
             WHERE h.state <> 'active'
               AND NOT EXISTS (SELECT FROM movements m
                                WHERE m.cause_id = h.id AND m.held_delta = -h.quantity
                                  AND m.kind = CASE h.state WHEN 'released' THEN 'release' WHEN 'expired' THEN 'expire'
                                                            WHEN 'consumed' THEN 'sell' END)
            UNION ALL
            SELECT 'hold ' || h.id, format('%s, quantity %s, yet a movement %s', h.state, h.quantity, m.kind)
              FROM movements m JOIN holds h ON h.id = m.cause_id
             WHERE CASE m.kind WHEN 'release' THEN h.state <> 'released'
                               WHEN 'expire' THEN h.state <> 'expired'
                               WHEN 'sell' THEN h.state <> 'consumed'
                               WHEN 'unsell' THEN h.state <> 'consumed' OR m.sold_delta <> -h.quantity
                               WHEN 'hold' THEN false ELSE true END
        """),
        examined_sql=HOLDS,
    ),
    Check(
        code="S5",
        area="stock",
        title="A hold, its movements, its allotment and its order line are of one variant",
        sql=Sql("""
            SELECT 'hold ' || h.id AS key,
                   format('of variant %s, on allotment of %s, for a line of %s', h.subject_id, a.subject_id,
                          CASE WHEN h.return_id IS NULL THEN l.variant_id ELSE r.replacement_variant_id END)
                       AS detail
              FROM holds h
              JOIN allotments a ON a.id = h.allotment_id
              JOIN order_lines l ON l.id = h.order_line_id
              LEFT JOIN return_lines r ON r.return_id = h.return_id AND r.order_line_id = h.order_line_id
             WHERE h.subject_id <> a.subject_id OR h.purchase_id <> l.purchase_id
                OR h.subject_id IS DISTINCT FROM
                   CASE WHEN h.return_id IS NULL THEN l.variant_id ELSE r.replacement_variant_id END
            UNION ALL
            SELECT 'movement ' || m.kind || ' of ' || m.cause_id,
                   format('of variant %s, on allotment of %s', m.subject_id, a.subject_id)
              FROM movements m JOIN allotments a ON a.id = m.allotment_id
             WHERE m.subject_id <> a.subject_id
            UNION ALL
            SELECT 'movement ' || m.kind || ' of ' || m.cause_id,
                   format('moves allotment %s, its hold is on %s', m.allotment_id, h.allotment_id)
              FROM movements m JOIN holds h ON h.id = m.cause_id
             WHERE m.allotment_id <> h.allotment_id
        """),
        examined_sql=HOLDS,
    ),
    Check(
        code="S6",
        area="stock",
        title="No hold outlives its time by ten minutes unless its purchase still waits for payment",
        needs=("now",),
        sql=Sql("""
            SELECT 'hold ' || h.id AS key,
                   format('ran out at %s, purchase %s is %s', h.expires_at, coalesce(p.number, h.purchase_id::text),
                          coalesce(p.state, 'unknown')) AS detail
              FROM holds h LEFT JOIN purchases p ON p.id = h.purchase_id
             WHERE h.state = 'active' AND h.expires_at < $1::timestamptz - interval '10 minutes'
               AND p.state IS DISTINCT FROM 'pending_payment'
        """),
        examined_sql=Sql("SELECT count(*) FROM holds WHERE state = 'active'"),
    ),
    Check(
        code="S7",
        area="stock",
        title="A line of a paid order sold its quantity and its replacements, any other nothing (what came back is apart)",
        sql=Sql("""
            SELECT 'order ' || o.number || ' line ' || l.id AS key,
                   format('order is %s, quantity %s, exchanged %s, sold by its holds %s, by those of exchanges %s', o.state,
                          l.quantity, l.exchanged, coalesce(s.sold, 0), coalesce(s.replaced, 0)) AS detail
              FROM order_lines l
              JOIN orders o ON o.id = l.order_id
              JOIN purchases p ON p.id = o.purchase_id
              LEFT JOIN (SELECT h.order_line_id, sum(h.quantity) FILTER (WHERE h.return_id IS NULL) AS sold,
                                sum(h.quantity) FILTER (WHERE h.return_id IS NOT NULL) AS replaced
                           FROM holds h
                           LEFT JOIN movements m ON m.cause_id = h.id AND m.kind = 'unsell'
                          WHERE h.state = 'consumed' AND m.cause_id IS NULL
                          GROUP BY h.order_line_id) s ON s.order_line_id = l.id
             WHERE coalesce(s.sold, 0) <> CASE WHEN o.state IN ('placed', 'closed') OR o.refunded > 0
                                                   OR p.cancel_reason = 'undelivered'
                                                   OR EXISTS (SELECT FROM refunds f WHERE f.order_id = o.id AND f.reversals > 0)
                                              THEN l.quantity ELSE 0 END
                OR coalesce(s.replaced, 0) <> l.exchanged
        """),
        examined_sql=LINES,
    ),
    Check(
        code="S8",
        area="stock",
        title="A purchase that was cancelled or paid holds no stock, but for its open exchanges, which hold theirs whole",
        sql=Sql("""
            SELECT 'hold ' || h.id AS key, format('active, purchase %s is %s', p.number, p.state) AS detail
              FROM holds h JOIN purchases p ON p.id = h.purchase_id
             WHERE h.state = 'active' AND p.state <> 'pending_payment' AND h.return_id IS NULL
            UNION ALL
            SELECT 'return ' || r.id, format('%s %s, for line %s wants %s, holds %s', r.kind, r.state, l.order_line_id, l.quantity,
                                             coalesce(h.held, 0))
              FROM return_lines l
              JOIN returns r ON r.id = l.return_id
              LEFT JOIN (SELECT return_id, order_line_id, sum(quantity) AS held FROM holds
                          WHERE state = 'active' AND return_id IS NOT NULL GROUP BY return_id, order_line_id) h
                ON h.return_id = r.id AND h.order_line_id = l.order_line_id
             WHERE coalesce(h.held, 0) <> CASE WHEN r.kind = 'exchange' AND (r.state IN ('approved', 'in_transit')
                                                     OR (r.state = 'escalated' AND r.sent_back_at IS NOT NULL))
                                               THEN l.quantity ELSE 0 END
            UNION ALL
            SELECT 'hold ' || h.id, format('active, for return %s, which is not there', h.return_id)
              FROM holds h LEFT JOIN return_lines l ON l.return_id = h.return_id AND l.order_line_id = h.order_line_id
             WHERE h.return_id IS NOT NULL AND l.return_id IS NULL
        """),
        examined_sql=Sql("SELECT count(*) FROM holds WHERE state = 'active'"),
    ),
    Check(
        code="S9",
        area="stock",
        title="Nothing is shipped or received beyond what was bought or owed, and the parcels say the same as the lines",
        sql=Sql("""
            SELECT 'order ' || o.number || ' line ' || l.id AS key,
                   format('quantity %s, shipped %s, received %s; in parcels shipped %s, received %s', l.quantity, l.shipped,
                          l.received, coalesce(f.shipped, 0), coalesce(f.received, 0)) AS detail
              FROM order_lines l
              JOIN orders o ON o.id = l.order_id
              LEFT JOIN (SELECT fl.order_line_id,
                                sum(fl.quantity) FILTER (WHERE f.state IN ('shipped', 'delivered', 'received', 'returned')) AS shipped,
                                sum(fl.quantity) FILTER (WHERE f.state = 'received') AS received
                           FROM fulfilment_lines fl JOIN fulfilments f ON f.id = fl.fulfilment_id
                          GROUP BY fl.order_line_id) f ON f.order_line_id = l.id
             WHERE l.shipped > l.quantity + l.exchanged OR l.received > l.shipped OR l.received < 0
                OR l.shipped <> coalesce(f.shipped, 0)
                OR l.received <> coalesce(f.received, 0)
            UNION ALL
            SELECT 'order ' || o.number || ' line ' || l.id,
                   format('%s of %s shipped as replacements, in parcels %s', coalesce(x.shipped, 0), x.variant_id,
                          coalesce(p.packed, 0))
              FROM (SELECT order_line_id, variant_id, sum(shipped) AS shipped FROM replacements GROUP BY order_line_id, variant_id) x
              FULL JOIN (SELECT fl.order_line_id, (e->>'variant_id')::uuid AS variant_id, sum((e->>'quantity')::int) AS packed
                           FROM fulfilment_lines fl, jsonb_array_elements(fl.replacements) e
                          GROUP BY fl.order_line_id, 2) p USING (order_line_id, variant_id)
              JOIN order_lines l ON l.id = order_line_id
              JOIN orders o ON o.id = l.order_id
             WHERE coalesce(x.shipped, 0) <> coalesce(p.packed, 0)
        """),
        examined_sql=LINES,
    ),
    Check(
        code="S10",
        area="stock",
        title="A purchase that waits for payment held every line whole",
        sql=Sql("""
            SELECT 'order ' || o.number || ' line ' || l.id AS key,
                   format('quantity %s, held %s', l.quantity, coalesce(h.held, 0)) AS detail
              FROM orders o
              JOIN order_lines l ON l.order_id = o.id
              LEFT JOIN (SELECT h.order_line_id, sum(h.quantity) AS held
                           FROM holds h JOIN purchases p ON p.id = h.purchase_id
                          WHERE p.state = 'pending_payment' AND h.state IN ('active', 'expired')
                          GROUP BY h.order_line_id) h ON h.order_line_id = l.id
             WHERE o.state = 'pending_payment' AND coalesce(h.held, 0) <> l.quantity
        """),
        examined_sql=Sql("""
            SELECT count(*) FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.state = 'pending_payment'
        """),
    ),
    Check(
        code="S11",
        area="stock",
        title="What was put on the shelf again was never shipped or came back fit for sale, and was moved once",
        sql=Sql("""
            SELECT 'order line ' || l.id AS key,
                   format('cancelled %s, of these not deliverable %s, restocked %s, undelivered %s; on the shelf again %s', l.cancelled,
                          coalesce(x.cancelled, 0), coalesce(r.restocked, 0), coalesce(u.units, 0), coalesce(s.quantity, 0)) AS detail
              FROM order_lines l
              LEFT JOIN (SELECT ol.id, ol.quantity - ol.shipped + coalesce(sum(fl.restocked), 0) AS units
                           FROM purchases p
                           JOIN order_lines ol ON ol.purchase_id = p.id
                           LEFT JOIN fulfilment_lines fl ON fl.order_line_id = ol.id
                          WHERE p.cancel_reason = 'undelivered' GROUP BY ol.id) u ON u.id = l.id
              LEFT JOIN (SELECT order_line_id, sum(restocked) AS restocked FROM return_lines GROUP BY order_line_id) r
                ON r.order_line_id = l.id
              LEFT JOIN (SELECT order_line_id, sum(quantity) AS quantity FROM stock_returns GROUP BY order_line_id) s
                ON s.order_line_id = l.id
              LEFT JOIN (SELECT order_line_id, sum(cancelled) AS cancelled FROM replacements GROUP BY order_line_id) x
                ON x.order_line_id = l.id
             WHERE l.cancelled - coalesce(x.cancelled, 0) + coalesce(r.restocked, 0) + coalesce(u.units, 0) <> coalesce(s.quantity, 0)
            UNION ALL
            SELECT 'return ' || r.return_id, format('%s of variant %s are on the shelf again, %s restocked', sum(s.quantity),
                                                    h.subject_id, sum(r.restocked))
              FROM stock_returns s
              JOIN holds h ON h.id = s.hold_id
              JOIN return_lines r ON r.return_id = s.return_id AND r.order_line_id = s.order_line_id
             WHERE r.unshipped = 0 AND h.subject_id <> r.variant_id
             GROUP BY r.return_id, h.subject_id
            UNION ALL
            SELECT 'stock return ' || s.id, format('of %s, moved %s', s.quantity, coalesce(-m.sold_delta, 0))
              FROM stock_returns s
              LEFT JOIN movements m ON m.cause_id = s.id AND m.kind = 'return' AND m.allotment_id = s.allotment_id
             WHERE m.sold_delta IS DISTINCT FROM -s.quantity
            UNION ALL
            SELECT 'hold ' || h.id, format('%s, sold %s, on the shelf again %s', h.state, h.quantity, s.quantity)
              FROM (SELECT hold_id, sum(quantity) AS quantity FROM stock_returns GROUP BY hold_id) s
              JOIN holds h ON h.id = s.hold_id
             WHERE h.state <> 'consumed' OR s.quantity > h.quantity
        """),
        examined_sql=Sql("SELECT count(*) FROM stock_returns"),
    ),
)
