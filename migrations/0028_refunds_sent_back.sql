-- Refunds that the bank sent back, in minor units, and when that was last heard of.
ALTER TABLE charges ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE charges ADD COLUMN returned_at BIGINT;
CREATE INDEX charges_returned ON charges (returned_at) WHERE returned_at IS NOT NULL;

-- Of the nightly comparison: such refunds, customers that Stripe refuses to tell of, and events that were given up.
ALTER TABLE drift_reports ADD COLUMN refunds BIGINT NOT NULL DEFAULT 0;
ALTER TABLE drift_reports ADD COLUMN customers BIGINT NOT NULL DEFAULT 0;
ALTER TABLE drift_reports ADD COLUMN failed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX stripe_events_failed ON stripe_events (received_at, id) WHERE state = 'failed';
