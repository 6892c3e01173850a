//! Credits kept back. An answer under way holds the most it may cost, and is charged what it did cost, never more than it held; a
//! payment that is disputed holds what it granted. Holds are no rows of the ledger.

use super::{DueRow, Entry, Kind, balance_now, low, take};
use crate::access::Write;
use crate::db::{Tx, locks};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, ids, sql};
use keel_types::permission::may;
use keel_types::{AccountId, Code, Fault, HoldId, Instant};
use std::collections::BTreeSet;

sql! {
    HAVE_BALANCE = "INSERT INTO credit_balances (account_id, balance) VALUES ($1, 0) ON CONFLICT (account_id) DO NOTHING";
    HOLD_AVAILABLE = "UPDATE credit_balances SET held = held + $2 WHERE account_id = $1 AND balance - held >= $2";
    CHANGE_HELD = "UPDATE credit_balances SET held = held + $2 WHERE account_id = $1";
    INSERT_HOLD = "INSERT INTO credit_holds (id, account_id, fact, amount, state, expires_at, created_at, membership_id)
        VALUES ($1, $2, $3, $4, 'open', $5, $6, $7)";
    FIND_BY_FACT = "SELECT id, amount, state FROM credit_holds WHERE fact = $1";
    COUNT_REQUEST = "UPDATE memberships SET ai_requests = ai_requests + 1 WHERE id = (SELECT membership_id FROM credit_holds WHERE id = $1)";
    END_HOLD = "UPDATE credit_holds SET state = $2, settled_at = $3 WHERE id = $1 AND state = 'open' RETURNING amount";
    RELEASE_RUN_OUT = "UPDATE credit_holds SET state = 'released', settled_at = $2
        WHERE account_id = $1 AND state = 'open' AND expires_at <= $2 RETURNING amount";
    REOPEN_HOLD = "UPDATE credit_holds SET state = 'open', amount = $2, settled_at = NULL WHERE id = $1";
    LIST_ACCOUNTS_WITH_DUE_HOLDS = "SELECT account_id FROM credit_holds WHERE state = 'open' AND expires_at <= $1 ORDER BY expires_at LIMIT 100";
}

/// Credits that something under way may cost.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What for, such as the id of the request: the same again is the same hold.
    pub fact: String,
    /// The most it may cost; at least one.
    pub most: i64,
    /// How long it is kept back for it, in milliseconds.
    pub lasts: i64,
}

/// Credits kept back for something under way: whoever has it may settle it, once.
#[derive(Debug)]
pub struct Held {
    id: HoldId,
    account: AccountId,
}

#[derive(sqlx::FromRow)]
struct HoldRow {
    #[sqlx(try_from = "String")]
    id: HoldId,
    amount: i64,
    state: String,
}

/// Keeps credits back, so that several answers under way never cost more than there is.
///
/// # Errors
/// `Refused(InsufficientCredits)` when there are fewer; `Refused(Used)` when this was settled already, or has run out; `Invalid` at `most`.
pub async fn reserve(call: &mut Write<may::UseAi>, wanted: &Wanted) -> Result<Held> {
    if wanted.most < 1 {
        return Err(Refusal::field("most", Fault::OutOfRange));
    }
    let now = call.now();
    call.lock_account().await?;
    let (account, membership) = (call.proof().account().clone(), call.proof().standing().membership.to_string());
    let tx = call.tx()?;
    let fact = format!("{account}:{}", wanted.fact);
    release_run_out(tx, &account, now).await?;
    if let Some(known) = tx.find::<HoldRow>(FIND_BY_FACT, args![fact.as_str()]).await? {
        return if known.state == "open" { Ok(Held { id: known.id, account }) } else { Err(Refusal::Refused(Code::Used)) };
    }
    balance_now(tx, &account, now).await?;
    if !tx.ran(HOLD_AVAILABLE, args![&account, wanted.most]).await? {
        return Err(Refusal::Refused(Code::InsufficientCredits));
    }
    let id = ids::new::<HoldId>();
    tx.run(INSERT_HOLD, args![&id, &account, fact, wanted.most, now.plus(wanted.lasts), now, membership]).await?;
    Ok(Held { id, account })
}

/// Charges what it cost, at most what was held, gives back the rest, and counts it for the member who asked. Gives what was charged: nothing where the hold had run
/// out, or was settled before.
pub async fn settle(keel: &Keel, held: &Held, cost: i64) -> Result<i64> {
    let (now, account) = (keel.now(), &held.account);
    let mut tx = keel.db().begin().await?;
    locks::lock_account(&mut tx, account).await?;
    release_run_out(&mut tx, account, now).await?;
    let before = low::balance(&mut tx, account).await?;
    let balance = balance_now(&mut tx, account, now).await?;
    let Some(amount) = end(&mut tx, &held.id, account, "settled", now).await? else { return Ok(0) };
    tx.run(COUNT_REQUEST, args![&held.id]).await?;
    let charge = cost.clamp(0, amount).min(balance);
    if charge > 0 {
        let fact = format!("hold:{}", held.id);
        let entry = Entry { kind: Kind::AiRequest, amount: -charge, balance, fact: &fact, payment: None, reason: None };
        take(&mut tx, account, entry, now).await?;
        low::tell(&mut tx, keel, account, before).await?;
    }
    tx.commit().await?;
    keel.wake();
    Ok(charge)
}

/// Gives back what was held; nothing was used.
pub async fn release(keel: &Keel, held: &Held) -> Result<()> {
    let mut tx = keel.db().begin().await?;
    locks::lock_account(&mut tx, &held.account).await?;
    end(&mut tx, &held.id, &held.account, "released", keel.now()).await?;
    Ok(tx.commit().await?)
}

/// Gives back what an account's holds held whose time is over: whether it is over is the clock's to say, not that of whoever notices.
/// The caller holds the account's lock.
async fn release_run_out(tx: &mut Tx, account: &AccountId, now: Instant) -> Result<()> {
    let released: Vec<(i64,)> = tx.list(RELEASE_RUN_OUT, args![account, now]).await?;
    if !released.is_empty() {
        let amount: i64 = released.iter().map(|(amount,)| amount).sum();
        tx.run(CHANGE_HELD, args![account, -amount]).await?;
    }
    Ok(())
}

/// Ends an open hold; gives what it held.
async fn end(tx: &mut Tx, id: &HoldId, account: &AccountId, state: &str, now: Instant) -> Result<Option<i64>> {
    let ended: Option<(i64,)> = tx.find(END_HOLD, args![id, state, now]).await?;
    let Some((amount,)) = ended else { return Ok(None) };
    tx.run(CHANGE_HELD, args![account, -amount]).await?;
    Ok(Some(amount))
}

/// Has a fact hold exactly so much, whether it is there or not; nothing ends the hold. The caller holds the account's lock.
pub(super) async fn keep(tx: &mut Tx, account: &AccountId, fact: &str, amount: i64, now: Instant) -> Result<()> {
    let known: Option<HoldRow> = tx.find(FIND_BY_FACT, args![fact]).await?;
    let before = known.as_ref().filter(|hold| hold.state == "open").map_or(0, |hold| hold.amount);
    if before == amount {
        return Ok(());
    }
    tx.run(HAVE_BALANCE, args![account]).await?;
    match known {
        Some(hold) if amount == 0 => return end(tx, &hold.id, account, "released", now).await.map(drop),
        Some(hold) => tx.run(REOPEN_HOLD, args![&hold.id, amount]).await?,
        None => tx.run(INSERT_HOLD, args![&ids::new::<HoldId>(), account, fact, amount, None::<i64>, now, None::<String>]).await?,
    };
    tx.run(CHANGE_HELD, args![account, amount - before]).await?;
    Ok(())
}

/// Gives back what was held for answers nobody settled in time. True when there was something.
pub(crate) async fn release_due(keel: &Keel) -> Result<bool> {
    let due: Vec<DueRow> = keel.db().read().list(LIST_ACCOUNTS_WITH_DUE_HOLDS, args![keel.now()]).await?;
    let accounts: BTreeSet<AccountId> = due.into_iter().map(|row| row.account_id).collect();
    let any = !accounts.is_empty();
    for account in accounts {
        let mut tx = keel.db().begin().await?;
        if locks::try_lock_account(&mut tx, &account).await? {
            release_run_out(&mut tx, &account, keel.now()).await?;
            tx.commit().await?;
        }
    }
    Ok(any)
}
