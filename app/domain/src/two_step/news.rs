//! That a workspace requires two-step verification is mailed to every member without it.

use crate::db::{Arg, Sql, Tx};
use crate::mail::letters::two_step as letters;
use crate::news::{News, tell_next};
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::{AccountId, Email, Instant};

sql! {
    ADD = "INSERT INTO two_step_news (membership_id, created_at)
        SELECT m.id, $2 FROM memberships m WHERE m.account_id = $1
            AND NOT EXISTS (SELECT 1 FROM totp t WHERE t.user_id = m.user_id AND t.secret IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM passkeys p WHERE p.user_id = m.user_id)
        ON CONFLICT (membership_id) DO NOTHING";
    FORGET = "DELETE FROM two_step_news WHERE membership_id IN (SELECT id FROM memberships WHERE account_id = $1)";
    // CROSS JOIN: SQLite keeps this order, and begins with the news.
    LIST_UNTOLD = "SELECT n.membership_id, m.email, a.name, a.slug
        FROM two_step_news n CROSS JOIN memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.id = n.membership_id ORDER BY n.membership_id LIMIT 0 + $1";
    TELL = "DELETE FROM two_step_news WHERE membership_id = $1";
}

/// Notes every member of the workspace who has no second factor.
pub(super) async fn add(tx: &mut Tx, account: &AccountId, now: Instant) -> Result<()> {
    tx.run(ADD, args![account, now]).await?;
    Ok(())
}

/// Nobody is told any more.
pub(super) async fn forget(tx: &mut Tx, account: &AccountId) -> Result<()> {
    tx.run(FORGET, args![account]).await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct NewsRow {
    membership_id: String,
    #[sqlx(try_from = "String")]
    email: Email,
    name: String,
    slug: String,
}

impl News for NewsRow {
    const LIST: Sql = LIST_UNTOLD;
    const TAKE: Sql = TELL;

    fn key(&self) -> Vec<Arg> {
        args![self.membership_id.as_str()]
    }

    async fn write(&self, tx: &mut Tx, keel: &Keel) -> Result<()> {
        letters::required(tx, keel, &self.email, &self.name, &self.slug).await
    }
}

/// Tells the next who are to be told. True when there was somebody.
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    tell_next::<NewsRow>(keel).await
}
