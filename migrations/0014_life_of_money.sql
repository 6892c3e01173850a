-- A subscription whose payment is overdue: since when, and until when its plan is kept all the same. `lost_at` is when it ceased to
-- count: from then on it takes the place of no other.
ALTER TABLE subscriptions ADD COLUMN past_due_since BIGINT;
ALTER TABLE subscriptions ADD COLUMN kept_until BIGINT;
ALTER TABLE subscriptions ADD COLUMN lost_at BIGINT;
CREATE INDEX subscriptions_kept ON subscriptions (kept_until) WHERE live AND kept_until IS NOT NULL;

-- The same moment where every page sees it; and whose trial the account's one trial was, at Stripe.
ALTER TABLE accounts ADD COLUMN kept_until BIGINT;
ALTER TABLE accounts ADD COLUMN trial_of TEXT;

-- What was charged, and of it given back, lost in a dispute, and being disputed: minor units. `turns` numbers what was done about it
-- in the ledger. `note` says why a payment granted nothing.
ALTER TABLE payments ADD COLUMN charged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN lost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN contested BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN turns BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN note TEXT;

-- What is kept back of a balance: what open holds come to. It may be more than there is, when a payment is disputed.
ALTER TABLE credit_balances ADD COLUMN held BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0);

-- Which payment credits came from, by its id at Stripe; why somebody adjusted a balance.
ALTER TABLE credit_lots ADD COLUMN payment TEXT;
CREATE INDEX credit_lots_of_payment ON credit_lots (payment) WHERE payment IS NOT NULL;
ALTER TABLE credit_entries ADD COLUMN payment TEXT;
CREATE INDEX credit_entries_of_payment ON credit_entries (payment) WHERE payment IS NOT NULL;
ALTER TABLE credit_entries ADD COLUMN reason TEXT;

-- Credits kept back: for an answer under way, until it is settled or the hold runs out; or for a dispute.
CREATE TABLE credit_holds (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    fact TEXT NOT NULL UNIQUE,
    amount BIGINT NOT NULL CHECK (amount > 0),
    state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'released')),
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX credit_holds_of_account ON credit_holds (account_id, state);
CREATE INDEX credit_holds_due ON credit_holds (expires_at) WHERE state = 'open';
CREATE INDEX credit_holds_settled ON credit_holds (settled_at) WHERE state <> 'open';

-- Credits that were to be taken back and were spent already: later grants repay them first.
CREATE TABLE credit_debts (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    payment TEXT,
    fact TEXT NOT NULL UNIQUE,
    amount BIGINT NOT NULL CHECK (amount > 0),
    remaining BIGINT NOT NULL CHECK (remaining >= 0),
    created_at BIGINT NOT NULL
);
CREATE INDEX credit_debts_open ON credit_debts (account_id, created_at) WHERE remaining > 0;
CREATE INDEX credit_debts_of_payment ON credit_debts (payment) WHERE payment IS NOT NULL;

-- Months of credits say which payment they belong to.
ALTER TABLE credit_months ADD COLUMN payment TEXT;

-- What was paid once and counts like a plan: for a time, or for ever. `stripe_id` is the checkout session's. `due_at` is when its next
-- month of credits begins or it ends.
CREATE TABLE licences (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    stripe_id TEXT NOT NULL UNIQUE,
    licence TEXT NOT NULL,
    live BOOLEAN NOT NULL,
    begins_at BIGINT NOT NULL,
    ends_at BIGINT,
    due_at BIGINT,
    ended_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX licences_of_account ON licences (account_id, live);
CREATE INDEX licences_due ON licences (due_at) WHERE live AND due_at IS NOT NULL;

-- A subscription beside the one that counts: it is ended at Stripe, what it cost is paid back, and people are told.
CREATE TABLE surpluses (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    stripe_id TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL CHECK (reason IN ('second', 'trial')),
    state TEXT NOT NULL CHECK (state IN ('due', 'done', 'kept')),
    refunded BIGINT NOT NULL DEFAULT 0,
    next_at BIGINT,
    tries BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    created_at BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX surpluses_of_account ON surpluses (account_id);
CREATE INDEX surpluses_next ON surpluses (next_at) WHERE next_at IS NOT NULL;

-- What people were told once and for all, by the fact it was about.
CREATE TABLE told (
    fact TEXT PRIMARY KEY,
    told_at BIGINT NOT NULL
);
CREATE INDEX told_by_age ON told (told_at);

-- What each nightly comparison with Stripe found, newest last.
CREATE TABLE drift_reports (
    id TEXT PRIMARY KEY,
    events BIGINT NOT NULL,
    subscriptions BIGINT NOT NULL,
    details TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL
);
CREATE INDEX drift_reports_by_age ON drift_reports (started_at);
