-- A person of the platform's own: never a member of anything by it.
ALTER TABLE users ADD COLUMN platform_role TEXT CHECK (platform_role IN ('support', 'admin'));

-- How far something was done: the moment until which Stripe's events were compared.
CREATE TABLE marks (
    name TEXT PRIMARY KEY,
    reached BIGINT NOT NULL
);
