//! What a copy holds, of a workspace and of a person: a file in JSON and one in CSV for each line here. No hash, no token, nobody
//! else's data. A person's is found by their personal account.
//!
//! The first two columns are a number and an id, in the order of which the rows are read, a page at a time.

use crate::db::Sql;
use crate::sql;

sql! {
    WORKSPACE = "SELECT created_at, id, name, slug, member_count, max_members, currency FROM accounts
        WHERE id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT 1000";
    MEMBERS = "SELECT m.created_at, m.id, m.email, p.first_name, p.last_name, r.name AS role, m.last_active_at, m.ai_requests
        FROM memberships m JOIN user_profiles p ON p.user_id = m.user_id JOIN roles r ON r.id = m.role
        WHERE m.account_id = $1 AND (m.created_at, m.id) > ($2, $3) ORDER BY m.created_at, m.id LIMIT 1000";
    ROLES = "SELECT created_at, id, name, permissions FROM roles
        WHERE account_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT 1000";
    INVITATIONS = "SELECT i.created_at, i.id, i.email, r.name AS role, i.inviter_name, i.state, i.expires_at, i.settled_at
        FROM invitations i JOIN roles r ON r.id = i.role
        WHERE i.account_id = $1 AND (i.created_at, i.id) > ($2, $3) ORDER BY i.created_at, i.id LIMIT 1000";
    SUBSCRIPTIONS = "SELECT created_at, id, stripe_id, plan, period, unit_amount, currency, seats, status, live, period_start, period_end,
            trial_start, trial_end, cancel_at, canceled_at, ended_at FROM subscriptions
        WHERE account_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT 1000";
    PAYMENTS = "SELECT created_at, id, stripe_id, product, amount, currency, status FROM payments
        WHERE account_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT 1000";
    CREDITS = "SELECT number, id, kind, amount, balance_after, created_at FROM credit_entries
        WHERE account_id = $1 AND (number, id) > ($2, $3) ORDER BY number, id LIMIT 1000";
    AUDIT = "SELECT created_at, id, actor_name, action, resource, address, agent, metadata FROM audit_events
        WHERE account_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT 1000";
    PERSON = "SELECT u.created_at, u.id, u.email, u.verified_at, p.first_name, p.last_name, p.job_title, p.phone, p.vat_number, p.language,
            p.time_zone, p.onboarded_at
        FROM accounts o JOIN users u ON u.id = o.person_id JOIN user_profiles p ON p.user_id = u.id
        WHERE o.id = $1 AND (u.created_at, u.id) > ($2, $3) ORDER BY u.created_at, u.id LIMIT 1000";
    MEMBERSHIPS = "SELECT m.created_at, m.id, a.name AS workspace, r.name AS role, m.last_active_at, m.ai_requests
        FROM accounts o JOIN memberships m ON m.user_id = o.person_id JOIN accounts a ON a.id = m.account_id JOIN roles r ON r.id = m.role
        WHERE o.id = $1 AND a.kind = 'workspace' AND NOT a.purging AND (m.created_at, m.id) > ($2, $3) ORDER BY m.created_at, m.id LIMIT 1000";
    INVITATIONS_TO = "SELECT i.created_at, i.id, a.name AS workspace, i.inviter_name, i.state, i.expires_at, i.settled_at
        FROM accounts o JOIN users u ON u.id = o.person_id JOIN invitations i ON i.email = u.email JOIN accounts a ON a.id = i.account_id
        WHERE o.id = $1 AND NOT a.purging AND (i.created_at, i.id) > ($2, $3) ORDER BY i.created_at, i.id LIMIT 1000";
    SESSIONS = "SELECT s.created_at, s.id, s.factor, s.agent, s.address, s.last_seen_at, s.revoked_at
        FROM accounts o JOIN user_sessions s ON s.user_id = o.person_id
        WHERE o.id = $1 AND (s.created_at, s.id) > ($2, $3) ORDER BY s.created_at, s.id LIMIT 1000";
    BROWSERS = "SELECT b.created_at, b.id, b.seen_at
        FROM accounts o JOIN known_browsers b ON b.user_id = o.person_id
        WHERE o.id = $1 AND (b.created_at, b.id) > ($2, $3) ORDER BY b.created_at, b.id LIMIT 1000";
    IDENTITIES = "SELECT i.created_at, i.id, i.provider, i.issuer, i.subject, i.label, i.last_used_at
        FROM accounts o JOIN identities i ON i.user_id = o.person_id
        WHERE o.id = $1 AND (i.created_at, i.id) > ($2, $3) ORDER BY i.created_at, i.id LIMIT 1000";
    PASSKEYS = "SELECT p.created_at, p.id, p.name, p.used_at
        FROM accounts o JOIN passkeys p ON p.user_id = o.person_id
        WHERE o.id = $1 AND (p.created_at, p.id) > ($2, $3) ORDER BY p.created_at, p.id LIMIT 1000";
    ACTIVITY = "SELECT e.created_at, e.id, e.action, e.resource, e.address, e.agent
        FROM accounts o JOIN audit_events e ON e.actor_id = o.person_id
        WHERE o.id = $1 AND (e.created_at, e.id) > ($2, $3) ORDER BY e.created_at, e.id LIMIT 1000";
}

/// The files of a workspace's copy, without their endings.
pub(super) const OF_WORKSPACE: &[(&str, Sql)] = &[
    ("workspace", WORKSPACE),
    ("members", MEMBERS),
    ("roles", ROLES),
    ("invitations", INVITATIONS),
    ("subscriptions", SUBSCRIPTIONS),
    ("payments", PAYMENTS),
    ("credits", CREDITS),
    ("audit", AUDIT),
];

/// The files of a person's copy.
pub(super) const OF_PERSON: &[(&str, Sql)] = &[
    ("person", PERSON),
    ("memberships", MEMBERSHIPS),
    ("invitations", INVITATIONS_TO),
    ("sessions", SESSIONS),
    ("known_browsers", BROWSERS),
    ("identities", IDENTITIES),
    ("passkeys", PASSKEYS),
    ("activity", ACTIVITY),
    ("subscriptions", SUBSCRIPTIONS),
    ("payments", PAYMENTS),
    ("credits", CREDITS),
];

/// Rows read at once, as the statements say.
pub(super) const PAGE: usize = 1_000;
