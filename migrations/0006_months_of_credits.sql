-- Months of credits that are granted without a payment of their own: of a paid year the eleven after the first, of the free plan
-- each. One row a subscription; `due_at` is when the next month begins, and NULL when none is to come.
CREATE TABLE credit_months (
    subscription_id TEXT PRIMARY KEY REFERENCES subscriptions (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    begins_at BIGINT NOT NULL,
    months BIGINT,
    due_at BIGINT
);
CREATE INDEX credit_months_due ON credit_months (due_at) WHERE due_at IS NOT NULL;
