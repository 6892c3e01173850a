//! What becomes of a role is mailed to everybody who has it, a batch at a time: there may be thousands. Who they are is written
//! down in the transaction of the change; each is told once.

use crate::db::Tx;
use crate::mail::letters;
use crate::refusal::Result;
use crate::{Keel, args, ids, sql};
use keel_types::{AccountId, AuditId, Email, Instant, Permissions, Role};

/// People told in one transaction, three rows each.
const BATCH: u32 = 250;

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

/// Tells the next who are to be told. True when there was somebody.
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    let untold: Vec<NewsRow> = keel.db().read().list(LIST_UNTOLD, args![BATCH]).await?;
    if untold.is_empty() {
        return Ok(false);
    }
    let mut tx = keel.db().begin().await?;
    for news in &untold {
        // Another instance may have told them meanwhile.
        if tx.ran(TELL, args![news.change_id.as_str(), news.membership_id.as_str()]).await? {
            tell(&mut tx, keel, news).await?;
        }
    }
    tx.commit().await?;
    keel.wake();
    Ok(true)
}

async fn tell(tx: &mut Tx, keel: &Keel, news: &NewsRow) -> Result<()> {
    let model = keel.settings().model();
    let role = Role::of(&news.role, &news.name, &news.permissions, model);
    let place = letters::roles::Place { account: &news.account_id, name: &news.account_name, role: &role };
    if let Some(ended) = &news.ended {
        letters::roles::replaced(tx, keel, &news.email, &place, ended).await
    } else {
        let (added, removed) = (Permissions::parse(&news.added), Permissions::parse(&news.removed));
        letters::roles::altered(tx, keel, &news.email, &place, added, removed).await
    }
}
