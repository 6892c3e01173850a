//! Credits: a balance, the lots it consists of, and the ledger that explains it.
//!
//! Every change is made under the account's lock, together with its ledger row; `fact` names the economic fact behind it,
//! so that several reports of one payment count once. Tested in `credits/tests.rs` and `tests/flows/credits.rs`.

#[cfg(test)]
mod tests;
mod verify;

pub use verify::{Proof, verify};

use crate::db::{Tx, locks};
use crate::refusal::Result;
use crate::{Keel, args, ids, sql};
use keel_types::{AccountId, EntryId, Instant, LotId};
use std::collections::BTreeSet;

sql! {
    FACT_IS_KNOWN = "SELECT number FROM credit_entries WHERE fact = $1";
    ADD_TO_BALANCE = "INSERT INTO credit_balances (account_id, balance) VALUES ($1, $2)
        ON CONFLICT (account_id) DO UPDATE SET balance = credit_balances.balance + excluded.balance RETURNING balance";
    TAKE_FROM_BALANCE = "UPDATE credit_balances SET balance = balance - $2 WHERE account_id = $1 AND balance >= $2 RETURNING balance";
    INSERT_LOT = "INSERT INTO credit_lots (id, account_id, remaining, expires_at, created_at) VALUES ($1, $2, $3, $4, $5)";
    INSERT_ENTRY = "INSERT INTO credit_entries (id, account_id, number, kind, amount, balance_after, fact, created_at)
        VALUES ($1, $2, (SELECT COALESCE(MAX(number), 0) + 1 FROM credit_entries WHERE account_id = $2), $3, $4, $5, $6, $7)";
    LIST_DUE_LOTS = "SELECT id, remaining FROM credit_lots WHERE account_id = $1 AND remaining > 0 AND expires_at <= $2 ORDER BY expires_at, id";
    EMPTY_LOTS = "UPDATE credit_lots SET remaining = 0 WHERE account_id = $1 AND remaining > 0";
    FIND_BALANCE = "SELECT balance FROM credit_balances WHERE account_id = $1";
    EMPTY_LOT = "UPDATE credit_lots SET remaining = 0 WHERE id = $1";
    // Ordered, and not made distinct here: SQLite would read the lots of every account to find each account once.
    LIST_ACCOUNTS_WITH_DUE_LOTS = "SELECT account_id FROM credit_lots WHERE remaining > 0 AND expires_at <= $1 ORDER BY expires_at LIMIT 100";
}

/// Why credits moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A paid month of a plan.
    Subscription,
    /// The trial.
    Trial,
    /// A month of the free plan.
    FreePlan,
    /// What was not used in time.
    Expiry,
    /// What was left when the account was deleted.
    Deletion,
}

impl Kind {
    /// The word as kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::Trial => "trial",
            Self::FreePlan => "free_plan",
            Self::Expiry => "expiry",
            Self::Deletion => "deletion",
        }
    }
}

/// Credits to be granted.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub kind: Kind,
    /// More than zero, or nothing happens.
    pub amount: i64,
    /// What it is for; granted once.
    pub fact: String,
    pub expires: Option<Instant>,
}

/// Grants credits, unless this fact was granted before. The caller holds the account's lock.
pub(crate) async fn grant(tx: &mut Tx, account: &AccountId, grant: &Grant, now: Instant) -> Result<()> {
    let known: Option<(i64,)> = tx.find(FACT_IS_KNOWN, args![grant.fact.as_str()]).await?;
    if known.is_some() || grant.amount <= 0 {
        return Ok(());
    }
    expire_due(tx, account, now).await?;
    let (balance,): (i64,) = tx.get(ADD_TO_BALANCE, args![account, grant.amount]).await?;
    let expires = grant.expires.map(|at| at.0);
    tx.run(INSERT_LOT, args![&ids::new::<LotId>(), account, grant.amount, expires, now]).await?;
    enter(tx, account, grant.kind, grant.amount, balance, &grant.fact, now).await
}

/// Takes away what was not used in time. The caller holds the account's lock.
async fn expire_due(tx: &mut Tx, account: &AccountId, now: Instant) -> Result<()> {
    let due: Vec<(String, i64)> = tx.list(LIST_DUE_LOTS, args![account, now]).await?;
    for (lot, remaining) in due {
        tx.run(EMPTY_LOT, args![lot.as_str()]).await?;
        let (balance,): (i64,) = tx.get(TAKE_FROM_BALANCE, args![account, remaining]).await?;
        enter(tx, account, Kind::Expiry, -remaining, balance, &format!("expiry:{lot}"), now).await?;
    }
    Ok(())
}

/// Takes away everything that is left of an account that is being deleted: its ledger ends with nothing. The caller holds the
/// account's lock.
pub(crate) async fn write_off(tx: &mut Tx, account: &AccountId, now: Instant) -> Result<()> {
    tx.run(EMPTY_LOTS, args![account]).await?;
    let left: Option<(i64,)> = tx.find(FIND_BALANCE, args![account]).await?;
    let Some((left,)) = left.filter(|(left,)| *left > 0) else { return Ok(()) };
    let (balance,): (i64,) = tx.get(TAKE_FROM_BALANCE, args![account, left]).await?;
    enter(tx, account, Kind::Deletion, -left, balance, &format!("deletion:{account}"), now).await
}

async fn enter(tx: &mut Tx, account: &AccountId, kind: Kind, amount: i64, balance: i64, fact: &str, now: Instant) -> Result<()> {
    let row = args![&ids::new::<EntryId>(), account, kind.as_str(), amount, balance, fact, now];
    tx.run(INSERT_ENTRY, row).await?;
    Ok(())
}

/// Takes away what is due to expire, of every account. True when there was something.
pub(crate) async fn expire(keel: &Keel) -> Result<bool> {
    let accounts: Vec<DueRow> = keel.db().read().list(LIST_ACCOUNTS_WITH_DUE_LOTS, args![keel.now()]).await?;
    let accounts: BTreeSet<AccountId> = accounts.into_iter().map(|row| row.account_id).collect();
    let any = !accounts.is_empty();
    let mut trouble = Ok(());
    for account_id in accounts {
        trouble = trouble.and(expire_of(keel, &account_id).await);
    }
    trouble.map(|()| any)
}

async fn expire_of(keel: &Keel, account: &AccountId) -> Result<()> {
    let mut tx = keel.db().begin().await?;
    if !locks::try_lock_account(&mut tx, account).await? {
        return Ok(());
    }
    expire_due(&mut tx, account, keel.now()).await?;
    Ok(tx.commit().await?)
}

#[derive(sqlx::FromRow)]
struct DueRow {
    #[sqlx(try_from = "String")]
    account_id: AccountId,
}
