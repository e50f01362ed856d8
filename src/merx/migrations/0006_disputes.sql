-- Disputes of card holders, and refunds that come back after they succeeded.

-- ---------------------------------------------------------------- ledger

ALTER TABLE transfers DROP CONSTRAINT IF EXISTS transfers_debit_kind_check;
ALTER TABLE transfers DROP CONSTRAINT IF EXISTS transfers_credit_kind_check;
ALTER TABLE transfers
    ADD CONSTRAINT transfers_debit_kind_check CHECK (debit_kind IN
        ('customer_receivable', 'provider_clearing', 'provider_fees', 'provider_balance', 'provider_difference',
         'disputes', 'seller_pending', 'seller_available', 'commission', 'tax', 'shipping')),
    ADD CONSTRAINT transfers_credit_kind_check CHECK (credit_kind IN
        ('customer_receivable', 'provider_clearing', 'provider_fees', 'provider_balance', 'provider_difference',
         'disputes', 'seller_pending', 'seller_available', 'commission', 'tax', 'shipping'));

-- ---------------------------------------------------------------- payments

ALTER TABLE payments
    ADD COLUMN disputed bigint NOT NULL DEFAULT 0,           -- withdrawn from us, and therefore not refundable
    DROP CONSTRAINT payments_never_overrefunded,
    ADD CONSTRAINT payments_never_overrefunded CHECK
        (refunded >= 0 AND disputed >= 0 AND refunded + disputed <= captured);

ALTER TABLE payment_events DROP CONSTRAINT payment_events_kind_check;
ALTER TABLE payment_events ADD CONSTRAINT payment_events_kind_check CHECK
    (kind IN ('authorized', 'captured', 'closed', 'voided', 'refunded', 'refund_failed'));

CREATE TABLE disputes (                        -- the holder of a card objects to a payment
    id            uuid PRIMARY KEY,
    payment_id    uuid NOT NULL REFERENCES payments,
    purchase_id   uuid NOT NULL REFERENCES purchases,
    provider      text NOT NULL,
    reference     text NOT NULL CHECK (length(reference) BETWEEN 1 AND 128),   -- its name at the provider
    state         text NOT NULL CHECK (state IN
                      ('inquiry', 'needs_response', 'under_review', 'won', 'lost', 'closed')),
    reason        text NOT NULL CHECK (length(reason) <= 200),
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount        bigint NOT NULL CHECK (amount > 0),
    url           text NOT NULL,               -- where evidence is handed in
    due_at        timestamptz,                 -- until when
    opened_at     timestamptz NOT NULL,
    closed_at     timestamptz,
    created_at    timestamptz NOT NULL,
    UNIQUE (provider, reference),
    CHECK ((state IN ('won', 'lost', 'closed')) = (closed_at IS NOT NULL))
);
CREATE INDEX disputes_payment ON disputes (payment_id);
CREATE INDEX disputes_state ON disputes (state, id);

CREATE TABLE dispute_moves (                   -- each time the provider took money or gave it back
    dispute_id    uuid NOT NULL REFERENCES disputes,
    reference     text NOT NULL CHECK (length(reference) BETWEEN 1 AND 100),   -- the provider's own number of it
    purchase_id   uuid NOT NULL,
    amount        bigint NOT NULL CHECK (amount <> 0),       -- negative: it came back
    fee           bigint NOT NULL,
    fee_currency  text NOT NULL CHECK (fee_currency ~ '^[A-Z]{3}$'),
    occurred_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL,
    borne         boolean NOT NULL DEFAULT false,            -- the dispute is lost, and the sellers bear this
    PRIMARY KEY (dispute_id, reference)
);

-- ---------------------------------------------------------------- refunds

ALTER TABLE refunds
    ADD COLUMN reversals integer NOT NULL DEFAULT 0 CHECK (reversals >= 0),    -- how often it failed after it succeeded
    ADD COLUMN doubted_at timestamptz;                       -- said to have failed: ask the provider, then
CREATE INDEX refunds_doubted ON refunds (doubted_at) WHERE doubted_at IS NOT NULL;
CREATE INDEX refunds_failed ON refunds (id) WHERE state = 'failed';

-- ---------------------------------------------------------------- privileges of the application role

GRANT SELECT, INSERT, UPDATE ON disputes, dispute_moves TO merx_app;
