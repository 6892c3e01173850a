-- A wish to change what is paid for: written down before Stripe is told, so that an account has one under way, and the same wish
-- made twice is told under the same key.
CREATE TABLE plan_changes (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    wish TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'refused', 'left')),
    until BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX plan_changes_one_open ON plan_changes (account_id) WHERE state = 'open';
CREATE INDEX plan_changes_left ON plan_changes (until) WHERE state = 'open';
CREATE INDEX plan_changes_by_age ON plan_changes (created_at);

-- What Stripe's schedule brings at the end of the period, where there is one.
ALTER TABLE subscriptions ADD COLUMN schedule_id TEXT;
ALTER TABLE subscriptions ADD COLUMN next_price_id TEXT;
ALTER TABLE subscriptions ADD COLUMN next_seats BIGINT;
ALTER TABLE subscriptions ADD COLUMN next_at BIGINT;

-- The number on the invoice, where a payment has one.
ALTER TABLE payments ADD COLUMN number TEXT;

-- What Stripe's customer is to be told: `wanted` counts the changes, `told` is the last one that reached it.
ALTER TABLE stripe_customers ADD COLUMN wanted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE stripe_customers ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
ALTER TABLE stripe_customers ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE stripe_customers ADD COLUMN tell_at BIGINT;
CREATE INDEX stripe_customers_untold ON stripe_customers (tell_at) WHERE tell_at IS NOT NULL;

-- The ledger and the payments by type and by time, for lists that are filtered.
CREATE INDEX credit_entries_by_time ON credit_entries (account_id, created_at, number);
CREATE INDEX credit_entries_by_kind ON credit_entries (account_id, kind, created_at, number);
CREATE INDEX payments_by_status ON payments (account_id, status, created_at, id);
