-- Money that is promised before it is there: authorized payments, offline methods, what staff confirm.

-- ---------------------------------------------------------------- orders

ALTER TABLE purchases DROP CONSTRAINT purchases_cancel_reason_check;
ALTER TABLE purchases ADD CONSTRAINT purchases_cancel_reason_check CHECK
    (cancel_reason IN ('buyer', 'expired', 'refunded', 'staff', 'undelivered'));
ALTER TABLE purchases ADD COLUMN authorized_at timestamptz;  -- served on a promise; paid_at is when its money was there
ALTER TABLE purchases DROP CONSTRAINT purchases_check3;
ALTER TABLE purchases ADD CONSTRAINT purchases_served_check CHECK
    (state NOT IN ('placed', 'closed') OR paid_at IS NOT NULL OR authorized_at IS NOT NULL);

ALTER TABLE orders DROP CONSTRAINT orders_payment_status_check;
ALTER TABLE orders ADD CONSTRAINT orders_payment_status_check CHECK
    (payment_status IN ('unpaid', 'authorized', 'paid', 'partially_refunded', 'refunded'));

-- ---------------------------------------------------------------- payments

ALTER TABLE payments
    ADD COLUMN authorized_at timestamptz,
    ADD COLUMN capture_wanted_at timestamptz,    -- somebody asked for the money before the first parcel left
    ADD COLUMN capture_failure text,             -- the provider will not give it any more: staff's to solve
    ADD COLUMN release_at timestamptz,           -- no purchase uses the promise: to be given back to the payer
    ADD CONSTRAINT payments_authorized_check CHECK (state NOT IN ('authorized', 'voided') OR authorized_at IS NOT NULL),
    ADD CONSTRAINT payments_voided_check CHECK (state <> 'voided' OR release_at IS NOT NULL);
CREATE INDEX payments_authorized ON payments (asked_at NULLS FIRST) WHERE state = 'authorized';

ALTER TABLE payment_events DROP CONSTRAINT IF EXISTS payment_events_kind_check;
ALTER TABLE payment_events ADD CONSTRAINT payment_events_kind_check CHECK
    (kind IN ('authorized', 'captured', 'closed', 'voided', 'refunded'));
ALTER TABLE payment_events DROP CONSTRAINT IF EXISTS payment_events_source_check;
ALTER TABLE payment_events ADD CONSTRAINT payment_events_source_check CHECK
    (source IN ('notice', 'query', 'bill', 'staff', 'buyer'));

-- ---------------------------------------------------------------- fulfilment

ALTER TABLE fulfilments DROP CONSTRAINT fulfilments_state_check;
ALTER TABLE fulfilments ADD CONSTRAINT fulfilments_state_check CHECK
    (state IN ('planned', 'picked', 'shipped', 'delivered', 'received', 'returned', 'cancelled'));
ALTER TABLE fulfilment_lines                     -- of a parcel that came back: fit for sale, and on the shelf again
    ADD COLUMN restocked integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT fulfilment_lines_restocked_check CHECK (restocked BETWEEN 0 AND quantity);
