-- Ids are TEXT with a prefix, moments BIGINT milliseconds, flags BOOLEAN, money BIGINT minor units and a currency.

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    verified_at BIGINT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

CREATE TABLE user_profiles (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    first_name TEXT,
    last_name TEXT,
    phone TEXT,
    onboarded_at BIGINT,
    intent TEXT,
    intent_until BIGINT
);

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('personal', 'workspace')),
    name TEXT NOT NULL,
    slug TEXT UNIQUE,
    person_id TEXT UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    billing_owner_id TEXT NOT NULL REFERENCES users (id),
    max_members BIGINT,
    max_members_pinned BOOLEAN NOT NULL DEFAULT FALSE,
    member_count BIGINT NOT NULL DEFAULT 0,
    currency TEXT,
    trial_started_at BIGINT,
    revision BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    CHECK ((kind = 'workspace') = (slug IS NOT NULL)),
    CHECK ((kind = 'personal') = (person_id IS NOT NULL))
);

-- Permissions of the three system roles are code; those of other roles are words separated by spaces.
CREATE TABLE roles (
    id TEXT PRIMARY KEY,
    account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

INSERT INTO roles (id, account_id, name, permissions, created_at) VALUES
    ('owner', NULL, 'Owner', '', 0),
    ('admin', NULL, 'Admin', '', 0),
    ('member', NULL, 'Member', '', 0),
    ('viewer', NULL, 'Viewer', 'members:view legal_entity:view projects:view', 0);

CREATE TABLE memberships (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL REFERENCES roles (id),
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, user_id)
);
CREATE INDEX memberships_of_user ON memberships (user_id, created_at);

CREATE TABLE sign_ins (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    link_hash TEXT NOT NULL UNIQUE,
    code_hash TEXT NOT NULL,
    browser_hash TEXT NOT NULL UNIQUE,
    tries BIGINT NOT NULL DEFAULT 0,
    next TEXT,
    intent TEXT,
    mailed_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX sign_ins_by_expiry ON sign_ins (expires_at);

CREATE TABLE user_sessions (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    active_account_id TEXT REFERENCES accounts (id) ON DELETE SET NULL,
    factor TEXT NOT NULL CHECK (factor IN ('link', 'code')),
    agent TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX user_sessions_of_user ON user_sessions (user_id, created_at);

CREATE TABLE audit_events (
    id TEXT PRIMARY KEY,
    account_id TEXT,
    actor_id TEXT,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX audit_events_of_account ON audit_events (account_id, created_at, id);
CREATE INDEX audit_events_of_actor ON audit_events (actor_id, created_at, id);
