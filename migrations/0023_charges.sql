-- Charges that were looked at: which payment each paid, and of it what was given back, lost in a dispute, and is being disputed, in
-- minor units. A payment can consist of several. Like payments they outlive their account.
CREATE TABLE charges (
    stripe_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    payment TEXT,
    refunded BIGINT NOT NULL,
    lost BIGINT NOT NULL,
    contested BIGINT NOT NULL
);
CREATE INDEX charges_of_account ON charges (account_id);

-- Of the nightly comparison: charges that were otherwise at Stripe.
ALTER TABLE drift_reports ADD COLUMN charges BIGINT NOT NULL DEFAULT 0;
