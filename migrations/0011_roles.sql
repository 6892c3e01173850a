-- Roles that people define. `sort_key` is the folded name: no two roles that one workspace sees have the same. Those are its own
-- and the platform's, so no index can say it; `revision` of the owner's role is the lock of whoever defines one.
ALTER TABLE roles ADD COLUMN sort_key TEXT NOT NULL DEFAULT '';
ALTER TABLE roles ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
UPDATE roles SET sort_key = LOWER(name);
CREATE INDEX roles_by_name ON roles (sort_key);

-- Who has a role: asked before it is deleted, by the verb and by the database itself.
CREATE INDEX memberships_of_role ON memberships (role);
CREATE INDEX invitations_of_role ON invitations (role);

-- The audit log is read newest first: all of it, by actor, by action or by both. `actor_key` is the folded name. The indexes are on
-- the account together with what is chosen, as one text, so that neither database can take the one on the account alone instead.
ALTER TABLE audit_events ADD COLUMN actor_key TEXT NOT NULL DEFAULT '';
UPDATE audit_events SET actor_key = LOWER(actor_name);
CREATE INDEX audit_events_by_actor ON audit_events ((account_id || ' ' || actor_key), created_at, id);
CREATE INDEX audit_events_by_action ON audit_events ((account_id || ' ' || action), created_at, id);
CREATE INDEX audit_events_by_both ON audit_events ((account_id || ' ' || action || ' ' || actor_key), created_at, id);
