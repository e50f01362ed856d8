-- Exchange: units a buyer sends back are replaced by others of the same product, and nothing is paid.

-- ---------------------------------------------------------------- sellers

ALTER TABLE sellers ADD COLUMN return_address text CHECK (length(return_address) BETWEEN 1 AND 500); -- where goods go back to

-- ---------------------------------------------------------------- inventory

ALTER TABLE holds ADD COLUMN return_id uuid;   -- the exchange it is set aside for; NULL: the purchase itself

-- ---------------------------------------------------------------- orders
-- A line never forgets what left and came back: a replacement adds to what is to leave. Units still with the buyer or
-- still owed to them are quantity + exchanged - withheld - returned.

ALTER TABLE order_lines
    ADD COLUMN exchanged integer NOT NULL DEFAULT 0,         -- of those returned: to be replaced, so as many more may leave
    DROP CONSTRAINT order_lines_never_overshipped,
    DROP CONSTRAINT order_lines_never_overreturned,
    ADD CONSTRAINT order_lines_never_overshipped CHECK
        (shipped BETWEEN 0 AND quantity + exchanged AND received BETWEEN 0 AND shipped),
    ADD CONSTRAINT order_lines_never_overreturned CHECK
        (withheld >= 0 AND shipped + withheld <= quantity + exchanged AND cancelled BETWEEN 0 AND withheld
         AND returned BETWEEN 0 AND shipped AND exchanged BETWEEN 0 AND returned
         AND refunded_quantity BETWEEN cancelled AND withheld + returned - exchanged);

CREATE TABLE replacements (                    -- what an order owes for units that were exchanged
    return_id     uuid NOT NULL,               -- the case
    order_line_id uuid NOT NULL REFERENCES order_lines,
    order_id      uuid NOT NULL,
    purchase_id   uuid NOT NULL,
    variant_id    uuid NOT NULL,
    sku           text NOT NULL,
    label         jsonb NOT NULL,              -- as it was when it was asked for
    quantity      integer NOT NULL CHECK (quantity > 0),
    shipped       integer NOT NULL DEFAULT 0,
    cancelled     integer NOT NULL DEFAULT 0,  -- could not be delivered: refunded and written off
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (return_id, order_line_id),
    CONSTRAINT replacements_never_overshipped CHECK (shipped >= 0 AND cancelled >= 0 AND shipped + cancelled <= quantity)
);
CREATE INDEX replacements_order_line ON replacements (order_line_id);

-- ---------------------------------------------------------------- fulfilment

ALTER TABLE fulfilment_lines ADD COLUMN replacements jsonb NOT NULL DEFAULT '[]'
    CHECK (jsonb_typeof(replacements) = 'array');
                                               -- of its units: [{"variant_id","sku","label","quantity"}] instead of the line's own

-- ---------------------------------------------------------------- returns

ALTER TABLE returns
    DROP CONSTRAINT returns_kind_check,
    DROP CONSTRAINT returns_check4,
    DROP CONSTRAINT returns_check6,
    ADD CONSTRAINT returns_kind_check CHECK (kind IN ('refund_only', 'return_and_refund', 'exchange')),
    ADD CONSTRAINT returns_refund_check CHECK
        (state NOT IN ('inspected', 'settled') OR refund_id IS NOT NULL OR kind = 'exchange'),
    ADD CONSTRAINT returns_exchange_check CHECK
        (kind <> 'exchange' OR state <> 'inspected' OR (refund_id IS NULL) = (due_at IS NOT NULL)),
    ADD CONSTRAINT returns_at_rest_check CHECK
        (state NOT IN ('settled', 'rejected', 'withdrawn', 'escalated', 'inspected') OR due_at IS NULL
         OR (kind = 'exchange' AND state = 'inspected'));
UPDATE returns r SET account_id = p.account_id FROM purchases p
 WHERE p.id = r.purchase_id AND r.account_id IS DISTINCT FROM p.account_id AND p.account_id IS NOT NULL;
CREATE INDEX returns_account ON returns (account_id, id) WHERE account_id IS NOT NULL;

ALTER TABLE return_lines
    ADD COLUMN variant_id uuid,                -- what comes back: the line's own, or what an earlier exchange brought
    ADD COLUMN replacement_variant_id uuid,    -- exchange: what is wanted instead
    ADD COLUMN replacement_sku text,
    ADD COLUMN replacement_label jsonb,
    ADD CONSTRAINT return_lines_replacement_check CHECK
        ((replacement_variant_id IS NULL) = (replacement_sku IS NULL)
         AND (replacement_variant_id IS NULL) = (replacement_label IS NULL));
UPDATE return_lines r SET variant_id = l.variant_id FROM order_lines l WHERE l.id = r.order_line_id;
ALTER TABLE return_lines ALTER COLUMN variant_id SET NOT NULL;

-- ---------------------------------------------------------------- refunds

ALTER TABLE refunds
    DROP CONSTRAINT refunds_state_check,       -- nobody rejects a refund: a case is rejected before there is one
    ADD CONSTRAINT refunds_state_check CHECK (state IN ('requested', 'approved', 'submitted', 'succeeded', 'failed'));

-- ---------------------------------------------------------------- privileges of the application role

GRANT SELECT, INSERT, UPDATE ON replacements TO merx_app;
