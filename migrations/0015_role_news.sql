-- What is still to be told to those whose role allows other things now, or was replaced: one mail each. `change_id` is the change's.
CREATE TABLE role_news (
    change_id TEXT NOT NULL,
    membership_id TEXT NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    ended TEXT,
    added TEXT NOT NULL,
    removed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (change_id, membership_id)
);
CREATE INDEX role_news_of_membership ON role_news (membership_id);
