-- Lists of members read no other table to sort, search and page. `sort_key` is the folded name, else the address; `email`
-- is the person's. Both are kept true by whatever changes the person.
ALTER TABLE memberships ADD COLUMN sort_key TEXT NOT NULL DEFAULT '';
ALTER TABLE memberships ADD COLUMN email TEXT NOT NULL DEFAULT '';

-- When the person was last seen in the account, written at most every five minutes.
ALTER TABLE memberships ADD COLUMN last_active_at BIGINT;

UPDATE memberships SET
    email = (SELECT u.email FROM users u WHERE u.id = memberships.user_id),
    sort_key = (SELECT COALESCE(LOWER(p.first_name || ' ' || p.last_name), u.email)
                FROM users u LEFT JOIN user_profiles p ON p.user_id = u.id WHERE u.id = memberships.user_id);

CREATE INDEX memberships_by_name ON memberships (account_id, sort_key, id);
CREATE INDEX memberships_by_role ON memberships (account_id, role, sort_key, id);
CREATE INDEX memberships_by_email ON memberships (account_id, email);
CREATE INDEX roles_of_account ON roles (account_id);
