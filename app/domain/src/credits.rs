//! Credits: a balance, the lots it consists of, and the ledger that explains it.
//!
//! Every change is made under the account's lock, together with its ledger row; `fact` names the economic fact behind it,
//! so that several reports of one payment count once. What is taken is taken from the lots that end soonest. `held` is kept back
//! for something under way: available is the balance without it. What was to be taken and is not there any more is a debt, which
//! later grants repay first. Tested in `credits/tests.rs` and `tests/flows/credits.rs`.

mod adjustments;
mod holds;
pub(crate) mod low;
mod reversals;
#[cfg(test)]
mod tests;
mod verify;

pub use adjustments::{adjust, adjust_as_staff};
pub(crate) use holds::release_due;
pub use holds::{Held, Wanted, release, reserve, settle};
pub(crate) use reversals::{reverse, withdraw};
pub use verify::{Proof, verify};

use crate::db::{Tx, locks};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, ids, sql};
use keel_types::{AccountId, EntryId, Instant, LotId};
use std::collections::BTreeSet;

/// The most credits granted at once: more is a mistake of somebody's, and the sum of what is left in a balance.
const MOST_GRANTED: i64 = 1_000_000_000_000;

sql! {
    FACT_IS_KNOWN = "SELECT number FROM credit_entries WHERE fact = $1";
    ADD_TO_BALANCE = "INSERT INTO credit_balances (account_id, balance) VALUES ($1, $2)
        ON CONFLICT (account_id) DO UPDATE SET balance = credit_balances.balance + excluded.balance RETURNING balance";
    TAKE_FROM_BALANCE = "UPDATE credit_balances SET balance = balance - $2 WHERE account_id = $1 AND balance >= $2 RETURNING balance";
    INSERT_LOT = "INSERT INTO credit_lots (id, account_id, remaining, expires_at, payment, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    INSERT_ENTRY = "INSERT INTO credit_entries (id, account_id, number, kind, amount, balance_after, fact, payment, reason, created_at)
        VALUES ($1, $2, (SELECT COALESCE(MAX(number), 0) + 1 FROM credit_entries WHERE account_id = $2), $3, $4, $5, $6, $7, $8, $9)";
    LIST_DUE_LOTS = "SELECT id, remaining, payment FROM credit_lots WHERE account_id = $1 AND remaining > 0 AND expires_at <= $2 ORDER BY expires_at, id";
    // Those of one payment first, then those that end soonest.
    LIST_OPEN_LOTS = "SELECT id, remaining FROM credit_lots WHERE account_id = $1 AND remaining > 0
        ORDER BY CASE WHEN payment = $2 THEN 0 ELSE 1 END, CASE WHEN expires_at IS NULL THEN 1 ELSE 0 END, expires_at, id";
    TAKE_FROM_LOT = "UPDATE credit_lots SET remaining = remaining - $2 WHERE id = $1 AND remaining >= $2";
    EMPTY_LOTS = "UPDATE credit_lots SET remaining = 0 WHERE account_id = $1 AND remaining > 0";
    FIND_BALANCE = "SELECT balance FROM credit_balances WHERE account_id = $1";
    EMPTY_LOT = "UPDATE credit_lots SET remaining = 0 WHERE id = $1";
    // Ordered, and not made distinct here: SQLite would read the lots of every account to find each account once.
    LIST_ACCOUNTS_WITH_DUE_LOTS = "SELECT account_id FROM credit_lots WHERE remaining > 0 AND expires_at <= $1 ORDER BY expires_at LIMIT 100";
}

/// Why credits moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An answer of a model.
    AiRequest,
    /// A paid month of a plan.
    Subscription,
    /// The trial.
    Trial,
    /// A month of the free plan.
    FreePlan,
    /// The rest of a month on another plan, or with other seats.
    PlanChange,
    /// A credit pack.
    Pack,
    /// A month of a licence.
    Licence,
    /// Somebody put it right.
    Adjustment,
    /// A payment was given back.
    Refund,
    /// A payment was disputed and lost.
    Dispute,
    /// What was not used in time.
    Expiry,
    /// What was left when the account was deleted.
    Deletion,
}

impl Kind {
    /// The word as kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AiRequest => "ai_request",
            Self::Subscription => "subscription",
            Self::Trial => "trial",
            Self::FreePlan => "free_plan",
            Self::PlanChange => "plan_change",
            Self::Pack => "credit_pack",
            Self::Licence => "licence",
            Self::Adjustment => "adjustment",
            Self::Refund => "refund",
            Self::Dispute => "dispute",
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
    /// The payment it comes from, by its id at Stripe.
    pub payment: Option<String>,
}

/// A row of the ledger to be.
struct Entry<'a> {
    kind: Kind,
    amount: i64,
    balance: i64,
    fact: &'a str,
    payment: Option<&'a str>,
    reason: Option<&'a str>,
}

/// Grants credits, unless this fact was granted before; what is owed is repaid first. The caller holds the account's lock.
///
/// # Errors
/// `Internal` where it is more than anybody is granted at once.
pub(crate) async fn grant(tx: &mut Tx, account: &AccountId, grant: &Grant, now: Instant) -> Result<()> {
    if grant.amount <= 0 || is_known(tx, &grant.fact).await? {
        return Ok(());
    }
    if grant.amount > MOST_GRANTED {
        return Err(Refusal::internal(&format_args!("{} credits are not granted for {}", grant.amount, grant.fact)));
    }
    expire_due(tx, account, now).await?;
    add(tx, account, grant, None, now).await?;
    reversals::repay(tx, account, now).await
}

/// Whether a fact is in the ledger.
async fn is_known(tx: &mut Tx, fact: &str) -> Result<bool> {
    let known: Option<(i64,)> = tx.find(FACT_IS_KNOWN, args![fact]).await?;
    Ok(known.is_some())
}

async fn add(tx: &mut Tx, account: &AccountId, grant: &Grant, reason: Option<&str>, now: Instant) -> Result<()> {
    let (balance,): (i64,) = tx.get(ADD_TO_BALANCE, args![account, grant.amount]).await?;
    let (expires, payment) = (grant.expires.map(|at| at.0), grant.payment.as_deref());
    tx.run(INSERT_LOT, args![&ids::new::<LotId>(), account, grant.amount, expires, payment.map(str::to_owned), now]).await?;
    let entry = Entry { kind: grant.kind, amount: grant.amount, balance, fact: &grant.fact, payment, reason };
    enter(tx, account, &entry, now).await
}

/// Takes credits that are there, those of the payment first. The caller holds the account's lock, and has let expire what was due.
async fn take(tx: &mut Tx, account: &AccountId, entry: Entry<'_>, now: Instant) -> Result<()> {
    let amount = -entry.amount;
    let lots: Vec<(String, i64)> = tx.list(LIST_OPEN_LOTS, args![account, entry.payment.unwrap_or_default()]).await?;
    let mut left = amount;
    for (lot, remaining) in lots {
        let part = left.min(remaining);
        if part == 0 {
            break;
        }
        tx.run(TAKE_FROM_LOT, args![lot.as_str(), part]).await?;
        left -= part;
    }
    let (balance,): (i64,) = tx.get(TAKE_FROM_BALANCE, args![account, amount]).await?;
    enter(tx, account, &Entry { balance, ..entry }, now).await
}

/// The balance, once what was due has expired. The caller holds the account's lock.
async fn balance_now(tx: &mut Tx, account: &AccountId, now: Instant) -> Result<i64> {
    expire_due(tx, account, now).await?;
    low::balance(tx, account).await
}

/// Takes away what was not used in time. The caller holds the account's lock.
async fn expire_due(tx: &mut Tx, account: &AccountId, now: Instant) -> Result<()> {
    let due: Vec<(String, i64, Option<String>)> = tx.list(LIST_DUE_LOTS, args![account, now]).await?;
    for (lot, remaining, payment) in due {
        tx.run(EMPTY_LOT, args![lot.as_str()]).await?;
        let (balance,): (i64,) = tx.get(TAKE_FROM_BALANCE, args![account, remaining]).await?;
        let (fact, payment) = (format!("expiry:{lot}"), payment.as_deref());
        enter(tx, account, &Entry { kind: Kind::Expiry, amount: -remaining, balance, fact: &fact, payment, reason: None }, now).await?;
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
    let fact = format!("deletion:{account}");
    enter(tx, account, &Entry { kind: Kind::Deletion, amount: -left, balance, fact: &fact, payment: None, reason: None }, now).await
}

async fn enter(tx: &mut Tx, account: &AccountId, entry: &Entry<'_>, now: Instant) -> Result<()> {
    let Entry { kind, amount, balance, fact, payment, reason } = *entry;
    let (payment, reason) = (payment.map(str::to_owned), reason.map(str::to_owned));
    tx.run(INSERT_ENTRY, args![&ids::new::<EntryId>(), account, kind.as_str(), amount, balance, fact, payment, reason, now]).await?;
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
    let before = low::balance(&mut tx, account).await?;
    expire_due(&mut tx, account, keel.now()).await?;
    low::tell_of_expiry(&mut tx, keel, account, before).await?;
    Ok(tx.commit().await?)
}

#[derive(sqlx::FromRow)]
struct DueRow {
    #[sqlx(try_from = "String")]
    account_id: AccountId,
}
