//! What a copy holds: a file in JSON and one in CSV for each line here. No hash, no token, nobody else's data.
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
}

/// The files, without their endings.
pub(super) const TABLES: [(&str, Sql); 8] = [
    ("workspace", WORKSPACE),
    ("members", MEMBERS),
    ("roles", ROLES),
    ("invitations", INVITATIONS),
    ("subscriptions", SUBSCRIPTIONS),
    ("payments", PAYMENTS),
    ("credits", CREDITS),
    ("audit", AUDIT),
];

/// Rows read at once, as the statements say.
pub(super) const PAGE: usize = 1_000;
