-- The app that shows a person's codes. `secret` counts; `pending` was shown and waits for its first code. Both are encrypted under
-- KEEL_SECRET. `last_step` is the newest span of thirty seconds of which a code was taken: none counts twice.
CREATE TABLE totp (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret TEXT,
    last_step BIGINT NOT NULL DEFAULT 0,
    confirmed_at BIGINT,
    pending TEXT,
    pending_until BIGINT
);

-- What stands in for it, each once.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, code_hash)
);

-- Sign-ins whose first factor was right and whose second is awaited: no session yet.
CREATE TABLE second_steps (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    factor TEXT NOT NULL,
    next TEXT,
    intent TEXT,
    tries BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX second_steps_by_expiry ON second_steps (expires_at);
CREATE INDEX second_steps_of_user ON second_steps (user_id) WHERE used_at IS NULL;

-- Whether a workspace opens only to sessions that were begun with a second factor, and whom that is still to be told.
ALTER TABLE accounts ADD COLUMN two_step_required BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE two_step_news (
    membership_id TEXT PRIMARY KEY REFERENCES memberships (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
