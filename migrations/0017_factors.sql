-- `factor` takes two more words. Under another name for a moment, because a CHECK cannot be changed on SQLite.
ALTER TABLE user_sessions ADD COLUMN signed_in_by TEXT NOT NULL DEFAULT 'link'
    CHECK (signed_in_by IN ('link', 'code', 'password', 'passkey', 'provider'));
UPDATE user_sessions SET signed_in_by = factor;
ALTER TABLE user_sessions DROP COLUMN factor;
ALTER TABLE user_sessions RENAME COLUMN signed_in_by TO factor;

-- What was shown beside it, by people who have turned that on.
ALTER TABLE user_sessions ADD COLUMN second_factor TEXT CHECK (second_factor IN ('totp', 'recovery', 'passkey'));
