//! What ties a person to workspaces: those they cannot leave as they are.

use crate::db::{Conn, Tx, locks};
use crate::refusal::Result;
use crate::{args, sql};
use keel_types::{AccountId, Instant, UserId};

sql! {
    // The workspaces where the person is the only one, the only owner who stays, or the one who answers for the money.
    LIST = "SELECT a.id, a.name, a.slug, a.deletion_due_at, a.member_count = 1 AS alone, a.billing_owner_id = $1 AS bills
        FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.user_id = $1 AND a.kind = 'workspace' AND NOT a.purging AND (a.member_count = 1 OR a.billing_owner_id = $1
            OR (m.role = 'owner' AND NOT EXISTS (SELECT 1 FROM memberships o JOIN users u ON u.id = o.user_id
                WHERE o.account_id = a.id AND o.role = 'owner' AND o.user_id <> $1 AND u.closing_due_at IS NULL)))
        ORDER BY a.id";
    LIST_ACCOUNTS = "SELECT m.account_id FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.user_id = $1 AND a.kind = 'workspace' AND NOT a.purging ORDER BY m.account_id";
}

/// A workspace that is tied to a person.
#[derive(Clone, Debug)]
pub struct Tie {
    /// The workspace.
    pub account: AccountId,
    /// What it is called.
    pub name: String,
    /// Its part of URLs.
    pub slug: String,
    /// When it is deleted, while that is scheduled.
    pub deletion_due: Option<Instant>,
    /// How.
    pub knot: Knot,
}

/// How a workspace is tied to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knot {
    /// Nobody else is in it.
    Alone,
    /// Others are, and the person is the only owner who stays.
    Owner,
    /// Others are, and the person answers for its money.
    BillingOwner,
}

#[derive(sqlx::FromRow)]
struct TieRow {
    #[sqlx(try_from = "String")]
    id: AccountId,
    name: String,
    slug: Option<String>,
    deletion_due_at: Option<i64>,
    alone: bool,
    bills: bool,
}

/// The workspaces that are tied to the person.
pub(super) async fn list(conn: &mut Conn, user: &UserId) -> Result<Vec<Tie>> {
    let rows: Vec<TieRow> = conn.list(LIST, args![user]).await?;
    Ok(rows.into_iter().map(TieRow::tie).collect())
}

/// The same, with everything the person belongs to locked: it stays so until the transaction ends. The caller holds the person's
/// lock.
pub(super) async fn hold(tx: &mut Tx, user: &UserId) -> Result<Vec<Tie>> {
    lock_accounts(tx, user).await?;
    list(tx, user).await
}

/// Locks the workspaces the person belongs to, in the order of their ids; gives them.
pub(super) async fn lock_accounts(tx: &mut Tx, user: &UserId) -> Result<Vec<AccountId>> {
    let rows: Vec<(String,)> = tx.list(LIST_ACCOUNTS, args![user]).await?;
    let mut held = vec![];
    for account in rows.into_iter().filter_map(|(id,)| AccountId::parse(&id).ok()) {
        if locks::try_lock_account(tx, &account).await? {
            held.push(account);
        }
    }
    Ok(held)
}

impl Tie {
    /// Whether others stay there, who would be without an owner.
    pub fn needs_the_person(&self) -> bool {
        self.knot != Knot::Alone && self.deletion_due.is_none()
    }
}

impl TieRow {
    fn tie(self) -> Tie {
        let knot = match (self.alone, self.bills) {
            (true, _) => Knot::Alone,
            (false, true) => Knot::BillingOwner,
            (false, false) => Knot::Owner,
        };
        Tie {
            account: self.id,
            name: self.name,
            slug: self.slug.unwrap_or_default(),
            deletion_due: self.deletion_due_at.map(Instant),
            knot,
        }
    }
}
