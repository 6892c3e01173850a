-- The mirror of contracts. A row without a Stripe id is the free plan's; `live` rows are the ones that count.
CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    stripe_id TEXT UNIQUE,
    stripe_item_id TEXT,
    stripe_price_id TEXT,
    plan TEXT NOT NULL,
    period TEXT CHECK (period IN ('month', 'year')),
    unit_amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    seats BIGINT NOT NULL,
    status TEXT NOT NULL,
    live BOOLEAN NOT NULL,
    period_start BIGINT NOT NULL,
    period_end BIGINT,
    trial_start BIGINT,
    trial_end BIGINT,
    cancel_at_period_end BOOLEAN NOT NULL DEFAULT FALSE,
    cancel_at BIGINT,
    canceled_at BIGINT,
    ended_at BIGINT,
    latest_invoice TEXT,
    created_at BIGINT NOT NULL,
    synced_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX subscriptions_one_live ON subscriptions (account_id) WHERE live;
CREATE INDEX subscriptions_of_account ON subscriptions (account_id, created_at);

-- Claimed before Stripe is called, so that an account has one customer.
CREATE TABLE stripe_customers (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    customer_id TEXT UNIQUE,
    claimed_at BIGINT NOT NULL
);

-- Stripe's price for a lookup key, learnt once.
CREATE TABLE stripe_prices (
    lookup_key TEXT PRIMARY KEY,
    price_id TEXT NOT NULL UNIQUE,
    found_at BIGINT NOT NULL
);

CREATE TABLE checkouts (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    stripe_id TEXT UNIQUE,
    choice TEXT NOT NULL,
    trial BOOLEAN NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('claimed', 'open', 'complete', 'expired')),
    created_at BIGINT NOT NULL,
    completed_at BIGINT
);
CREATE INDEX checkouts_of_account ON checkouts (account_id, created_at);

CREATE TABLE payments (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    stripe_id TEXT NOT NULL UNIQUE,
    product TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('paid', 'pending', 'failed', 'refunded', 'disputed')),
    created_at BIGINT NOT NULL
);
CREATE INDEX payments_of_account ON payments (account_id, created_at, id);

-- Every event of Stripe, stored before anything is done about it. `check.…` rows are our own wishes to look at an object again.
CREATE TABLE stripe_events (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    customer TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('new', 'done', 'ignored', 'failed')),
    tries BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT NOT NULL,
    error TEXT,
    happened_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX stripe_events_due ON stripe_events (customer, due_at) WHERE state = 'new';

-- One lane a customer: whoever holds the lease with the latest fence number processes its events.
CREATE TABLE stripe_lanes (
    customer TEXT PRIMARY KEY,
    fence BIGINT NOT NULL DEFAULT 0,
    leased_until BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT
);
CREATE INDEX stripe_lanes_due ON stripe_lanes (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE credit_balances (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    balance BIGINT NOT NULL CHECK (balance >= 0)
);

-- Credits granted together; `remaining` of all lots of an account is its balance.
CREATE TABLE credit_lots (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    remaining BIGINT NOT NULL CHECK (remaining >= 0),
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX credit_lots_open ON credit_lots (account_id, expires_at) WHERE remaining > 0;
CREATE INDEX credit_lots_due ON credit_lots (expires_at) WHERE remaining > 0;

-- The ledger. `fact` names the economic fact, so that it counts once.
CREATE TABLE credit_entries (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount <> 0),
    balance_after BIGINT NOT NULL CHECK (balance_after >= 0),
    fact TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, number)
);
