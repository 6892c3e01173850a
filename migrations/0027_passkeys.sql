-- Passkeys: keys that people's devices keep. A device knows its person by a random handle, never by the id; a credential belongs
-- to one person.
CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    credential_id TEXT NOT NULL UNIQUE,
    user_handle TEXT NOT NULL,
    -- The public key with its counter, as JSON.
    credential TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX passkeys_of_user ON passkeys (user_id, created_at, id);

-- What a device is asked to sign: once, for one purpose, by one holder: a session that registers, or a browser, by the hash of its
-- token. The newest only.
CREATE TABLE passkey_challenges (
    holder TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('register', 'sign-in', 'second-factor')),
    -- What was asked, as JSON.
    state TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (holder, purpose)
);
CREATE INDEX passkey_challenges_by_expiry ON passkey_challenges (expires_at);
