//! What becomes of a role is mailed to everybody who has it; each is told once.

use crate::db::{Arg, Sql, Tx};
use crate::mail::letters;
use crate::news::{News, tell_next};
use crate::refusal::Result;
use crate::{Keel, args, ids, sql};
use keel_types::{AccountId, AuditId, Email, Instant, Permissions, Role};

sql! {
    // Of one workspace, or of all where none is named.
    ADD = "INSERT INTO role_news (change_id, membership_id, ended, added, removed, created_at)
        SELECT $1, id, $4, $5, $6, $7 FROM memberships WHERE role = $2 AND (CAST($3 AS TEXT) IS NULL OR account_id = $3)";
    // CROSS JOIN: SQLite keeps this order, and begins with the news.
    LIST_UNTOLD = "SELECT n.change_id, n.membership_id, n.ended, n.added, n.removed, m.email, m.account_id, m.role, r.name, r.permissions,
            a.name AS account_name
        FROM role_news n CROSS JOIN memberships m JOIN roles r ON r.id = m.role JOIN accounts a ON a.id = m.account_id
        WHERE m.id = n.membership_id ORDER BY n.change_id, n.membership_id LIMIT 0 + $1";
    TELL = "DELETE FROM role_news WHERE change_id = $1 AND membership_id = $2";
}

/// What became of a role.
pub(super) enum Change<'a> {
    /// It allows these besides, and those no more.
    Allows(Permissions, Permissions),
    /// It had this name; those who had it have another role now.
    Ended(&'a str),
}

/// Notes everybody who has the role by now, in one workspace or in all.
pub(super) async fn add(tx: &mut Tx, role: &str, account: Option<&AccountId>, change: Change<'_>, now: Instant) -> Result<()> {
    let (ended, added, removed) = match change {
        Change::Allows(added, removed) => (None, added.words(), removed.words()),
        Change::Ended(name) => (Some(name.to_owned()), String::new(), String::new()),
    };
    let account = account.map(|account| account.as_str().to_owned());
    tx.run(ADD, args![&ids::new::<AuditId>(), role, account, ended, added, removed, now]).await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct NewsRow {
    change_id: String,
    membership_id: String,
    ended: Option<String>,
    added: String,
    removed: String,
    #[sqlx(try_from = "String")]
    email: Email,
    account_id: String,
    role: String,
    name: String,
    permissions: String,
    account_name: String,
}

impl News for NewsRow {
    const LIST: Sql = LIST_UNTOLD;
    const TAKE: Sql = TELL;

    fn key(&self) -> Vec<Arg> {
        args![self.change_id.as_str(), self.membership_id.as_str()]
    }

    async fn write(&self, tx: &mut Tx, keel: &Keel) -> Result<()> {
        let role = Role::of(&self.role, &self.name, &self.permissions, keel.settings().model());
        let place = letters::roles::Place { account: &self.account_id, name: &self.account_name, role: &role };
        if let Some(ended) = &self.ended {
            letters::roles::replaced(tx, keel, &self.email, &place, ended).await
        } else {
            let (added, removed) = (Permissions::parse(&self.added), Permissions::parse(&self.removed));
            letters::roles::altered(tx, keel, &self.email, &place, added, removed).await
        }
    }
}

/// Tells the next who are to be told. True when there was somebody.
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    tell_next::<NewsRow>(keel).await
}
