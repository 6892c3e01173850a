-- Refunds that the bank sent back, in minor units, and when that was last heard of. The nightly comparison tells of them, and of
-- customers that Stripe does not know.
ALTER TABLE charges ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE charges ADD COLUMN returned_at BIGINT;
CREATE INDEX charges_returned ON charges (returned_at) WHERE returned_at IS NOT NULL;
ALTER TABLE drift_reports ADD COLUMN refunds BIGINT NOT NULL DEFAULT 0;
ALTER TABLE drift_reports ADD COLUMN customers BIGINT NOT NULL DEFAULT 0;
