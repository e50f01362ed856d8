-- After-sales: refunds with their parts and attempts, return cases, stock that comes back, and the platform's staff.

-- ---------------------------------------------------------------- accounts, sellers

CREATE TABLE platform_staff (                  -- who decides when buyer or seller call the platform in
    account_id    uuid PRIMARY KEY REFERENCES accounts,
    created_at    timestamptz NOT NULL
);

ALTER TABLE sellers ADD COLUMN after_sales_days integer CHECK (after_sales_days BETWEEN 0 AND 365); -- NULL: the shop's

-- ---------------------------------------------------------------- inventory

ALTER TABLE movements DROP CONSTRAINT movements_kind_check;
ALTER TABLE movements ADD CONSTRAINT movements_kind_check CHECK (kind IN
    ('receive', 'adjust', 'hold', 'release', 'expire', 'sell', 'unsell', 'return'));
ALTER TABLE movements ADD CONSTRAINT movements_return_check CHECK
    (kind <> 'return' OR (received_delta = 0 AND held_delta = 0 AND sold_delta < 0));

CREATE TABLE stock_returns (                   -- append-only: sold units that are on the shelf again, by the hold that sold them
    id            uuid PRIMARY KEY,            -- cause of the movement
    hold_id       uuid NOT NULL,
    allotment_id  uuid NOT NULL,
    subject_id    uuid NOT NULL,
    purchase_id   uuid NOT NULL,
    order_line_id uuid NOT NULL,
    return_id     uuid NOT NULL,
    quantity      bigint NOT NULL CHECK (quantity > 0),
    created_at    timestamptz NOT NULL
);
CREATE INDEX stock_returns_hold ON stock_returns (hold_id);

-- ---------------------------------------------------------------- orders

ALTER TABLE orders DROP CONSTRAINT orders_payment_status_check;
ALTER TABLE orders ADD CONSTRAINT orders_payment_status_check CHECK
    (payment_status IN ('unpaid', 'paid', 'partially_refunded', 'refunded'));
ALTER TABLE orders
    ADD COLUMN refunded bigint NOT NULL DEFAULT 0,           -- of its sale, given back by the provider
    ADD COLUMN shipping_refunded bigint NOT NULL DEFAULT 0,  -- approved to go back
    ADD COLUMN open_returns integer NOT NULL DEFAULT 0 CHECK (open_returns >= 0),
    ADD CONSTRAINT orders_never_overrefunded CHECK
        (refunded BETWEEN 0 AND total AND shipping_refunded BETWEEN 0 AND shipping);

ALTER TABLE order_lines
    ADD COLUMN withheld integer NOT NULL DEFAULT 0,          -- not shipped and asked back: may not be shipped
    ADD COLUMN cancelled integer NOT NULL DEFAULT 0,         -- of these, refunded: will never be shipped
    ADD COLUMN returned integer NOT NULL DEFAULT 0,          -- shipped and asked back
    ADD COLUMN refunded_quantity integer NOT NULL DEFAULT 0, -- units whose refund was approved
    ADD COLUMN refunded_amount bigint NOT NULL DEFAULT 0,
    ADD COLUMN refunded_tax bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_lines_never_overreturned CHECK
        (withheld >= 0 AND shipped + withheld <= quantity AND cancelled BETWEEN 0 AND withheld
         AND returned BETWEEN 0 AND shipped AND refunded_quantity BETWEEN cancelled AND withheld + returned),
    ADD CONSTRAINT order_lines_never_overrefunded CHECK
        (refunded_amount BETWEEN 0 AND total AND refunded_tax BETWEEN 0 AND tax AND refunded_tax <= refunded_amount);

-- ---------------------------------------------------------------- refunds

ALTER TABLE refunds DROP CONSTRAINT refunds_reason_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_reason_check CHECK
    (reason IN ('late_payment', 'duplicate_payment', 'after_sales'));
ALTER TABLE refunds
    ADD COLUMN order_id uuid,                                -- whose sale it takes back; NULL: money no sale could use
    ADD COLUMN shipping bigint NOT NULL DEFAULT 0,           -- part of the amount
    ADD COLUMN shipping_tax bigint NOT NULL DEFAULT 0,       -- inside it
    ADD COLUMN failure text,                                 -- why the provider refused
    ADD COLUMN approved_at timestamptz,
    ADD COLUMN approved_by uuid,                             -- NULL: by a rule or a deadline
    ADD CONSTRAINT refunds_reason_order_check CHECK ((reason = 'after_sales') = (order_id IS NOT NULL)),
    ADD CONSTRAINT refunds_shipping_check CHECK
        (shipping BETWEEN 0 AND amount AND shipping_tax BETWEEN 0 AND shipping);
UPDATE refunds SET approved_at = created_at WHERE state NOT IN ('requested', 'rejected');
ALTER TABLE refunds ADD CONSTRAINT refunds_approved_check CHECK
    (state IN ('requested', 'rejected') OR approved_at IS NOT NULL);
CREATE INDEX refunds_order ON refunds (order_id) WHERE order_id IS NOT NULL;
DROP INDEX refunds_due;                        -- a failed refund that is tried again by hand is due, too
CREATE INDEX refunds_due ON refunds (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

CREATE TABLE refund_lines (                    -- append-only: which part of the sale goes back; lines and shipping make the amount
    refund_id     uuid NOT NULL REFERENCES refunds,
    order_line_id uuid NOT NULL REFERENCES order_lines,
    purchase_id   uuid NOT NULL,
    amount        bigint NOT NULL CHECK (amount > 0),
    tax           bigint NOT NULL CHECK (tax BETWEEN 0 AND amount),
    PRIMARY KEY (refund_id, order_line_id)
);
CREATE INDEX refund_lines_order_line ON refund_lines (order_line_id);

CREATE TABLE refund_attempts (                 -- each time a provider was asked to pay back, and what came of it
    refund_id     uuid NOT NULL REFERENCES refunds,
    attempt       integer NOT NULL CHECK (attempt > 0),
    purchase_id   uuid NOT NULL,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    outcome       text CHECK (outcome IN ('succeeded', 'processing', 'refused', 'unknown')),
    detail        text NOT NULL DEFAULT '',
    PRIMARY KEY (refund_id, attempt),
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
);

-- ---------------------------------------------------------------- returns

CREATE TABLE returns (                         -- an after-sales case of one order
    id            uuid PRIMARY KEY,
    purchase_id   uuid NOT NULL REFERENCES purchases,
    order_id      uuid NOT NULL REFERENCES orders,
    order_number  text NOT NULL,
    seller_id     uuid NOT NULL,
    account_id    uuid,                        -- NULL: a guest's
    kind          text NOT NULL CHECK (kind IN ('refund_only', 'return_and_refund')),
    state         text NOT NULL CHECK (state IN ('requested', 'proposed', 'escalated', 'approved', 'in_transit',
                                                 'inspected', 'settled', 'rejected', 'withdrawn')),
    reason        text NOT NULL CHECK (reason IN ('changed_mind', 'not_received', 'late', 'damaged', 'defective',
                                                  'not_as_described', 'wrong_item', 'missing_parts', 'other')),
    body          text NOT NULL CHECK (length(body) <= 2000),
    media_ids     uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(media_ids) <= 6),
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount        bigint NOT NULL CHECK (amount > 0),        -- what its units are worth
    proposed      bigint CHECK (proposed BETWEEN 1 AND amount),
    agreed        bigint CHECK (agreed BETWEEN 1 AND amount), -- less than the amount; NULL: all of it
    answer        text NOT NULL DEFAULT '' CHECK (length(answer) <= 2000), -- why it was rejected, proposed or decided so
    carrier       text,
    tracking_number text,
    sent_back_at  timestamptz,
    decided_by    uuid,                        -- the platform's staff: the last word
    refund_id     uuid UNIQUE REFERENCES refunds,
    due_at        timestamptz,                 -- somebody must act until then, or it goes on by itself
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    version       integer NOT NULL DEFAULT 1,
    CHECK ((carrier IS NULL) = (tracking_number IS NULL) AND (carrier IS NULL) = (sent_back_at IS NULL)),
    CHECK (state <> 'in_transit' OR sent_back_at IS NOT NULL),
    CHECK (state NOT IN ('inspected', 'settled') OR refund_id IS NOT NULL),
    CHECK (state NOT IN ('requested', 'proposed', 'in_transit') OR due_at IS NOT NULL),
    CHECK (state NOT IN ('settled', 'rejected', 'withdrawn', 'escalated', 'inspected') OR due_at IS NULL)
);
CREATE INDEX returns_order ON returns (order_id);
CREATE INDEX returns_seller ON returns (seller_id, id);
CREATE INDEX returns_due ON returns (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX returns_escalated ON returns (id) WHERE state = 'escalated';

CREATE TABLE return_lines (
    return_id     uuid NOT NULL REFERENCES returns,
    order_line_id uuid NOT NULL REFERENCES order_lines,
    purchase_id   uuid NOT NULL,
    quantity      integer NOT NULL CHECK (quantity > 0),
    unshipped     integer NOT NULL CHECK (unshipped BETWEEN 0 AND quantity),
    restocked     integer NOT NULL DEFAULT 0,
    written_off   integer NOT NULL DEFAULT 0,
    PRIMARY KEY (return_id, order_line_id),
    CHECK (restocked >= 0 AND written_off >= 0 AND restocked + written_off <= quantity - unshipped)
);
CREATE INDEX return_lines_order_line ON return_lines (order_line_id);

-- ---------------------------------------------------------------- privileges of the application role

GRANT SELECT, INSERT, UPDATE ON refund_attempts, returns, return_lines TO merx_app;
GRANT SELECT, INSERT ON stock_returns, refund_lines TO merx_app;
GRANT SELECT, INSERT, DELETE ON platform_staff TO merx_app;
