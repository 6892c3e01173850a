-- When a person's own account will be closed, while that is scheduled.
ALTER TABLE users ADD COLUMN closing_due_at BIGINT;

-- Each wish of a person to close their account, and how far it came. It outlives the person; the address does not.
CREATE TABLE closings (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    -- The personal account, which goes last.
    account_id TEXT NOT NULL,
    email TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'canceled', 'closing', 'done')),
    due_at BIGINT NOT NULL,
    -- When the worker looks next; NULL when there is nothing left to do.
    next_at BIGINT,
    tries BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    created_at BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE UNIQUE INDEX closings_one_open ON closings (user_id) WHERE state IN ('due', 'closing');
CREATE INDEX closings_next ON closings (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX closings_of_account ON closings (account_id);

-- The deletions that a closing took along, and takes back with it.
ALTER TABLE deletions ADD COLUMN closing_id TEXT;
CREATE INDEX deletions_of_closing ON deletions (closing_id) WHERE closing_id IS NOT NULL;
CREATE INDEX accounts_of_billing_owner ON accounts (billing_owner_id);
