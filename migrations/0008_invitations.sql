-- Who may join a workspace, until when, as what. The token is in the mail alone; here is its hash.
CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    role TEXT NOT NULL REFERENCES roles (id),
    token_hash TEXT NOT NULL UNIQUE,
    invited_by TEXT REFERENCES users (id) ON DELETE SET NULL,
    inviter_name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'declined', 'revoked')),
    created_at BIGINT NOT NULL,
    mailed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    settled_at BIGINT,
    CHECK ((state = 'pending') = (settled_at IS NULL))
);
CREATE UNIQUE INDEX invitations_one_pending ON invitations (account_id, email) WHERE state = 'pending';
CREATE INDEX invitations_of_account ON invitations (account_id, created_at, id) WHERE state = 'pending';
CREATE INDEX invitations_to_address ON invitations (email, expires_at) WHERE state = 'pending';
CREATE INDEX invitations_by_expiry ON invitations (expires_at);
