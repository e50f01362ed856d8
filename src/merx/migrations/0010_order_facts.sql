-- What an order says of its payment follows from facts by one expression, which is the database's:
--   paid           its money was captured
--   authorized     it was placed on an authorization
--   late_refunded  it was cancelled, and money that came too late went back
--   refunded       of its sale, given back by the provider

ALTER TABLE orders
    ADD COLUMN paid boolean NOT NULL DEFAULT false,
    ADD COLUMN authorized boolean NOT NULL DEFAULT false,
    ADD COLUMN late_refunded boolean NOT NULL DEFAULT false;

UPDATE orders o
   SET paid = p.paid_at IS NOT NULL,
       authorized = p.authorized_at IS NOT NULL,
       late_refunded = o.state = 'cancelled' AND p.paid_at IS NULL AND o.payment_status = 'refunded'
  FROM purchases p
 WHERE p.id = o.purchase_id
   AND (p.paid_at IS NOT NULL OR p.authorized_at IS NOT NULL OR o.payment_status = 'refunded');

ALTER TABLE orders DROP COLUMN payment_status;
ALTER TABLE orders ADD COLUMN payment_status text GENERATED ALWAYS AS (
    CASE WHEN paid AND refunded = 0 THEN 'paid'
         WHEN paid AND refunded = total THEN 'refunded'
         WHEN paid THEN 'partially_refunded'
         WHEN late_refunded THEN 'refunded'
         WHEN authorized AND state IN ('placed', 'closed') THEN 'authorized'
         ELSE 'unpaid'
    END) STORED;
ALTER TABLE orders ADD CONSTRAINT orders_late_refund_of_a_cancelled CHECK (NOT late_refunded OR state = 'cancelled');
