"""What must hold of purchases, orders, parcels and of what was told about them."""

from typing import Final

from merx.fulfilment import ParcelDelivered, ParcelReceived, ParcelShipped
from merx.infra.db import Sql
from merx.orders import OrderClosed, OrderPaid, PurchaseCancelled, PurchasePlaced
from merx.payments import PaymentCaptured, RefundApproved, RefundSucceeded
from merx.verify.model import Check

PURCHASES: Final = Sql("SELECT count(*) FROM purchases")
ORDERS: Final = Sql("SELECT count(*) FROM orders")
LINES: Final = Sql("SELECT count(*) FROM order_lines")
EVENTS: Final = Sql("SELECT count(*) FROM events")
PARCELS: Final = Sql("SELECT count(*) FROM fulfilments")

WORKFLOW: Final = (
    Check(
        code="O1",
        area="workflow",
        title="Every purchase answers one idempotency key, and every key that placed one names it with its cart and total",
        sql=Sql("""
            WITH placed AS (
                SELECT scope, key, outcome->>'purchase_id' AS purchase_id, outcome->>'number' AS number,
                       outcome->>'total' AS total, outcome->>'currency' AS currency
                  FROM idempotency_keys
                 WHERE scope LIKE 'place:%' AND outcome->>'outcome' = 'placed'
            )
            SELECT 'idempotency key ' || k.key || ' of ' || k.scope AS key,
                   format('outcome names purchase %s (%s)', coalesce(k.number, '?'), coalesce(k.purchase_id, '?')) AS detail
              FROM placed k LEFT JOIN purchases p ON p.id::text = k.purchase_id
             WHERE p.id IS NULL OR 'place:' || p.cart_id <> k.scope
                OR (k.number, k.total, k.currency) IS DISTINCT FROM (p.number, p.total::text, p.currency)
            UNION ALL
            SELECT 'purchase ' || p.number, format('%s keys placed it', count(k.purchase_id))
              FROM purchases p LEFT JOIN placed k ON k.purchase_id = p.id::text
             GROUP BY p.id HAVING count(k.purchase_id) <> 1
            UNION ALL
            SELECT 'idempotency key ' || key || ' of ' || scope, 'no outcome'
              FROM idempotency_keys WHERE outcome IS NULL AND replays >= 0
        """),
        examined_sql=Sql("SELECT count(*) FROM idempotency_keys"),
    ),
    Check(
        code="O2a",
        area="workflow",
        title="A purchase and its orders are in states that go together, and so is what the orders say of their payment",
        sql=Sql("""
            SELECT 'purchase ' || p.number AS key,
                   format('purchase is %s, order %s is %s and %s', p.state, o.number, o.state, o.payment_status) AS detail
              FROM purchases p JOIN orders o ON o.purchase_id = p.id
             WHERE NOT (o.state = p.state OR (p.state = 'placed' AND o.state = 'closed')
                        OR (p.state IN ('placed', 'closed') AND o.state = 'cancelled'
                            AND (o.refunded = o.total
                                 OR EXISTS (SELECT FROM refunds f WHERE f.order_id = o.id AND f.reversals > 0))))
                OR (o.paid, o.authorized) IS DISTINCT FROM (p.paid_at IS NOT NULL, p.authorized_at IS NOT NULL)
                OR (o.state = 'pending_payment' AND o.payment_status <> 'unpaid')
                OR (o.state IN ('placed', 'closed')
                    AND o.payment_status <> CASE WHEN p.paid_at IS NULL THEN 'authorized'
                                                 WHEN o.refunded = 0 THEN 'paid'
                                                 WHEN o.refunded = o.total THEN 'refunded'
                                                 ELSE 'partially_refunded' END)
                OR (o.state = 'cancelled' AND o.payment_status = 'authorized')
            UNION ALL
            SELECT 'purchase ' || p.number,
                   format('order %s is cancelled and %s, refunds that succeeded: %s', o.number, o.payment_status,
                          coalesce(r.refunds, 0))
              FROM orders o
              JOIN purchases p ON p.id = o.purchase_id
              LEFT JOIN (SELECT purchase_id, count(*) AS refunds FROM refunds
                          WHERE state = 'succeeded' GROUP BY purchase_id) r ON r.purchase_id = o.purchase_id
             WHERE o.state = 'cancelled'
               AND ((o.payment_status = 'refunded' AND r.refunds IS NULL)
                    OR (o.payment_status = 'unpaid' AND r.refunds IS NOT NULL))
            UNION ALL
            SELECT 'purchase ' || p.number, 'purchase is placed, yet all its orders are closed or cancelled'
              FROM purchases p
             WHERE p.state = 'placed'
               AND NOT EXISTS (SELECT FROM orders o WHERE o.purchase_id = p.id AND o.state = 'placed')
        """),
        examined_sql=ORDERS,
    ),
    Check(
        code="O2b",
        area="workflow",
        title="Every purchase told that it was placed, and every cancelled one that it was cancelled",
        sql=Sql(f"""
            SELECT 'purchase ' || p.number AS key, 'no event {PurchasePlaced.__name__}' AS detail
              FROM purchases p
             WHERE NOT EXISTS (SELECT FROM events e WHERE e.kind = '{PurchasePlaced.__name__}' AND e.subject_id = p.id)
            UNION ALL
            SELECT 'purchase ' || p.number, 'cancelled, no event {PurchaseCancelled.__name__}'
              FROM purchases p
             WHERE p.state = 'cancelled'
               AND NOT EXISTS (SELECT FROM events e WHERE e.kind = '{PurchaseCancelled.__name__}' AND e.subject_id = p.id)
        """),
        examined_sql=PURCHASES,
    ),
    Check(
        code="O2c",
        area="workflow",
        title="Every payment, refund, paid or closed order and parcel on its way told so",
        sql=Sql(f"""
            WITH told AS (
                SELECT kind, subject_id,
                       CASE WHEN kind = '{PaymentCaptured.__name__}' THEN data->>'payment_id'
                            WHEN kind IN ('{RefundApproved.__name__}', '{RefundSucceeded.__name__}') THEN data->>'refund_id'
                            WHEN kind IN ('{OrderPaid.__name__}', '{OrderClosed.__name__}') THEN data->>'order_id'
                            ELSE data->>'fulfilment_id' END AS id
                  FROM events
                 WHERE kind IN ('{OrderPaid.__name__}', '{OrderClosed.__name__}', '{PaymentCaptured.__name__}',
                                '{RefundApproved.__name__}', '{RefundSucceeded.__name__}',
                                '{ParcelShipped.__name__}', '{ParcelDelivered.__name__}', '{ParcelReceived.__name__}')
            ), expected AS (
                SELECT '{OrderPaid.__name__}' AS kind, purchase_id, id, 'order ' || number AS key
                  FROM orders WHERE state IN ('placed', 'closed') AND payment_status <> 'authorized'
                UNION ALL
                SELECT '{OrderClosed.__name__}', purchase_id, id, 'order ' || number FROM orders WHERE state = 'closed'
                UNION ALL
                SELECT '{PaymentCaptured.__name__}', purchase_id, id, 'payment ' || number FROM payments WHERE state = 'captured'
                UNION ALL
                SELECT '{RefundApproved.__name__}', purchase_id, id, 'refund ' || number
                  FROM refunds WHERE state NOT IN ('requested', 'rejected')
                UNION ALL
                SELECT '{RefundSucceeded.__name__}', purchase_id, id, 'refund ' || number FROM refunds WHERE state = 'succeeded'
                UNION ALL
                SELECT s.kind, f.purchase_id, f.id, 'parcel ' || f.id
                  FROM fulfilments f
                  JOIN (VALUES ('{ParcelShipped.__name__}', 1), ('{ParcelDelivered.__name__}', 2), ('{ParcelReceived.__name__}', 3)) s (kind, step)
                    ON s.step <= CASE f.state WHEN 'shipped' THEN 1 WHEN 'delivered' THEN 2 WHEN 'received' THEN 3 ELSE 0 END
            )
            SELECT x.key, format('no event %s', x.kind) AS detail
              FROM expected x
              LEFT JOIN told t ON t.kind = x.kind AND t.subject_id = x.purchase_id AND t.id = x.id::text
             WHERE t.kind IS NULL
        """),
        examined_sql=EVENTS,
    ),
    Check(
        code="O2d",
        area="workflow",
        title="Nothing is told of an order or a payment that did not happen",
        sql=Sql(f"""
            SELECT 'event ' || e.kind || ' ' || e.id AS key,
                   CASE WHEN o.id IS NULL THEN 'no such order' ELSE format('order %s is %s', o.number, o.state) END AS detail
              FROM events e
              LEFT JOIN orders o ON o.id::text = e.data->>'order_id' AND o.purchase_id = e.subject_id
             WHERE e.kind IN ('{OrderPaid.__name__}', '{OrderClosed.__name__}')
               AND (o.id IS NULL
                    OR o.state NOT IN ('placed', 'closed', 'cancelled')
                    OR (o.state = 'cancelled' AND o.payment_status = 'unpaid')
                    OR (e.kind = '{OrderClosed.__name__}' AND o.state <> 'closed'))
            UNION ALL
            SELECT 'event ' || e.kind || ' ' || e.id,
                   CASE WHEN p.id IS NULL THEN 'no such payment' ELSE format('payment %s is %s', p.number, p.state) END
              FROM events e
              LEFT JOIN payments p ON p.id::text = e.data->>'payment_id' AND p.purchase_id = e.subject_id
             WHERE e.kind = '{PaymentCaptured.__name__}' AND p.state IS DISTINCT FROM 'captured'
        """),
        examined_sql=EVENTS,
    ),
    Check(
        code="O3",
        area="workflow",
        title="Every number of a purchase, order, payment and refund is its own",
        sql=Sql("""
            SELECT 'purchase number ' || number AS key, format('%s purchases carry it', count(*)) AS detail
              FROM purchases GROUP BY number HAVING count(*) > 1
            UNION ALL
            SELECT 'order number ' || number, format('%s orders carry it', count(*))
              FROM orders GROUP BY number HAVING count(*) > 1
            UNION ALL
            SELECT 'payment number ' || number, format('%s payments carry it', count(*))
              FROM payments GROUP BY number HAVING count(*) > 1
            UNION ALL
            SELECT 'refund number ' || number, format('%s refunds carry it', count(*))
              FROM refunds GROUP BY number HAVING count(*) > 1
            UNION ALL
            SELECT 'order number ' || o.number, format('its purchase is %s', p.number)
              FROM orders o JOIN purchases p ON p.id = o.purchase_id
             WHERE split_part(o.number, '-', 1) <> p.number
        """),
        examined_sql=ORDERS,
    ),
    Check(
        code="O4",
        area="workflow",
        title="A completed cart and its purchase name each other and belong to the same buyer",
        sql=Sql("""
            SELECT 'cart ' || c.id AS key,
                   format('%s, names purchase %s, is named by purchase %s', c.state, coalesce(c.purchase_id::text, 'none'),
                          coalesce(p.id::text, 'none')) AS detail
              FROM carts c LEFT JOIN purchases p ON p.cart_id = c.id
             WHERE (c.state = 'completed' OR c.purchase_id IS NOT NULL OR p.id IS NOT NULL)
               AND (c.state <> 'completed' OR c.purchase_id IS DISTINCT FROM p.id
                    OR (c.account_id, c.person_id, c.token_hash) IS DISTINCT FROM (p.account_id, p.person_id, p.access_hash))
            UNION ALL
            SELECT 'purchase ' || p.number, format('cart %s is not there', p.cart_id)
              FROM purchases p LEFT JOIN carts c ON c.id = p.cart_id WHERE c.id IS NULL
            UNION ALL
            SELECT 'cart ' || cart_id, format('%s purchases name it', count(*))
              FROM purchases GROUP BY cart_id HAVING count(*) > 1
        """),
        examined_sql=Sql("SELECT count(*) FROM carts"),
    ),
    Check(
        code="O5",
        area="workflow",
        title="Every payment notice is kept once, is of a payment, and was applied within ten minutes",
        needs=("now",),
        sql=Sql("""
            SELECT 'notice ' || notice_id || ' of ' || provider AS key, format('kept %s times', count(*)) AS detail
              FROM provider_notices GROUP BY provider, notice_id HAVING count(*) > 1
            UNION ALL
            SELECT 'notice ' || n.notice_id || ' of ' || n.provider, format('payment %s is not there', n.number)
              FROM provider_notices n LEFT JOIN payments p ON p.number = n.number AND p.provider = n.provider
             WHERE p.id IS NULL AND n.outcome IS DISTINCT FROM 'unknown_number'
            UNION ALL
            SELECT 'notice ' || notice_id || ' of ' || provider, format('came at %s, not applied', received_at)
              FROM provider_notices
             WHERE applied_at IS NULL AND received_at < $1::timestamptz - interval '10 minutes'
        """),
        examined_sql=Sql("SELECT count(*) FROM provider_notices"),
    ),
    Check(
        code="O6",
        area="workflow",
        title="No handler leaves an event undelivered for fifteen minutes",
        needs=("now", "handlers"),
        sql=Sql("""
            SELECT 'handler ' || c.handler AS key,
                   format('event %s %s of %s not delivered, %s failures', e.kind, e.id, e.created_at, c.failures) AS detail
              FROM subscription_cursors c
              JOIN LATERAL (SELECT e.kind, e.id, e.created_at FROM events e
                             WHERE (e.xid, e.id) > (c.xid, c.event_id) ORDER BY e.xid, e.id LIMIT 1) e ON true
             WHERE c.handler = ANY ($2::text[]) AND e.created_at < $1::timestamptz - interval '15 minutes'
        """),
        examined_sql=Sql("SELECT count(*) FROM subscription_cursors"),
    ),
    Check(
        code="O7",
        area="workflow",
        title="No delivery is parked: every handler has dealt with every event",
        sql=Sql("""
            SELECT 'event ' || event_id || ' for ' || handler AS key, format('parked at %s: %s', parked_at, left(error, 200)) AS detail
              FROM parked_deliveries WHERE resolved_at IS NULL
        """),
        examined_sql=Sql("SELECT count(*) FROM parked_deliveries"),
    ),
    Check(
        code="O8",
        area="workflow",
        title="No started payment is in doubt a day after its purchase's deadline",
        needs=("now",),
        sql=Sql("""
            SELECT 'payment ' || y.number AS key,
                   format('deadline %s, last asked %s', p.expires_at, coalesce(y.asked_at::text, 'never')) AS detail
              FROM payments y JOIN purchases p ON p.id = y.purchase_id
             WHERE y.state = 'action_required' AND p.expires_at < $1::timestamptz - interval '1 day'
        """),
        examined_sql=Sql("SELECT count(*) FROM payments WHERE state = 'action_required'"),
    ),
    Check(
        code="O9",
        area="workflow",
        title="A cancelled purchase has no payment that could still be started",
        sql=Sql("""
            SELECT 'payment ' || y.number AS key, format('%s, purchase %s is %s', y.state, p.number, p.state) AS detail
              FROM payments y JOIN purchases p ON p.id = y.purchase_id
             WHERE y.state = 'created' AND p.state = 'cancelled'
        """),
        examined_sql=Sql("SELECT count(*) FROM payments"),
    ),
    Check(
        code="O10",
        area="workflow",
        title="Every line was sold at a price the variant had",
        sql=Sql("""
            SELECT 'order ' || o.number || ' line ' || l.id AS key,
                   format('sold at %s by price version %s, which is %s', l.unit_price, l.price_version,
                          coalesce(v.amount::text, 'not there')) AS detail
              FROM order_lines l
              JOIN orders o ON o.id = l.order_id
              LEFT JOIN price_versions v
                ON v.variant_id = l.variant_id AND v.currency = o.currency AND v.version = l.price_version
             WHERE v.amount IS DISTINCT FROM l.unit_price
        """),
        examined_sql=LINES,
    ),
    Check(
        code="O11",
        area="workflow",
        title="Every price is the newest of its versions",
        sql=Sql("""
            SELECT 'price of ' || p.variant_id || ' in ' || p.currency AS key,
                   format('%s at version %s; the newest is %s at version %s', p.amount, p.version,
                          coalesce(v.amount::text, 'not there'), coalesce(v.version::text, 'none')) AS detail
              FROM prices p
              LEFT JOIN (SELECT DISTINCT ON (variant_id, currency) variant_id, currency, version, amount
                           FROM price_versions ORDER BY variant_id, currency, version DESC) v
                ON v.variant_id = p.variant_id AND v.currency = p.currency
             WHERE (v.amount, v.version) IS DISTINCT FROM (p.amount, p.version)
        """),
        examined_sql=Sql("SELECT count(*) FROM prices"),
    ),
    Check(
        code="O12",
        area="workflow",
        title="What an order says of its delivery follows from its lines and parcels",
        sql=Sql("""
            SELECT 'order ' || o.number AS key,
                   format('%s; of %s units to leave shipped %s, received %s', o.fulfilment_status, l.quantity, l.shipped, l.received)
                       AS detail
              FROM orders o
              JOIN (SELECT order_id, sum(quantity + exchanged - cancelled) AS quantity, sum(shipped) AS shipped, sum(received) AS received
                      FROM order_lines GROUP BY order_id) l ON l.order_id = o.id
             WHERE o.fulfilment_status <> ALL (
                       CASE WHEN l.shipped = 0 THEN ARRAY['unfulfilled']
                            WHEN l.shipped < l.quantity THEN ARRAY['partial']
                            WHEN l.received = l.quantity THEN ARRAY['received']
                            WHEN o.state = 'cancelled' THEN ARRAY['shipped', 'delivered']
                            WHEN EXISTS (SELECT FROM fulfilments f WHERE f.order_id = o.id AND f.state = 'shipped')
                                THEN ARRAY['shipped']
                            ELSE ARRAY['delivered'] END)
                OR (o.fulfilment_status = 'received') <> (o.received_at IS NOT NULL)
        """),
        examined_sql=ORDERS,
    ),
    Check(
        code="O13",
        area="workflow",
        title="Only orders paid or authorized are shipped, every parcel has its own seller's goods, and only received orders are closed",
        sql=Sql("""
            SELECT 'parcel ' || f.id AS key,
                   format('%s, order %s is %s and %s', f.state, o.number, o.state, o.payment_status) AS detail
              FROM fulfilments f JOIN orders o ON o.id = f.order_id
             WHERE f.state NOT IN ('cancelled', 'returned')
               AND (o.state = 'pending_payment' OR o.payment_status = 'unpaid')
            UNION ALL
            SELECT 'parcel ' || f.id, format('came back, order %s is %s', o.number, o.state)
              FROM fulfilments f JOIN orders o ON o.id = f.order_id JOIN purchases p ON p.id = o.purchase_id
             WHERE f.state = 'returned' AND p.cancel_reason IS DISTINCT FROM 'undelivered'
            UNION ALL
            SELECT 'parcel ' || f.id, 'is empty'
              FROM fulfilments f
             WHERE NOT EXISTS (SELECT FROM fulfilment_lines l WHERE l.fulfilment_id = f.id)
            UNION ALL
            SELECT 'parcel ' || f.id, format('of order %s, holds line %s of another', f.order_id, l.id)
              FROM fulfilments f
              JOIN fulfilment_lines fl ON fl.fulfilment_id = f.id
              JOIN order_lines l ON l.id = fl.order_line_id
             WHERE l.order_id <> f.order_id
            UNION ALL
            SELECT 'order ' || number, format('closed, but %s', fulfilment_status)
              FROM orders WHERE state = 'closed' AND fulfilment_status <> 'received'
        """),
        examined_sql=PARCELS,
    ),
)
