-- Promotions, coupons, and their limits as allotments beside stock.

-- ---------------------------------------------------------------- limits

ALTER TABLE allotments
    ALTER COLUMN location_id DROP NOT NULL,
    DROP CONSTRAINT allotments_kind_check,
    ADD CONSTRAINT allotments_kind_check CHECK (kind IN ('stock', 'promotion', 'person', 'coupon')),
    ADD CONSTRAINT allotments_stock_has_a_place CHECK ((kind = 'stock') = (location_id IS NOT NULL));
CREATE UNIQUE INDEX allotments_limit ON allotments (subject_id) WHERE location_id IS NULL;

-- A hold for a purchase itself, not for one of its lines, is on a promotion's limit.
ALTER TABLE holds ALTER COLUMN order_line_id DROP NOT NULL;

-- 'claim': a unit is given away at once, without being held first; its cause is the coupon.
ALTER TABLE movements
    DROP CONSTRAINT movements_kind_check,
    DROP CONSTRAINT movements_check,
    ADD CONSTRAINT movements_kind_check
        CHECK (kind IN ('receive', 'adjust', 'hold', 'release', 'expire', 'sell', 'unsell', 'return',
                        'claim')),
    ADD CONSTRAINT movements_check CHECK (CASE kind
        WHEN 'receive' THEN received_delta > 0 AND held_delta = 0 AND sold_delta = 0
        WHEN 'adjust'  THEN received_delta <> 0 AND held_delta = 0 AND sold_delta = 0
        WHEN 'hold'    THEN received_delta = 0 AND held_delta > 0 AND sold_delta = 0
        WHEN 'release' THEN received_delta = 0 AND held_delta < 0 AND sold_delta = 0
        WHEN 'expire'  THEN received_delta = 0 AND held_delta < 0 AND sold_delta = 0
        WHEN 'sell'    THEN received_delta = 0 AND held_delta < 0 AND sold_delta = -held_delta
        WHEN 'unsell'  THEN received_delta = 0 AND held_delta = 0 AND sold_delta < 0
        WHEN 'claim'   THEN received_delta = 0 AND held_delta = 0 AND sold_delta > 0
    END);

-- ---------------------------------------------------------------- promotions

CREATE TABLE promotions (
    id              uuid PRIMARY KEY,
    seller_id       uuid REFERENCES sellers,    -- whose it is and who funds it; NULL: the platform
    name            jsonb NOT NULL CHECK (jsonb_typeof(name) = 'object' AND name <> '{}'),
    kind            text NOT NULL CHECK (kind IN ('percentage', 'amount_off', 'free_delivery')),
    percent_bp      integer CHECK (percent_bp BETWEEN 1 AND 10000),
    amount          bigint CHECK (amount BETWEEN 1 AND 100000000000000),
    most            bigint CHECK (most BETWEEN 1 AND 100000000000000),
    threshold       bigint NOT NULL DEFAULT 0 CHECK (threshold BETWEEN 0 AND 100000000000000),
    currency        text CHECK (currency ~ '^[A-Z]{3}$'),
    trigger         text NOT NULL CHECK (trigger IN ('automatic', 'code', 'coupon')),
    code            text UNIQUE CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{2,31}$'),   -- never used again
    scope           text NOT NULL CHECK (scope IN ('everything', 'categories', 'products', 'sellers')),
    scope_ids       uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(scope_ids) <= 500),
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz CHECK (ends_at > starts_at),
    uses_total      integer CHECK (uses_total > 0),
    uses_per_person integer CHECK (uses_per_person > 0),
    coupon_days     integer CHECK (coupon_days > 0),   -- how long a claimed coupon lasts; NULL: as long as the promotion
    exclusive_group text NOT NULL DEFAULT '' CHECK (length(exclusive_group) <= 40),
    priority        integer NOT NULL DEFAULT 100 CHECK (priority BETWEEN 0 AND 1000),
    given_back      boolean NOT NULL,           -- a full refund gives the use back
    state           text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'ended')),
    version         integer NOT NULL DEFAULT 1,
    created_by      uuid NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT promotions_kind_has_its_amounts CHECK (CASE kind
        WHEN 'percentage' THEN percent_bp IS NOT NULL AND amount IS NULL
        WHEN 'amount_off' THEN percent_bp IS NULL AND amount IS NOT NULL AND most IS NULL
        ELSE percent_bp IS NULL AND amount IS NULL AND most IS NULL
    END),
    CONSTRAINT promotions_amounts_have_a_currency
        CHECK (currency IS NOT NULL OR (amount IS NULL AND most IS NULL AND threshold = 0)),
    CONSTRAINT promotions_code_of_its_trigger CHECK ((trigger = 'code') = (code IS NOT NULL)),
    CONSTRAINT promotions_days_of_coupons CHECK (coupon_days IS NULL OR trigger = 'coupon'),
    CONSTRAINT promotions_scope_names_something CHECK ((scope = 'everything') = (cardinality(scope_ids) = 0)),
    CONSTRAINT promotions_sellers_by_platform CHECK (scope <> 'sellers' OR seller_id IS NULL)
);
CREATE INDEX promotions_live ON promotions (trigger, ends_at) WHERE state = 'active';
CREATE INDEX promotions_seller ON promotions (seller_id, id DESC);

CREATE TABLE coupons (                          -- a promotion somebody claimed; its one use is an allotment
    id            uuid PRIMARY KEY,
    promotion_id  uuid NOT NULL REFERENCES promotions,
    account_id    uuid NOT NULL,
    claimed_at    timestamptz NOT NULL,
    expires_at    timestamptz
);
CREATE INDEX coupons_account ON coupons (account_id, id DESC);
CREATE INDEX coupons_promotion ON coupons (promotion_id, account_id);

ALTER TABLE carts ADD COLUMN codes text[] NOT NULL DEFAULT '{}' CHECK (cardinality(codes) <= 5);

GRANT SELECT, INSERT, UPDATE ON promotions TO merx_app;
GRANT SELECT, INSERT ON coupons TO merx_app;
