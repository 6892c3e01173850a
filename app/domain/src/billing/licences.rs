//! Licences: paid once, they count like a plan, for a time or for ever; beside a subscription both grant, and the higher limit
//! counts. Their months of credits, and their end, come by the clock. Tested in `tests/flows/purchases.rs`.

use super::catalogue::{self, Product};
use super::seats;
use crate::audit::{self, Action, Actor};
use crate::clock::add_months;
use crate::credits::{self, Grant, Kind};
use crate::db::{Conn, Tx, locks};
use crate::refusal::Result;
use crate::{Keel, args, ids, sql};
use keel_types::time::DAY;
use keel_types::{AccountId, Instant, LicenceId};

sql! {
    INSERT = "INSERT INTO licences (id, account_id, stripe_id, licence, live, begins_at, ends_at, created_at) VALUES ($1, $2, $3, $4, TRUE, $5, $6, $5)
        ON CONFLICT (stripe_id) DO NOTHING";
    FIND = "SELECT id, stripe_id, licence, live, begins_at, ends_at FROM licences WHERE stripe_id = $1 AND account_id = $2";
    FIND_DUE = "SELECT id, stripe_id, licence, live, begins_at, ends_at FROM licences WHERE id = $1 AND live AND due_at <= $2";
    LIST_DUE = "SELECT id, account_id FROM licences WHERE live AND due_at <= $1 ORDER BY due_at LIMIT 100";
    SET_DUE = "UPDATE licences SET due_at = $2 WHERE id = $1";
    LIST_NEWEST = "SELECT id, stripe_id, licence, live, begins_at, ends_at FROM licences WHERE account_id = $1 ORDER BY begins_at DESC, id DESC LIMIT 20";
    SET_LIVE = "UPDATE licences SET live = $2, ended_at = $3, due_at = $4 WHERE id = $1 AND live <> $2";
}

/// A licence that an account bought.
#[derive(Clone, Debug)]
pub struct Licence {
    /// What it is called.
    pub name: String,
    /// When it was bought.
    pub begins: Instant,
    /// When it ends, or ended by the clock; none for ever.
    pub ends: Option<Instant>,
    /// Whether it counts.
    pub is_live: bool,
}

#[derive(sqlx::FromRow)]
pub(super) struct LicenceRow {
    #[sqlx(try_from = "String")]
    id: LicenceId,
    stripe_id: String,
    licence: String,
    live: bool,
    begins_at: i64,
    ends_at: Option<i64>,
}

impl LicenceRow {
    /// As people see it; one that is sold no more keeps its id for a name.
    pub(super) fn shown(self, product: &Product) -> Licence {
        let name = product.licence(&self.licence).map(|licence| licence.name.clone());
        let (begins, ends) = (Instant(self.begins_at), self.ends_at.map(Instant));
        Licence { name: name.unwrap_or(self.licence), begins, ends, is_live: self.live }
    }

    /// How many months of credits there are: of one that ends, about as many as it has months.
    fn months(&self) -> Option<i64> {
        self.ends_at.map(|ends| (((ends - self.begins_at) / DAY * 12 + 182) / 365).max(1))
    }

    /// The month that is now, if there is one: the first is number 0.
    fn current(&self, now: Instant) -> Option<u32> {
        let month = (0..1_200).find(|month| add_months(Instant(self.begins_at), month + 1) > now)?;
        self.months().is_none_or(|months| i64::from(month) < months).then_some(month)
    }

    /// When the clock has something to do next: a month that begins, or the end.
    fn next(&self, now: Instant) -> Option<i64> {
        let month = self.current(now).map_or(1_200, |month| month + 1);
        let begins = self.months().is_none_or(|months| i64::from(month) < months).then(|| add_months(Instant(self.begins_at), month).0);
        begins.into_iter().chain(self.ends_at).min()
    }
}

/// The newest licences of an account.
pub(super) async fn list(conn: &mut Conn, account: &AccountId) -> Result<Vec<LicenceRow>> {
    Ok(conn.list(LIST_NEWEST, args![account]).await?)
}

/// A licence that was paid begins, with its first month of credits; one checkout brings one. The caller holds the account's lock.
pub(super) async fn begin(tx: &mut Tx, keel: &Keel, account: &AccountId, checkout: &str, licence: &catalogue::Licence) -> Result<()> {
    let now = keel.now();
    let (id, ends) = (ids::new::<LicenceId>(), licence.days.map(|days| now.plus(i64::from(days) * DAY).0));
    if !tx.ran(INSERT, args![&id, account, checkout, licence.id.as_str(), now, ends]).await? {
        return Ok(());
    }
    let Some(row) = tx.find::<LicenceRow>(FIND, args![checkout, account]).await? else { return Ok(()) };
    grant_month(tx, keel, account, &row).await?;
    seats::follow(tx, &keel.settings().product, account).await?;
    let metadata = [("licence", licence.id.as_str())];
    audit::write(tx, &Actor::System("stripe"), Action::LicenceStarted, Some(account), id.as_str(), &metadata, now).await
}

/// Grants the month that is now, and says when to look again.
async fn grant_month(tx: &mut Tx, keel: &Keel, account: &AccountId, row: &LicenceRow) -> Result<()> {
    let now = keel.now();
    let Some(licence) = keel.settings().product.licence(&row.licence) else {
        tracing::warn!(%account, licence = row.licence, "a licence is not in the catalogue any more; it grants nothing");
        tx.run(SET_DUE, args![&row.id, row.ends_at]).await?;
        return Ok(());
    };
    if let Some(month) = row.current(now) {
        let ends = add_months(Instant(row.begins_at), month + 1);
        let grant = Grant {
            kind: Kind::Licence,
            amount: licence.credits,
            fact: format!("licence:{}:{month}", row.stripe_id),
            expires: Some(row.ends_at.map_or(ends, |end| Instant(end.min(ends.0)))),
            payment: Some(row.stripe_id.clone()),
        };
        credits::grant(tx, account, &grant, now).await?;
        credits::reverse(tx, account, &row.stripe_id, now).await?;
    }
    tx.run(SET_DUE, args![&row.id, row.next(now)]).await?;
    Ok(())
}

/// A licence whose money is gone ends; one whose money came back after all goes on. The caller holds the account's lock.
pub(super) async fn follow(tx: &mut Tx, keel: &Keel, account: &AccountId, checkout: &str, is_gone: bool) -> Result<()> {
    let now = keel.now();
    let Some(row) = tx.find::<LicenceRow>(FIND, args![checkout, account]).await? else { return Ok(()) };
    let lives = !is_gone && row.ends_at.is_none_or(|ends| ends > now.0);
    if row.live == lives { Ok(()) } else { turn(tx, keel, account, &row, lives).await }
}

async fn turn(tx: &mut Tx, keel: &Keel, account: &AccountId, row: &LicenceRow, lives: bool) -> Result<()> {
    let now = keel.now();
    // One that goes on has the month that is now, if nobody granted that yet.
    let (ended, due) = if lives { (None, Some(now.0)) } else { (Some(now.0), None) };
    tx.run(SET_LIVE, args![&row.id, lives, ended, due]).await?;
    seats::follow(tx, &keel.settings().product, account).await?;
    let action = if lives { Action::LicenceStarted } else { Action::LicenceEnded };
    let metadata = [("licence", row.licence.as_str())];
    audit::write(tx, &Actor::System("stripe"), action, Some(account), row.id.as_str(), &metadata, now).await
}

/// Does what the clock has brought to licences. True when there was something.
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    let due: Vec<DueRow> = keel.db().read().list(LIST_DUE, args![keel.now()]).await?;
    let any = !due.is_empty();
    let mut trouble = Ok(());
    for row in due {
        trouble = trouble.and(look_after(keel, &row).await);
    }
    trouble.map(|()| any)
}

async fn look_after(keel: &Keel, due: &DueRow) -> Result<()> {
    let now = keel.now();
    let mut tx = keel.db().begin().await?;
    if !locks::try_lock_account(&mut tx, &due.account_id).await? {
        return Ok(());
    }
    let Some(row) = tx.find::<LicenceRow>(FIND_DUE, args![&due.id, now]).await? else { return Ok(()) };
    if row.ends_at.is_some_and(|ends| ends <= now.0) {
        turn(&mut tx, keel, &due.account_id, &row, false).await?;
    } else {
        grant_month(&mut tx, keel, &due.account_id, &row).await?;
    }
    Ok(tx.commit().await?)
}

#[derive(sqlx::FromRow)]
struct DueRow {
    #[sqlx(try_from = "String")]
    id: LicenceId,
    #[sqlx(try_from = "String")]
    account_id: AccountId,
}
