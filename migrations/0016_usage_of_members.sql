-- How often a member had the AI work, in this account.
ALTER TABLE memberships ADD COLUMN ai_requests BIGINT NOT NULL DEFAULT 0;

-- For whom credits are kept back; none for a dispute, and for people who left.
ALTER TABLE credit_holds ADD COLUMN membership_id TEXT REFERENCES memberships (id) ON DELETE SET NULL;
CREATE INDEX credit_holds_of_membership ON credit_holds (membership_id) WHERE membership_id IS NOT NULL;
