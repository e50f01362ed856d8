-- Each kind of notification is a handler of its own, named after the kind. It goes on where the handler was that told of it.

CREATE TEMPORARY TABLE renamed (old text, new text) ON COMMIT DROP;
INSERT INTO renamed VALUES
    ('notifications.tell_seller_paid', 'notifications.order_paid'),
    ('notifications.tell_seller_authorized', 'notifications.order_authorized'),
    ('notifications.tell_seller_withdrawn', 'notifications.order_withdrawn'),
    ('notifications.tell_buyer_confirmed', 'notifications.payment_confirmed'),
    ('notifications.tell_buyer_shipped', 'notifications.parcel_shipped'),
    ('notifications.tell_return', 'notifications.return_for_buyer'),
    ('notifications.tell_return', 'notifications.return_for_seller'),
    ('notifications.tell_dispute', 'notifications.dispute_for_seller'),
    ('notifications.tell_dispute', 'notifications.dispute_for_staff');

INSERT INTO subscription_cursors (handler, xid, event_id, failures, retry_at)
SELECT r.new, c.xid, c.event_id, c.failures, c.retry_at FROM subscription_cursors c JOIN renamed r ON r.old = c.handler;
DELETE FROM subscription_cursors WHERE handler IN (SELECT old FROM renamed);

INSERT INTO parked_deliveries (handler, event_id, error, parked_at, resolved_at)
SELECT r.new, p.event_id, p.error, p.parked_at, p.resolved_at FROM parked_deliveries p JOIN renamed r ON r.old = p.handler;
DELETE FROM parked_deliveries WHERE handler IN (SELECT old FROM renamed);
