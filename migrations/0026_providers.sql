-- Accounts elsewhere by which people sign in: an issuer, and what it calls the person. What it says about an address is kept
-- nowhere; `label` is how the account was called there when it was linked, so that people recognise it.
CREATE TABLE identities (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_of_user ON identities (user_id, created_at, id);

-- Trips of browsers to a provider and back. All that is secret about one is in the browser's cookie or made from it.
CREATE TABLE provider_trips (
    browser_hash TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    session_id TEXT,
    next TEXT,
    identity TEXT,
    email TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX provider_trips_by_end ON provider_trips (expires_at);

-- An identity that becomes the person's once they are in: it waits for the proof of the mailbox, then for the second step.
ALTER TABLE sign_ins ADD COLUMN identity TEXT;
ALTER TABLE second_steps ADD COLUMN identity TEXT;
