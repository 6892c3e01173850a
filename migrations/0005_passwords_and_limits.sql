-- What is kept of a password. People without one sign in by mail.
ALTER TABLE users ADD COLUMN password_hash TEXT;

-- The password typed at sign-up waits here; it becomes the person's when they prove the mailbox.
ALTER TABLE sign_ins ADD COLUMN password_hash TEXT;

-- `factor` takes one more word. Under another name for a moment, because a CHECK cannot be changed on SQLite.
ALTER TABLE user_sessions ADD COLUMN signed_in_by TEXT NOT NULL DEFAULT 'link' CHECK (signed_in_by IN ('link', 'code', 'password'));
UPDATE user_sessions SET signed_in_by = factor;
ALTER TABLE user_sessions DROP COLUMN factor;
ALTER TABLE user_sessions RENAME COLUMN signed_in_by TO factor;

-- Links that let a person choose a new password. Rows of addresses nobody has are without a person and open nothing.
CREATE TABLE password_resets (
    id TEXT PRIMARY KEY,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    link_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX password_resets_by_expiry ON password_resets (expires_at);
CREATE INDEX password_resets_of_user ON password_resets (user_id) WHERE used_at IS NULL;

-- How much of a security limit was taken since its window began.
CREATE TABLE limits (
    key TEXT PRIMARY KEY,
    started_at BIGINT NOT NULL,
    taken BIGINT NOT NULL
);
CREATE INDEX limits_by_start ON limits (started_at);
