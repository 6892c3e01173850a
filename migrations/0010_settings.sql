-- Whose a slug is: the account that has it, and for a while the one that had it, so that old links lead on. The one place that
-- says whether a slug is free. An account may be written after its slug.
CREATE TABLE slugs (
    slug TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    held_until BIGINT
);
CREATE INDEX slugs_of_account ON slugs (account_id);
CREATE INDEX slugs_held ON slugs (held_until) WHERE held_until IS NOT NULL;
INSERT INTO slugs (slug, account_id, held_until) SELECT slug, id, NULL FROM accounts WHERE slug IS NOT NULL;

-- What stands on an account's invoices, as people typed it.
CREATE TABLE companies (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT,
    address TEXT,
    tax_id TEXT,
    email TEXT,
    updated_at BIGINT NOT NULL
);

-- Bytes that belong to an account, under a name. SQLite takes any name of a type; BYTEA is PostgreSQL's.
CREATE TABLE files (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    bytes BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, name)
);

-- The name of the file with the workspace's logo.
ALTER TABLE accounts ADD COLUMN logo TEXT;

-- The first people of an account, whatever others there are.
CREATE INDEX memberships_by_age ON memberships (account_id, created_at, id);
