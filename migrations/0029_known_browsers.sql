-- Browsers that are known to be somebody's: each has signed in as them, and nobody ended it since. A browser's cookie names the row.
-- Those that signed in before this table are not known: their next sign-in is told of by mail, once.
CREATE TABLE known_browsers (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX known_browsers_of_user ON known_browsers (user_id, created_at, id);
CREATE INDEX known_browsers_by_age ON known_browsers (seen_at);

-- The browser a session was begun in, known or not any more. NULL for sessions begun before.
ALTER TABLE user_sessions ADD COLUMN browser_id TEXT;
