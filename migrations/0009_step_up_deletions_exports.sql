-- When the session's person last proved who they are: when they signed in, or when they were asked anew.
ALTER TABLE user_sessions ADD COLUMN proven_at BIGINT NOT NULL DEFAULT 0;
UPDATE user_sessions SET proven_at = created_at;

-- A code that proves it anew: for this session, mailed to this address, the newest one only.
CREATE TABLE step_ups (
    session_id TEXT PRIMARY KEY REFERENCES user_sessions (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    mailed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX step_ups_by_expiry ON step_ups (expires_at);

-- When the account will be deleted, while that is scheduled; whether it is being deleted: then it is unknown to everybody.
ALTER TABLE accounts ADD COLUMN deletion_due_at BIGINT;
ALTER TABLE accounts ADD COLUMN purging BOOLEAN NOT NULL DEFAULT FALSE;

-- Each wish to delete an account, and how far it came. It outlives the account; its names do not.
CREATE TABLE deletions (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    account_name TEXT NOT NULL,
    by_name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'canceled', 'closing', 'purging', 'done')),
    due_at BIGINT NOT NULL,
    -- What the members are still to be told; behind which of them, and later behind which event of the audit log, it goes on.
    notice TEXT CHECK (notice IN ('scheduled', 'canceled')),
    place TEXT NOT NULL DEFAULT '',
    -- Whether Stripe is still to be told about the renewal, and how often that was claimed.
    renewal_open BOOLEAN NOT NULL,
    claims BIGINT NOT NULL DEFAULT 1,
    -- When the worker looks next; NULL when there is nothing left to do.
    next_at BIGINT,
    tries BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    created_at BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE UNIQUE INDEX deletions_one_open ON deletions (account_id) WHERE state IN ('due', 'closing', 'purging');
CREATE INDEX deletions_next ON deletions (next_at) WHERE next_at IS NOT NULL;

-- The ledger and the payments outlive their account: without it, its id is nobody's name. So they do not refer to it any more,
-- which SQLite takes as a new table only.
CREATE TABLE kept_entries (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount <> 0),
    balance_after BIGINT NOT NULL CHECK (balance_after >= 0),
    fact TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, number)
);
INSERT INTO kept_entries (id, account_id, number, kind, amount, balance_after, fact, created_at)
    SELECT id, account_id, number, kind, amount, balance_after, fact, created_at FROM credit_entries;
DROP TABLE credit_entries;
ALTER TABLE kept_entries RENAME TO credit_entries;

CREATE TABLE kept_payments (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    stripe_id TEXT NOT NULL UNIQUE,
    product TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('paid', 'pending', 'failed', 'refunded', 'disputed')),
    created_at BIGINT NOT NULL
);
INSERT INTO kept_payments (id, account_id, stripe_id, product, amount, currency, status, created_at)
    SELECT id, account_id, stripe_id, product, amount, currency, status, created_at FROM payments;
DROP TABLE payments;
ALTER TABLE kept_payments RENAME TO payments;
CREATE INDEX payments_of_account ON payments (account_id, created_at, id);

-- What goes with an account is found by it.
CREATE INDEX user_sessions_of_account ON user_sessions (active_account_id);
CREATE INDEX credit_lots_of_account ON credit_lots (account_id);
CREATE INDEX credit_months_of_account ON credit_months (account_id);
CREATE INDEX invitations_by_state ON invitations (account_id, state, created_at, id);

-- Copies of everything a workspace has, asked for by an owner, made by the worker, good for a day.
CREATE TABLE exports (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('due', 'ready')),
    -- Which try made it, or makes it: each has chunks of its own.
    attempt BIGINT NOT NULL DEFAULT 0,
    size BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT,
    -- When the worker looks next: to make it, or to remove it.
    next_at BIGINT NOT NULL,
    error TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX exports_one_due ON exports (account_id) WHERE state = 'due';
CREATE INDEX exports_of_account ON exports (account_id, created_at, id);
CREATE INDEX exports_next ON exports (next_at);

CREATE TABLE export_chunks (
    export_id TEXT NOT NULL REFERENCES exports (id) ON DELETE CASCADE,
    attempt BIGINT NOT NULL,
    number BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (export_id, attempt, number)
);
