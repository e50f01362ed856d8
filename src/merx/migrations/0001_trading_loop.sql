-- The trading loop. One schema, plain SQL, no triggers, no sequences as keys.
--
-- Conventions
--   ids            uuid (version 7), made by the application
--   money          bigint minor units + ISO 4217 currency beside it
--   translations   jsonb objects keyed by locale ("zh-CN", "en"), at least one entry
--   states         text, legal values by CHECK; legal moves by compare-and-set in the application
--   append-only    the application role may INSERT and SELECT, never UPDATE or DELETE (see the grants at the end)
--   purchase side  every row carries purchase_id; stock side every row carries subject_id (the variant)

-- ---------------------------------------------------------------- accounts

CREATE TABLE data_keys (                       -- one AES-256 key per person; destroying the row erases the person
    person_id     uuid PRIMARY KEY,
    wrapped_key   bytea NOT NULL CHECK (octet_length(wrapped_key) BETWEEN 40 AND 128),
    master_key_id text NOT NULL,
    created_at    timestamptz NOT NULL
);

CREATE TABLE accounts (
    id            uuid PRIMARY KEY,            -- also the person_id of its data key
    email_sealed  bytea NOT NULL,
    name_sealed   bytea NOT NULL,
    password_hash text NOT NULL,
    locale        text NOT NULL CHECK (locale IN ('zh-CN', 'en')),
    state         text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'erased')),
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);

CREATE TABLE account_emails (                  -- directory: blind index of the normalised e-mail → account
    email_index   bytea PRIMARY KEY CHECK (octet_length(email_index) = 32),
    account_id    uuid NOT NULL UNIQUE REFERENCES accounts
);

CREATE TABLE sessions (
    token_hash    bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    account_id    uuid NOT NULL REFERENCES accounts,
    created_at    timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz
);
CREATE INDEX sessions_account ON sessions (account_id);

CREATE TABLE addresses (
    id            uuid PRIMARY KEY,
    account_id    uuid NOT NULL REFERENCES accounts,
    sealed        bytea NOT NULL,
    country       text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    is_default    boolean NOT NULL DEFAULT false,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX addresses_account ON addresses (account_id);
CREATE UNIQUE INDEX addresses_one_default ON addresses (account_id) WHERE is_default;

CREATE UNLOGGED TABLE rate_limits (            -- counters only: losing them on a crash loses no fact
    bucket        bytea NOT NULL,
    window_start  timestamptz NOT NULL,
    hits          integer NOT NULL,
    PRIMARY KEY (bucket, window_start)
);

-- ---------------------------------------------------------------- sellers

CREATE TABLE sellers (
    id            uuid PRIMARY KEY,
    code          text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name          jsonb NOT NULL CHECK (jsonb_typeof(name) = 'object' AND name <> '{}'),
    state         text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL
);

CREATE TABLE seller_members (
    seller_id     uuid NOT NULL REFERENCES sellers,
    account_id    uuid NOT NULL REFERENCES accounts,
    role          text NOT NULL CHECK (role IN ('owner', 'staff')),
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (seller_id, account_id)
);
CREATE INDEX seller_members_account ON seller_members (account_id);

CREATE TABLE delivery_rates (                  -- what a seller charges for a delivery method, per currency
    seller_id     uuid NOT NULL REFERENCES sellers,
    method        text NOT NULL CHECK (method IN ('standard', 'express')),
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount        bigint NOT NULL CHECK (amount BETWEEN 0 AND 1000000000),
    free_from     bigint CHECK (free_from > 0),      -- goods of at least this much ship free
    countries     text[] NOT NULL CHECK (cardinality(countries) > 0),
    PRIMARY KEY (seller_id, method, currency)
);

-- ---------------------------------------------------------------- catalog

CREATE TABLE categories (
    id            uuid PRIMARY KEY,
    parent_id     uuid REFERENCES categories,
    code          text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name          jsonb NOT NULL CHECK (jsonb_typeof(name) = 'object' AND name <> '{}'),
    position      integer NOT NULL DEFAULT 0
);

CREATE TABLE products (
    id            uuid PRIMARY KEY,
    seller_id     uuid NOT NULL REFERENCES sellers,
    slug          text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,126}$'),
    title         jsonb NOT NULL CHECK (jsonb_typeof(title) = 'object' AND title <> '{}'),
    description   jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(description) = 'object'),
    options       jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(options) = 'array'),
                                               -- [{"code","name":{locale},"values":[{"code","label":{locale}}]}]
    facets        jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(facets) = 'array'),
                                               -- [{"code","value","name":{locale},"label":{locale}}]
    state         text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published', 'archived')),
    published_at  timestamptz CHECK (state <> 'published' OR published_at IS NOT NULL),
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX products_newest ON products (published_at DESC, id DESC) WHERE state = 'published';
CREATE INDEX products_seller ON products (seller_id, id);

CREATE TABLE product_categories (
    product_id    uuid NOT NULL REFERENCES products ON DELETE CASCADE,
    category_id   uuid NOT NULL REFERENCES categories,
    PRIMARY KEY (category_id, product_id)
);
CREATE INDEX product_categories_product ON product_categories (product_id);

CREATE TABLE media (                           -- one picture; its files are named by their content's hash
    id            uuid PRIMARY KEY,
    sha256        bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    width         integer NOT NULL CHECK (width > 0),
    height        integer NOT NULL CHECK (height > 0),
    colour        text NOT NULL CHECK (colour ~ '^#[0-9a-f]{6}$'),
    files         jsonb NOT NULL CHECK (jsonb_typeof(files) = 'array'),
                                               -- [{"format":"webp|avif","width","height","path","bytes"}]
    credit        text,
    owner_id      uuid,                        -- account that uploaded it; NULL for the catalogue's own
    created_at    timestamptz NOT NULL
);

CREATE TABLE product_media (
    product_id    uuid NOT NULL REFERENCES products ON DELETE CASCADE,
    position      integer NOT NULL CHECK (position >= 0),
    media_id      uuid NOT NULL REFERENCES media,
    alt           jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(alt) = 'object'),
    PRIMARY KEY (product_id, position)
);

CREATE TABLE variants (
    id            uuid PRIMARY KEY,
    product_id    uuid NOT NULL REFERENCES products,
    seller_id     uuid NOT NULL REFERENCES sellers,
    sku           text NOT NULL UNIQUE CHECK (sku <> '' AND length(sku) <= 64),
    label         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(label) = 'object'),   -- "Size 40", by locale
    options       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(options) = 'object'), -- {"size":"size-40"}
    position      integer NOT NULL DEFAULT 0,
    tax_rate_bp   integer NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),  -- VAT inside the price, basis points
    state         text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'retired')),
    media_id      uuid REFERENCES media,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    UNIQUE (product_id, options)
);

CREATE TABLE prices (                          -- the price now, tax included; one row per currency, never converted
    variant_id    uuid NOT NULL REFERENCES variants,
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount        bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    version       integer NOT NULL DEFAULT 1,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (variant_id, currency)
);

CREATE INDEX prices_amount ON prices (currency, amount, variant_id);

CREATE TABLE price_versions (                  -- append-only: what prices.amount was at each version
    variant_id    uuid NOT NULL,
    currency      text NOT NULL,
    version       integer NOT NULL,
    amount        bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    valid_from    timestamptz NOT NULL,
    PRIMARY KEY (variant_id, currency, version)
);

-- ---------------------------------------------------------------- inventory

CREATE TABLE locations (
    id            uuid PRIMARY KEY,
    code          text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name          jsonb NOT NULL CHECK (jsonb_typeof(name) = 'object' AND name <> '{}'),
    position      integer NOT NULL DEFAULT 0   -- tried in this order
);

CREATE TABLE allotments (                      -- anything limited; kind 'stock': units of a variant at a location
    id            uuid PRIMARY KEY,
    kind          text NOT NULL DEFAULT 'stock' CHECK (kind IN ('stock')),
    subject_id    uuid NOT NULL,               -- the variant
    location_id   uuid NOT NULL REFERENCES locations,
    received      bigint NOT NULL DEFAULT 0 CHECK (received >= 0),
    held          bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    sold          bigint NOT NULL DEFAULT 0 CHECK (sold >= 0),
    CONSTRAINT allotments_never_oversold CHECK (held + sold <= received),
    UNIQUE (subject_id, location_id, kind)
) WITH (fillfactor = 50);                      -- room for HOT updates: counters change on every order

CREATE TABLE holds (                           -- a timed claim on an allotment; expiry is judged by the clock at read
    id            uuid PRIMARY KEY,
    allotment_id  uuid NOT NULL,
    subject_id    uuid NOT NULL,
    purchase_id   uuid NOT NULL,
    order_line_id uuid NOT NULL,
    quantity      bigint NOT NULL CHECK (quantity > 0),
    state         text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'consumed', 'released', 'expired')),
    expires_at    timestamptz NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX holds_purchase ON holds (purchase_id);
CREATE INDEX holds_active ON holds (allotment_id, expires_at) WHERE state = 'active';

CREATE TABLE movements (                       -- append-only journal: the only writer of allotment counters
    cause_id       uuid NOT NULL,              -- the hold, or the receipt / adjustment
    kind           text NOT NULL CHECK (kind IN ('receive', 'adjust', 'hold', 'release', 'expire', 'sell', 'unsell')),
    allotment_id   uuid NOT NULL,
    subject_id     uuid NOT NULL,
    received_delta bigint NOT NULL DEFAULT 0,
    held_delta     bigint NOT NULL DEFAULT 0,
    sold_delta     bigint NOT NULL DEFAULT 0,
    actor_id       uuid,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (cause_id, kind),              -- each cause moves stock once in each way
    CHECK (CASE kind
        WHEN 'receive' THEN received_delta > 0 AND held_delta = 0 AND sold_delta = 0
        WHEN 'adjust'  THEN received_delta <> 0 AND held_delta = 0 AND sold_delta = 0
        WHEN 'hold'    THEN received_delta = 0 AND held_delta > 0 AND sold_delta = 0
        WHEN 'release' THEN received_delta = 0 AND held_delta < 0 AND sold_delta = 0
        WHEN 'expire'  THEN received_delta = 0 AND held_delta < 0 AND sold_delta = 0
        WHEN 'sell'    THEN received_delta = 0 AND held_delta < 0 AND sold_delta = -held_delta
        WHEN 'unsell'  THEN received_delta = 0 AND held_delta = 0 AND sold_delta < 0
    END)
);

-- ---------------------------------------------------------------- cart

CREATE TABLE carts (
    id             uuid PRIMARY KEY,
    token_hash     bytea NOT NULL CHECK (octet_length(token_hash) = 32),  -- whoever holds the token holds the cart
    account_id     uuid,                       -- NULL: a guest's
    person_id      uuid NOT NULL,              -- whose data key seals the address
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    locale         text NOT NULL CHECK (locale IN ('zh-CN', 'en')),
    state          text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'completing', 'completed', 'expired')),
    address_sealed bytea,
    country        text CHECK (country ~ '^[A-Z]{2}$'),
    delivery       text CHECK (delivery IN ('standard', 'express')),
    provider       text,                       -- chosen payment method
    purchase_id    uuid,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    CHECK ((address_sealed IS NULL) = (country IS NULL)),
    CHECK ((state = 'completed') = (purchase_id IS NOT NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX carts_one_open ON carts (account_id) WHERE state = 'open' AND account_id IS NOT NULL;
CREATE INDEX carts_idle ON carts (updated_at) WHERE state = 'open';

CREATE TABLE cart_lines (
    cart_id        uuid NOT NULL REFERENCES carts ON DELETE CASCADE,
    variant_id     uuid NOT NULL,
    quantity       integer NOT NULL CHECK (quantity BETWEEN 1 AND 999),
    added_at       timestamptz NOT NULL,
    PRIMARY KEY (cart_id, variant_id)
);

-- ---------------------------------------------------------------- orders

CREATE TABLE purchases (
    id             uuid PRIMARY KEY,
    number         text NOT NULL UNIQUE CHECK (number ~ '^[0-9A-Z]{16}$'),
    cart_id        uuid NOT NULL UNIQUE,       -- a cart becomes at most one purchase
    account_id     uuid,
    person_id      uuid NOT NULL,
    access_hash    bytea NOT NULL CHECK (octet_length(access_hash) = 32),  -- a guest shows the cart's token
    state          text NOT NULL CHECK (state IN ('pending_payment', 'placed', 'closed', 'cancelled')),
    cancel_reason  text CHECK (cancel_reason IN ('buyer', 'expired', 'refunded')),
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    goods          bigint NOT NULL CHECK (goods > 0),
    shipping       bigint NOT NULL CHECK (shipping >= 0),
    tax            bigint NOT NULL CHECK (tax >= 0),       -- inside goods and shipping
    total          bigint NOT NULL CHECK (total BETWEEN 1 AND 100000000000000),
    locale         text NOT NULL,
    delivery       text NOT NULL,
    provider       text NOT NULL,
    expires_at     timestamptz NOT NULL,       -- unpaid after this: cancelled
    placed_at      timestamptz NOT NULL,
    paid_at        timestamptz,
    version        integer NOT NULL DEFAULT 1,
    CHECK (total = goods + shipping),
    CHECK (tax <= total),
    CHECK ((state = 'cancelled') = (cancel_reason IS NOT NULL)),
    CHECK (state NOT IN ('placed', 'closed') OR paid_at IS NOT NULL)
);
CREATE INDEX purchases_account ON purchases (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX purchases_unpaid ON purchases (expires_at) WHERE state = 'pending_payment';

CREATE TABLE purchase_addresses (              -- the delivery address as it was at placement
    purchase_id    uuid PRIMARY KEY REFERENCES purchases,
    person_id      uuid NOT NULL,
    sealed         bytea NOT NULL,
    country        text NOT NULL CHECK (country ~ '^[A-Z]{2}$')
);

CREATE TABLE orders (
    id             uuid PRIMARY KEY,
    purchase_id    uuid NOT NULL REFERENCES purchases,
    number         text NOT NULL CHECK (number ~ '^[0-9A-Z]{16}-[0-9]{1,3}$'),
    seller_id      uuid NOT NULL,
    state          text NOT NULL CHECK (state IN ('pending_payment', 'placed', 'closed', 'cancelled')),
    payment_status text NOT NULL CHECK (payment_status IN ('unpaid', 'paid', 'refunded')),
    fulfilment_status text NOT NULL DEFAULT 'unfulfilled'
                   CHECK (fulfilment_status IN ('unfulfilled', 'partial', 'shipped', 'delivered', 'received')),
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    goods          bigint NOT NULL CHECK (goods > 0),
    shipping       bigint NOT NULL CHECK (shipping >= 0),
    shipping_tax_bp integer NOT NULL CHECK (shipping_tax_bp BETWEEN 0 AND 10000),
    shipping_tax   bigint NOT NULL CHECK (shipping_tax BETWEEN 0 AND shipping),
    tax            bigint NOT NULL CHECK (tax >= 0),
    total          bigint NOT NULL CHECK (total > 0),
    placed_at      timestamptz NOT NULL,
    received_at    timestamptz,
    version        integer NOT NULL DEFAULT 1,
    UNIQUE (purchase_id, seller_id),
    CHECK (total = goods + shipping),
    CHECK (tax <= total)
);
CREATE INDEX orders_seller ON orders (seller_id, state, id);
CREATE INDEX orders_to_close ON orders (received_at) WHERE state = 'placed' AND received_at IS NOT NULL;

CREATE TABLE order_lines (
    id             uuid PRIMARY KEY,
    order_id       uuid NOT NULL REFERENCES orders,
    purchase_id    uuid NOT NULL,
    position       integer NOT NULL,
    product_id     uuid NOT NULL,
    variant_id     uuid NOT NULL,
    sku            text NOT NULL,
    title          jsonb NOT NULL,             -- in every language it had at the sale
    label          jsonb NOT NULL,
    quantity       integer NOT NULL CHECK (quantity BETWEEN 1 AND 999),
    unit_price     bigint NOT NULL CHECK (unit_price > 0),
    price_version  integer NOT NULL,
    total          bigint NOT NULL,
    tax_rate_bp    integer NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    tax            bigint NOT NULL,
    shipped        integer NOT NULL DEFAULT 0,
    received       integer NOT NULL DEFAULT 0,
    CHECK (total = unit_price * quantity),
    CHECK (tax BETWEEN 0 AND total),
    CONSTRAINT order_lines_never_overshipped CHECK (shipped BETWEEN 0 AND quantity AND received BETWEEN 0 AND shipped)
);
CREATE INDEX order_lines_order ON order_lines (order_id);

-- ---------------------------------------------------------------- payments

CREATE TABLE payments (                        -- one attempt with one provider to pay one purchase
    id             uuid PRIMARY KEY,
    purchase_id    uuid NOT NULL REFERENCES purchases,
    provider       text NOT NULL,
    number         text NOT NULL UNIQUE CHECK (number ~ '^[0-9A-Z_]{1,64}$'),   -- our number at the provider
    state          text NOT NULL CHECK (state IN
                       ('created', 'action_required', 'authorized', 'captured', 'failed', 'expired', 'voided')),
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount         bigint NOT NULL CHECK (amount > 0),
    captured       bigint NOT NULL DEFAULT 0,
    refunded       bigint NOT NULL DEFAULT 0,
    provider_reference text,
    expires_at     timestamptz NOT NULL,
    started_at     timestamptz,
    asked_at       timestamptz,                -- when the provider was last asked about it
    captured_at    timestamptz,
    created_at     timestamptz NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    CHECK (captured IN (0, amount)),
    CHECK ((state = 'captured') = (captured > 0)),
    CONSTRAINT payments_never_overrefunded CHECK (refunded BETWEEN 0 AND captured)
);
CREATE INDEX payments_purchase ON payments (purchase_id);
CREATE UNIQUE INDEX payments_reference ON payments (provider, provider_reference) WHERE provider_reference IS NOT NULL;
CREATE INDEX payments_in_doubt ON payments (asked_at NULLS FIRST) WHERE state = 'action_required';

CREATE TABLE payment_events (                  -- append-only: what the provider told us; amounts come from here
    payment_id     uuid NOT NULL REFERENCES payments,
    purchase_id    uuid NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('captured', 'closed', 'refunded')),
    reference      text NOT NULL,              -- the provider's own number of this fact
    amount         bigint NOT NULL CHECK (amount >= 0),
    currency       text NOT NULL,
    source         text NOT NULL CHECK (source IN ('notice', 'query')),
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (payment_id, kind, reference)
);

CREATE TABLE provider_notices (                -- inbox: every verified notice once
    provider       text NOT NULL,
    notice_id      text NOT NULL CHECK (length(notice_id) BETWEEN 1 AND 128),
    number         text NOT NULL,
    body           bytea NOT NULL,
    received_at    timestamptz NOT NULL,
    deliveries     integer NOT NULL DEFAULT 1,
    applied_at     timestamptz,
    outcome        text,
    PRIMARY KEY (provider, notice_id)
);
CREATE INDEX provider_notices_unapplied ON provider_notices (received_at) WHERE applied_at IS NULL;

CREATE TABLE refunds (
    id             uuid PRIMARY KEY,
    payment_id     uuid NOT NULL REFERENCES payments,
    purchase_id    uuid NOT NULL,
    number         text NOT NULL UNIQUE CHECK (number ~ '^[0-9A-Z_]{1,64}$'),
    reason         text NOT NULL CHECK (reason IN ('late_payment', 'duplicate_payment')),
    state          text NOT NULL CHECK (state IN ('requested', 'approved', 'submitted', 'succeeded', 'failed', 'rejected')),
    currency       text NOT NULL,
    amount         bigint NOT NULL CHECK (amount > 0),
    attempts       integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    created_at     timestamptz NOT NULL,
    settled_at     timestamptz
);
CREATE INDEX refunds_payment ON refunds (payment_id);
CREATE INDEX refunds_due ON refunds (next_attempt_at) WHERE state IN ('approved', 'submitted');

-- ---------------------------------------------------------------- ledger

CREATE TABLE transfers (                       -- append-only double entry: balanced by construction
    cause_id       uuid NOT NULL,              -- the order, payment, refund … that moved the money
    leg            text NOT NULL,              -- which part of it: each leg of a cause exists once
    purchase_id    uuid NOT NULL,
    debit_kind     text NOT NULL,
    debit_owner    uuid NOT NULL,
    credit_kind    text NOT NULL,
    credit_owner   uuid NOT NULL,
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount         bigint NOT NULL CHECK (amount > 0),
    created_at     timestamptz NOT NULL,
    xid            xid8 NOT NULL DEFAULT pg_current_xact_id(),   -- folding reads in order of commit visibility
    PRIMARY KEY (cause_id, leg),
    CHECK ((debit_kind, debit_owner) <> (credit_kind, credit_owner)),
    CHECK (debit_kind IN ('customer_receivable', 'provider_clearing', 'provider_fees', 'seller_pending',
                          'seller_available', 'commission', 'tax', 'shipping')),
    CHECK (credit_kind IN ('customer_receivable', 'provider_clearing', 'provider_fees', 'seller_pending',
                           'seller_available', 'commission', 'tax', 'shipping'))
);
CREATE INDEX transfers_purchase ON transfers (purchase_id);
CREATE INDEX transfers_xid ON transfers (xid);

CREATE TABLE balances (                        -- folded by a job; a read adds what is not folded yet
    kind           text NOT NULL,
    owner_id       uuid NOT NULL,
    currency       text NOT NULL,
    debits         numeric(38, 0) NOT NULL,
    credits        numeric(38, 0) NOT NULL,
    PRIMARY KEY (kind, owner_id, currency)
);

CREATE TABLE balances_cursor (                 -- transfers with a smaller xid are in balances
    one            boolean PRIMARY KEY DEFAULT true CHECK (one),
    folded_xid     xid8 NOT NULL
);
INSERT INTO balances_cursor (folded_xid) VALUES ('0');

-- ---------------------------------------------------------------- fulfilment

CREATE TABLE fulfilments (                     -- a parcel
    id             uuid PRIMARY KEY,
    purchase_id    uuid NOT NULL,
    order_id       uuid NOT NULL REFERENCES orders,
    seller_id      uuid NOT NULL,
    state          text NOT NULL CHECK (state IN
                       ('planned', 'picked', 'shipped', 'delivered', 'received', 'cancelled')),
    carrier        text,
    tracking_number text,
    carrier_status text NOT NULL DEFAULT 'pending' CHECK (carrier_status IN
                       ('pending', 'info_received', 'picked_up', 'in_transit', 'customs', 'out_for_delivery',
                        'available_for_pickup', 'delivery_failed', 'delivered', 'exception', 'returning',
                        'returned', 'lost', 'cancelled', 'expired')),
    shipped_at     timestamptz,
    delivered_at   timestamptz,
    received_at    timestamptz,
    auto_receive_at timestamptz,
    created_at     timestamptz NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    CHECK (state NOT IN ('shipped', 'delivered', 'received')
           OR (carrier IS NOT NULL AND tracking_number IS NOT NULL AND shipped_at IS NOT NULL))
);
CREATE INDEX fulfilments_order ON fulfilments (order_id);
CREATE INDEX fulfilments_auto_receive ON fulfilments (auto_receive_at) WHERE state IN ('shipped', 'delivered');

CREATE TABLE fulfilment_lines (
    fulfilment_id  uuid NOT NULL REFERENCES fulfilments,
    order_line_id  uuid NOT NULL REFERENCES order_lines,
    purchase_id    uuid NOT NULL,
    quantity       integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (fulfilment_id, order_line_id)
);
CREATE INDEX fulfilment_lines_order_line ON fulfilment_lines (order_line_id);

-- ---------------------------------------------------------------- reviews

CREATE TABLE product_reviews (
    order_line_id  uuid PRIMARY KEY,           -- one review per bought line
    purchase_id    uuid NOT NULL,
    product_id     uuid NOT NULL REFERENCES products,
    account_id     uuid NOT NULL,
    score          integer NOT NULL CHECK (score BETWEEN 1 AND 5),
    body           text NOT NULL CHECK (length(body) <= 2000),
    media_ids      uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(media_ids) <= 6),
    locale         text NOT NULL,
    created_at     timestamptz NOT NULL
);
CREATE INDEX product_reviews_product ON product_reviews (product_id, created_at DESC);

CREATE TABLE seller_reviews (
    order_id       uuid PRIMARY KEY,           -- one review per order
    purchase_id    uuid NOT NULL,
    seller_id      uuid NOT NULL REFERENCES sellers,
    account_id     uuid NOT NULL,
    score          integer NOT NULL CHECK (score BETWEEN 1 AND 5),
    body           text NOT NULL CHECK (length(body) <= 2000),
    locale         text NOT NULL,
    created_at     timestamptz NOT NULL
);
CREATE INDEX seller_reviews_seller ON seller_reviews (seller_id, created_at DESC);

-- ---------------------------------------------------------------- notifications

CREATE TABLE notifications (                   -- in-app messages
    event_id       uuid NOT NULL,
    account_id     uuid NOT NULL,
    kind           text NOT NULL,
    data           jsonb NOT NULL,
    created_at     timestamptz NOT NULL,
    read_at        timestamptz,
    PRIMARY KEY (account_id, event_id, kind)
);

CREATE INDEX notifications_account ON notifications (account_id, created_at DESC, event_id DESC, kind DESC);

CREATE TABLE mails (                           -- claimed in its own commit, sent, marked
    id             uuid PRIMARY KEY,
    account_id     uuid NOT NULL,
    event_id       uuid NOT NULL,
    kind           text NOT NULL,
    data           jsonb NOT NULL,
    state          text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
    attempts       integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    created_at     timestamptz NOT NULL,
    UNIQUE (account_id, event_id, kind)
);
CREATE INDEX mails_due ON mails (next_attempt_at) WHERE state IN ('queued', 'sending');

-- ---------------------------------------------------------------- infra

CREATE TABLE events (                          -- the outbox and the feed: ordered by (xid, id), replayable
    id             uuid PRIMARY KEY,
    kind           text NOT NULL,
    subject_id     uuid NOT NULL,              -- purchase, product, account … the timeline's key
    data           jsonb NOT NULL,
    actor_id       uuid,
    created_at     timestamptz NOT NULL,
    xid            xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX events_feed ON events (xid, id);
CREATE INDEX events_subject ON events (subject_id, id);

CREATE TABLE subscription_cursors (            -- how far each handler has read the feed
    handler        text PRIMARY KEY,
    xid            xid8 NOT NULL,
    event_id       uuid NOT NULL,
    failures       integer NOT NULL DEFAULT 0,
    retry_at       timestamptz
);

CREATE TABLE parked_deliveries (               -- events a handler kept failing on: shown, retried by hand
    handler        text NOT NULL,
    event_id       uuid NOT NULL REFERENCES events,
    error          text NOT NULL,
    parked_at      timestamptz NOT NULL,
    resolved_at    timestamptz,
    PRIMARY KEY (handler, event_id)
);

CREATE TABLE idempotency_keys (
    scope          text NOT NULL,              -- who and what: "place:<cart>", "ship:<account>" …
    key            text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash   bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    outcome        jsonb,
    created_at     timestamptz NOT NULL,
    replays        integer NOT NULL DEFAULT 0, -- a replay writes before it acknowledges
    replayed_at    timestamptz,
    PRIMARY KEY (scope, key)
) WITH (fillfactor = 80);

CREATE TABLE leases (                          -- who runs a periodic job; ends by time, so a dead holder blocks nobody
    name           text PRIMARY KEY,
    holder         uuid NOT NULL,
    expires_at     timestamptz NOT NULL,
    last_run_at    timestamptz
);

-- ---------------------------------------------------------------- privileges of the application role

GRANT USAGE ON SCHEMA public TO merx_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO merx_app;
REVOKE UPDATE, DELETE ON transfers, movements, payment_events, price_versions, events FROM merx_app;
REVOKE DELETE ON purchases, orders, order_lines, payments, refunds, holds, allotments, provider_notices,
    purchase_addresses, fulfilments, fulfilment_lines, accounts, idempotency_keys FROM merx_app;
REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM PUBLIC;
