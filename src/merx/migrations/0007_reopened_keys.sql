-- A refusal that asks for a repeat ("unavailable") was stored as its key's outcome, and refused every repeat for ever.
-- replays = -1 says that a key was taken and given back: the next request with it is the first again.

UPDATE idempotency_keys
   SET outcome = NULL, replays = -1
 WHERE outcome->>'outcome' = 'refused'
   AND outcome->>'code' IN ('payment_provider_down', 'payment_provider_unavailable', 'payment_provider_refused',
                            'placement_failed', 'database_busy', 'database_lost', 'too_many_waiting', 'unavailable');

ALTER TABLE idempotency_keys ADD CONSTRAINT idempotency_keys_reopened_empty CHECK (replays >= 0 OR outcome IS NULL);
