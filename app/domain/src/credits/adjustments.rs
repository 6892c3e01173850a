//! Adjustments: somebody of the platform puts a balance right, and says why.

use super::{Entry, Grant, Kind, add, balance_now, is_known, low, reversals, take};
use crate::Keel;
use crate::access::{PlatformAdmin, SystemGrant, Write};
use crate::audit::{self, Action, Actor};
use crate::db::{Tx, locks};
use crate::refusal::{Refusal, Result};
use keel_types::{AccountId, Fault};

/// Gives credits that never expire, or takes some that are there; for this reason. The same `fact` again is the same adjustment.
///
/// # Errors
/// `NotFound` for an unknown account; `Invalid` at `amount` for nothing, and for more than there is; at `reason` without one.
pub async fn adjust(system: &SystemGrant, account: &AccountId, amount: i64, reason: &str, fact: &str) -> Result<()> {
    let (keel, now) = (system.keel(), system.keel().now());
    let mut tx = keel.db().begin().await?;
    if enter(&mut tx, keel, account, amount, reason, fact).await? {
        let amount = amount.to_string();
        audit::write(&mut tx, &Actor::System(system.reason()), Action::CreditsAdjusted, Some(account), fact, &[("amount", &amount)], now)
            .await?;
    }
    Ok(tx.commit().await?)
}

/// The same by a person of the staff.
///
/// # Errors
/// As [`adjust`].
pub async fn adjust_as_staff(call: &mut Write<PlatformAdmin>, account: &AccountId, amount: i64, reason: &str, fact: &str) -> Result<()> {
    let keel = call.keel().clone();
    if enter(call.tx()?, &keel, account, amount, reason, fact).await? {
        let amount = amount.to_string();
        audit::record(call, Action::CreditsAdjusted, Some(account), fact, &[("amount", &amount)]).await?;
    }
    Ok(())
}

/// False when this fact is in the ledger already.
async fn enter(tx: &mut Tx, keel: &Keel, account: &AccountId, amount: i64, reason: &str, fact: &str) -> Result<bool> {
    let now = keel.now();
    let fact = format!("adjustment:{account}:{fact}");
    if reason.trim().is_empty() {
        return Err(Refusal::field("reason", Fault::Required));
    }
    locks::lock_account(tx, account).await?;
    if is_known(tx, &fact).await? {
        return Ok(false);
    }
    let balance = balance_now(tx, account, now).await?;
    let most = 1_000_000_000;
    if amount == 0 || amount > most || amount < -balance {
        return Err(Refusal::field("amount", Fault::OutOfRange));
    }
    if amount > 0 {
        let grant = Grant { kind: Kind::Adjustment, amount, fact, expires: None, payment: None };
        add(tx, account, &grant, Some(reason), now).await?;
        reversals::repay(tx, account, now).await?;
    } else {
        take(tx, account, Entry { kind: Kind::Adjustment, amount, balance, fact: &fact, payment: None, reason: Some(reason) }, now).await?;
        low::tell(tx, keel, account, balance).await?;
    }
    Ok(true)
}
