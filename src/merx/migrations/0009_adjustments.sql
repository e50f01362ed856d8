-- What changes a price besides the price itself: discounts today; surcharges, duties, points later. Rows, not columns.
-- The sums of the rows stand beside the amounts they change, so that each total is checked where it is stored:
--   adjusted   all adjustments together; the buyer pays goods + shipping + adjusted
--   funded     what the platform pays in the buyer's stead; tax is inside what the seller gets: paid + funded

ALTER TABLE purchases
    ADD COLUMN adjusted bigint NOT NULL DEFAULT 0,
    ADD COLUMN funded bigint NOT NULL DEFAULT 0 CHECK (funded >= 0),
    DROP CONSTRAINT purchases_check,
    DROP CONSTRAINT purchases_check1,
    ADD CONSTRAINT purchases_total_adds_up CHECK (total = goods + shipping + adjusted),
    ADD CONSTRAINT purchases_tax_is_inside CHECK (tax <= total + funded);

ALTER TABLE orders
    ADD COLUMN adjusted bigint NOT NULL DEFAULT 0,
    ADD COLUMN funded bigint NOT NULL DEFAULT 0 CHECK (funded >= 0),
    ADD COLUMN shipping_adjusted bigint NOT NULL DEFAULT 0,   -- of adjusted, what is on the delivery
    ADD COLUMN shipping_funded bigint NOT NULL DEFAULT 0 CHECK (shipping_funded BETWEEN 0 AND funded),
    DROP CONSTRAINT orders_check,
    DROP CONSTRAINT orders_check1,
    DROP CONSTRAINT orders_check2,
    DROP CONSTRAINT orders_never_overrefunded,
    ADD CONSTRAINT orders_total_adds_up CHECK (total = goods + shipping + adjusted),
    ADD CONSTRAINT orders_tax_is_inside CHECK (tax <= total + funded),
    ADD CONSTRAINT orders_shipping_is_paid CHECK (shipping + shipping_adjusted >= 0),
    ADD CONSTRAINT orders_shipping_tax_is_inside
        CHECK (shipping_tax BETWEEN 0 AND shipping + shipping_adjusted + shipping_funded),
    ADD CONSTRAINT orders_never_overrefunded CHECK
        (refunded BETWEEN 0 AND total AND shipping_refunded BETWEEN 0 AND shipping + shipping_adjusted);

ALTER TABLE order_lines
    ADD COLUMN adjusted bigint NOT NULL DEFAULT 0,
    ADD COLUMN funded bigint NOT NULL DEFAULT 0 CHECK (funded >= 0),
    DROP CONSTRAINT order_lines_check1,
    DROP CONSTRAINT order_lines_never_overrefunded,
    ADD CONSTRAINT order_lines_each_unit_is_paid CHECK (total + adjusted >= quantity),
    ADD CONSTRAINT order_lines_tax_is_inside CHECK (tax BETWEEN 0 AND total + adjusted + funded),
    ADD CONSTRAINT order_lines_never_overrefunded CHECK
        (refunded_amount BETWEEN 0 AND total + adjusted AND refunded_tax BETWEEN 0 AND tax);

CREATE TABLE order_adjustments (               -- append-only
    id             uuid PRIMARY KEY,
    purchase_id    uuid NOT NULL,
    order_id       uuid NOT NULL REFERENCES orders,
    order_line_id  uuid REFERENCES order_lines, -- NULL: on the order's delivery
    position       integer NOT NULL,           -- the order in which they were applied to the order
    kind           text NOT NULL CHECK (kind IN ('discount')),
    cause_id       uuid NOT NULL,              -- what granted it: the promotion
    name           jsonb NOT NULL CHECK (jsonb_typeof(name) = 'object'),   -- as it was called at the sale
    funder         text NOT NULL CHECK (funder IN ('seller', 'platform')),
    amount         bigint NOT NULL CHECK (amount <> 0 AND (kind <> 'discount' OR amount < 0)),
    tax            bigint NOT NULL,            -- by how much it changes the tax
    created_at     timestamptz NOT NULL,
    CHECK (abs(tax) <= abs(amount) AND (funder <> 'platform' OR tax = 0))
);
CREATE INDEX order_adjustments_order ON order_adjustments (order_id);
CREATE INDEX order_adjustments_cause ON order_adjustments (cause_id, created_at);

ALTER TABLE refunds
    ADD COLUMN shipping_funded bigint NOT NULL DEFAULT 0 CHECK (shipping_funded >= 0),  -- goes back to the platform
    DROP CONSTRAINT refunds_shipping_check,
    ADD CONSTRAINT refunds_shipping_check CHECK
        (shipping BETWEEN 0 AND amount AND shipping_tax BETWEEN 0 AND shipping + shipping_funded);
ALTER TABLE refund_lines
    ADD COLUMN funded bigint NOT NULL DEFAULT 0 CHECK (funded >= 0),
    DROP CONSTRAINT refund_lines_check,
    ADD CONSTRAINT refund_lines_tax_is_inside CHECK (tax BETWEEN 0 AND amount + funded);

-- 'promotions': what the platform has paid towards buyers' prices (the platform)
ALTER TABLE transfers
    DROP CONSTRAINT transfers_debit_kind_check,
    DROP CONSTRAINT transfers_credit_kind_check,
    ADD CONSTRAINT transfers_debit_kind_check CHECK (debit_kind IN
        ('customer_receivable', 'provider_clearing', 'provider_fees', 'provider_balance', 'provider_difference',
         'disputes', 'seller_pending', 'seller_available', 'commission', 'tax', 'shipping', 'promotions')),
    ADD CONSTRAINT transfers_credit_kind_check CHECK (credit_kind IN
        ('customer_receivable', 'provider_clearing', 'provider_fees', 'provider_balance', 'provider_difference',
         'disputes', 'seller_pending', 'seller_available', 'commission', 'tax', 'shipping', 'promotions'));

GRANT SELECT, INSERT ON order_adjustments TO merx_app;
