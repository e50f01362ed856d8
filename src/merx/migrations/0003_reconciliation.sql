-- Reconciliation: the providers' bills, row by row, and what in them differs from our books.

-- ---------------------------------------------------------------- payments, ledger

ALTER TABLE payment_events DROP CONSTRAINT payment_events_source_check;
ALTER TABLE payment_events ADD CONSTRAINT payment_events_source_check CHECK
    (source IN ('notice', 'query', 'bill', 'staff'));
CREATE INDEX payments_captured ON payments (provider, captured_at) WHERE captured_at IS NOT NULL;
CREATE INDEX refunds_settled ON refunds (settled_at) WHERE settled_at IS NOT NULL;

ALTER TABLE transfers DROP CONSTRAINT transfers_debit_kind_check, DROP CONSTRAINT transfers_credit_kind_check;
ALTER TABLE transfers
    ADD CONSTRAINT transfers_debit_kind_check CHECK (debit_kind IN
        ('customer_receivable', 'provider_clearing', 'provider_balance', 'provider_fees', 'provider_difference', 'disputes',
         'seller_pending', 'seller_available', 'commission', 'tax', 'shipping')),
    ADD CONSTRAINT transfers_credit_kind_check CHECK (credit_kind IN
        ('customer_receivable', 'provider_clearing', 'provider_balance', 'provider_fees', 'provider_difference', 'disputes',
         'seller_pending', 'seller_available', 'commission', 'tax', 'shipping'));

-- What disputes moved is found by the provider's number in its leg.
CREATE INDEX transfers_disputes ON transfers (leg) WHERE debit_kind = 'disputes' OR credit_kind = 'disputes';

-- ---------------------------------------------------------------- bills

CREATE TABLE bills (                           -- a provider's account of one of its days
    id             uuid PRIMARY KEY,
    provider       text NOT NULL,              -- whose bill: providers with one bill share it
    codes          text[] NOT NULL,            -- those providers
    day            date NOT NULL,
    starts_at      timestamptz NOT NULL,       -- of the day, where the provider is
    ends_at        timestamptz NOT NULL,
    state          text NOT NULL CHECK (state IN ('waiting', 'matched')),
    attempts       integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    failing_since  timestamptz,
    failure        text NOT NULL DEFAULT '',   -- why the last attempt brought nothing
    rows_read      integer NOT NULL DEFAULT 0,
    totals         jsonb NOT NULL DEFAULT '[]', -- by currency, when matched
    matched_at     timestamptz,
    created_at     timestamptz NOT NULL,
    UNIQUE (provider, day),
    CHECK (starts_at < ends_at),
    CHECK (state = 'waiting' OR (matched_at IS NOT NULL AND next_attempt_at IS NULL))
);
CREATE INDEX bills_waiting ON bills (provider, day) WHERE state = 'waiting';
CREATE INDEX bills_day ON bills (day, id);

CREATE TABLE bill_rows (                       -- append-only: what the provider says of one movement of money
    bill_id        uuid NOT NULL REFERENCES bills,
    position       integer NOT NULL,           -- in the order in which rows were dealt with
    kind           text NOT NULL CHECK (kind IN ('payment', 'refund', 'refund_failure', 'dispute')),
    number         text NOT NULL,              -- the payment's, as the provider has it
    refund_number  text,
    reference      text NOT NULL,              -- the provider's own
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount         bigint NOT NULL,            -- of a dispute: taken from us; negative: given back
    fee_currency   text NOT NULL CHECK (fee_currency ~ '^[A-Z]{3}$'),
    fee            bigint NOT NULL,            -- kept by the provider; negative: given back
    at             timestamptz NOT NULL,
    payment_id     uuid REFERENCES payments,   -- ours, where there is one
    refund_id      uuid REFERENCES refunds,
    outcome        text NOT NULL CHECK (outcome IN ('matched', 'recorded', 'difference')),
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (bill_id, position),
    CHECK (kind = 'dispute' OR amount >= 0),
    CHECK (outcome = 'difference' OR kind = 'dispute'
           OR (payment_id IS NOT NULL AND (kind IN ('refund', 'refund_failure')) = (refund_id IS NOT NULL)))
);
CREATE INDEX bill_rows_payment ON bill_rows (payment_id) WHERE payment_id IS NOT NULL;

CREATE TABLE differences (                     -- what somebody must look at, and what became of it
    id             uuid PRIMARY KEY,
    bill_id        uuid NOT NULL REFERENCES bills,
    position       integer,                    -- of its row; NULL: the bill has none
    provider       text NOT NULL,
    day            date NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('missing_here', 'missing_there', 'amount_differs', 'duplicate_row',
                                                 'fee_differs', 'refund_pending', 'balance_differs')),
    movement       text NOT NULL CHECK (movement IN ('payment', 'refund', 'refund_failure', 'dispute')),
    number         text NOT NULL,
    refund_number  text,
    reference      text NOT NULL DEFAULT '',
    payment_id     uuid REFERENCES payments,
    refund_id      uuid REFERENCES refunds,
    purchase_id    uuid,
    cause_id       uuid,                       -- the payment or refund whose money is in question
    currency       text NOT NULL,
    ours           bigint,                     -- what our books have; NULL: nothing
    theirs         bigint,                     -- what the bill has; NULL: nothing
    fee_currency   text NOT NULL,
    fee            bigint NOT NULL DEFAULT 0,
    state          text NOT NULL CHECK (state IN ('open', 'resolved')),
    answer         text,                       -- what the provider said when asked again
    answered_at    timestamptz,
    resolution     text CHECK (resolution IN ('matched', 'recorded', 'explain', 'recheck', 'accept_theirs', 'write_off',
                                              'book')),
    note           text NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
    resolved_by    uuid,                       -- NULL: by itself
    resolved_at    timestamptz,
    created_at     timestamptz NOT NULL,
    UNIQUE (bill_id, position),
    CHECK ((state = 'resolved') = (resolution IS NOT NULL) AND (state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK ((kind IN ('missing_there', 'balance_differs')) = (position IS NULL)),
    CHECK (ours IS NOT NULL OR theirs IS NOT NULL)
);
CREATE UNIQUE INDEX differences_missing_there ON differences (cause_id) WHERE kind = 'missing_there';
CREATE UNIQUE INDEX differences_balance ON differences (bill_id, currency) WHERE kind = 'balance_differs';
CREATE INDEX differences_cause ON differences (cause_id) WHERE cause_id IS NOT NULL;
CREATE INDEX differences_state ON differences (state, id);

-- ---------------------------------------------------------------- privileges of the application role

GRANT SELECT, INSERT, UPDATE ON bills, differences TO merx_app;
GRANT SELECT, INSERT ON bill_rows TO merx_app;
