"""Damage to the states of purchases, orders and parcels."""

from tests.verify.damage.core import LATER, LONG_AGO, PLACED, WAITING, Damage, parcel

AT_CASHIER = """(SELECT p.id FROM purchases p JOIN payments y ON y.purchase_id = p.id
                  WHERE p.state = 'pending_payment' AND y.state = 'action_required')"""


DAMAGES = (
    Damage("O1", "a key names a purchase that is not there", f"""
        WITH hit AS (
            UPDATE idempotency_keys SET outcome = jsonb_set(outcome, '{{purchase_id}}', to_jsonb(gen_random_uuid()))
             WHERE outcome->>'purchase_id' = {WAITING}::text RETURNING key, scope, outcome->>'number' AS number)
        SELECT 'idempotency key ' || key || ' of ' || scope FROM hit UNION ALL SELECT 'purchase ' || number FROM hit"""),
    Damage("O1", "a key tells another total", f"""
        UPDATE idempotency_keys SET outcome = jsonb_set(outcome, '{{total}}', '1')
         WHERE outcome->>'purchase_id' = {WAITING}::text RETURNING 'idempotency key ' || key || ' of ' || scope"""),
    Damage("O1", "a key has lost its outcome", """
        UPDATE idempotency_keys SET outcome = NULL WHERE outcome->>'outcome' = 'refused'
        RETURNING 'idempotency key ' || key || ' of ' || scope"""),
    Damage("O2a", "a paid order says that it is not", f"""
        UPDATE orders o SET paid = false FROM purchases p WHERE p.id = o.purchase_id AND o.id = {PLACED}
        RETURNING 'purchase ' || p.number"""),
    Damage("O2a", "an order says that it was placed on an authorization that nobody gave", f"""
        UPDATE orders o SET authorized = true FROM purchases p WHERE p.id = o.purchase_id AND o.id = {PLACED}
        RETURNING 'purchase ' || p.number"""),
    Damage("O2a", "a purchase stays open when all its orders are closed", """
        UPDATE purchases SET state = 'placed' WHERE state = 'closed' RETURNING 'purchase ' || number"""),
    Damage("O2a", "an unpaid, cancelled order says its money went back", """
        UPDATE orders o SET late_refunded = true FROM purchases p
         WHERE p.id = o.purchase_id
           AND o.id = (SELECT id FROM orders WHERE state = 'cancelled' AND payment_status = 'unpaid' ORDER BY id LIMIT 1)
        RETURNING 'purchase ' || p.number"""),
    Damage("O2b", "nobody was told of a purchase", f"""
        DELETE FROM events e USING purchases p WHERE e.subject_id = p.id AND e.kind = 'PurchasePlaced' AND p.id = {WAITING}
        RETURNING 'purchase ' || p.number"""),
    Damage("O2b", "nobody was told of a cancellation", """
        DELETE FROM events e USING purchases p
         WHERE e.subject_id = p.id AND e.kind = 'PurchaseCancelled'
           AND p.id = (SELECT id FROM purchases WHERE state = 'cancelled' ORDER BY id LIMIT 1)
        RETURNING 'purchase ' || p.number"""),
    Damage("O2c", "nobody was told of captured money", """
        DELETE FROM events e USING payments p
         WHERE e.kind = 'PaymentCaptured' AND e.data->>'payment_id' = p.id::text
           AND p.id = (SELECT id FROM payments WHERE state = 'captured' ORDER BY id LIMIT 1)
        RETURNING 'payment ' || p.number"""),
    Damage("O2c", "nobody was told that an order was closed", """
        DELETE FROM events WHERE kind = 'OrderClosed' RETURNING 'order ' || (data->>'order_number')"""),
    Damage("O2c", "nobody was told of a refund", """
        DELETE FROM events e USING refunds r WHERE e.kind = 'RefundSucceeded' AND e.data->>'refund_id' = r.id::text
        RETURNING 'refund ' || r.number"""),
    Damage("O2c", "nobody was told that a parcel was received", """
        DELETE FROM events WHERE kind = 'ParcelReceived' RETURNING 'parcel ' || (data->>'fulfilment_id')"""),
    Damage("O2d", "an unpaid order is told to be paid", f"""
        INSERT INTO events (id, kind, subject_id, data, created_at)
        SELECT gen_random_uuid(), 'OrderPaid', purchase_id, jsonb_build_object('order_id', id), {LATER}
          FROM orders WHERE purchase_id = {WAITING} RETURNING 'event OrderPaid ' || id"""),
    Damage("O2d", "a payment that is not there is told to be captured", f"""
        INSERT INTO events (id, kind, subject_id, data, created_at)
        VALUES (gen_random_uuid(), 'PaymentCaptured', {WAITING}, '{{}}', {LATER}) RETURNING 'event PaymentCaptured ' || id"""),
    Damage("O3", "two payments carry one number", f"""
        UPDATE payments SET number = (SELECT number FROM payments WHERE purchase_id = {AT_CASHIER})
         WHERE purchase_id = {WAITING} RETURNING 'payment number ' || number""",
        before=("ALTER TABLE payments DROP CONSTRAINT payments_number_key",)),
    Damage("O3", "an order does not carry its purchase's number", f"""
        UPDATE orders SET number = '261121AAAAAAAAAA-1' WHERE purchase_id = {WAITING} RETURNING 'order number ' || number"""),
    Damage("O4", "a cart names another purchase", f"""
        UPDATE carts SET purchase_id = gen_random_uuid() WHERE purchase_id = {WAITING} RETURNING 'cart ' || id"""),
    Damage("O4", "a purchase belongs to another buyer than its cart", f"""
        UPDATE carts SET token_hash = sha256('another') WHERE purchase_id = {WAITING} RETURNING 'cart ' || id"""),
    Damage("O4", "the cart of a purchase is gone", f"""
        DELETE FROM carts c USING purchases p WHERE p.cart_id = c.id AND p.id = {WAITING} RETURNING 'purchase ' || p.number"""),
    Damage("O5", "a notice was left alone", f"""
        UPDATE provider_notices SET applied_at = NULL, received_at = {LONG_AGO}
         WHERE notice_id = (SELECT min(notice_id) FROM provider_notices) RETURNING 'notice ' || notice_id || ' of ' || provider"""),
    Damage("O5", "a notice is kept twice", """
        INSERT INTO provider_notices SELECT * FROM provider_notices
         WHERE notice_id = (SELECT min(notice_id) FROM provider_notices) RETURNING 'notice ' || notice_id || ' of ' || provider""",
        before=("ALTER TABLE provider_notices DROP CONSTRAINT provider_notices_pkey",)),
    Damage("O5", "a notice is of no payment of ours", """
        UPDATE provider_notices SET number = 'STRANGE'
         WHERE notice_id = (SELECT min(notice_id) FROM provider_notices) RETURNING 'notice ' || notice_id || ' of ' || provider"""),
    Damage("O6", "a handler stopped at the beginning", """
        UPDATE subscription_cursors SET xid = '0', event_id = '00000000-0000-0000-0000-000000000000'
         WHERE handler = 'notifications.order_paid' RETURNING 'handler ' || handler"""),
    Damage("O7", "a delivery was parked", """
        INSERT INTO parked_deliveries (handler, event_id, error, parked_at)
        SELECT 'notifications.order_paid', id, 'Broken()', created_at FROM events ORDER BY id LIMIT 1
        RETURNING 'event ' || event_id || ' for ' || handler"""),
    Damage("O8", "a payment stayed in doubt", f"""
        UPDATE purchases p SET expires_at = {LONG_AGO} FROM payments y WHERE y.purchase_id = p.id AND p.id = {AT_CASHIER}
        RETURNING 'payment ' || y.number"""),
    Damage("O9", "a cancelled purchase can still be paid", """
        UPDATE payments SET state = 'created' WHERE id = (SELECT id FROM payments WHERE state = 'expired' ORDER BY id LIMIT 1)
        RETURNING 'payment ' || number"""),
    Damage("O10", "a line was sold at a price that never was", """
        UPDATE order_lines l SET price_version = 99 FROM orders o
         WHERE o.id = l.order_id AND l.id = (SELECT id FROM order_lines ORDER BY id LIMIT 1)
        RETURNING 'order ' || o.number || ' line ' || l.id"""),
    Damage("O11", "a price is changed by hand", """
        UPDATE prices SET amount = amount + 1 WHERE currency = 'USD' AND variant_id = (SELECT id FROM variants WHERE sku = 'CUP')
        RETURNING 'price of ' || variant_id || ' in ' || currency"""),
    Damage("O12", "an order that nothing left says it is shipped", """
        UPDATE orders SET fulfilment_status = 'shipped'
         WHERE id = (SELECT id FROM orders WHERE fulfilment_status = 'unfulfilled' ORDER BY id LIMIT 1) RETURNING 'order ' || number"""),
    Damage("O12", "an order on its way says it is delivered", """
        UPDATE orders SET fulfilment_status = 'delivered' WHERE fulfilment_status = 'shipped' AND state = 'placed'
        RETURNING 'order ' || number"""),
    Damage("O12", "a received order does not say when", """
        UPDATE orders SET received_at = NULL WHERE fulfilment_status = 'received' RETURNING 'order ' || number"""),
    Damage("O13", "an unpaid order has a parcel", parcel(
        of=f"(SELECT id FROM orders WHERE purchase_id = {WAITING})",
        line=f"(SELECT id FROM order_lines WHERE purchase_id = {WAITING})")),
    Damage("O13", "a parcel is empty", parcel(of=PLACED, line=None)),
    Damage("O13", "a parcel holds another order's goods", parcel(
        of=PLACED, line=f"(SELECT id FROM order_lines WHERE purchase_id = {WAITING})")),
    Damage("O13", "an order is closed that was not received", """
        UPDATE orders SET fulfilment_status = 'delivered' WHERE state = 'closed' RETURNING 'order ' || number""",
        also=frozenset({"O12"})),
)  # fmt: skip
