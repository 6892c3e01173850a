-- How often a person has signed in: at the first time no browser is known to be theirs yet.
ALTER TABLE users ADD COLUMN sign_ins BIGINT NOT NULL DEFAULT 0;
UPDATE users SET sign_ins = 1;

-- The address that a person wants instead of theirs, the newest wish only. Its link was mailed to the new address, unless that
-- was somebody's: then the row is the same and its link is in no mail.
CREATE TABLE address_changes (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    from_email TEXT NOT NULL,
    email TEXT NOT NULL,
    link_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX address_changes_by_expiry ON address_changes (expires_at);

-- What goes with an address is found by it; what is swept, by its age.
CREATE INDEX sign_ins_to_address ON sign_ins (email);
CREATE INDEX user_sessions_by_age ON user_sessions (created_at);
