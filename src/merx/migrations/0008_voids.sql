-- An authorization that no purchase uses is voided: the column says so as capture_wanted_at does.
-- No code ever wrote that an attempt to pay had failed: one that comes to nothing expires.

ALTER TABLE payments RENAME COLUMN release_at TO void_wanted_at;
ALTER TABLE payments DROP CONSTRAINT payments_state_check;
ALTER TABLE payments ADD CONSTRAINT payments_state_check CHECK (state IN
    ('created', 'action_required', 'authorized', 'captured', 'expired', 'voided'));
