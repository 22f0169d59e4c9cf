-- Whom a letter did not reach, and why not, is found without reading all whom it did. Most deliveries are sent, and stand
-- in none of these.
CREATE INDEX deliveries_not_sent ON deliveries (run_id, state, recipient_id)
    WHERE state IN ('failed', 'expired', 'skipped', 'unknown', 'cancelled');
