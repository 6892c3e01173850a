//! Few credits left: whoever answers for the money is told, wherever they went, once for each time they fall below the mark.
//! Tested in `tests/flows/ledger.rs`.

use super::FIND_BALANCE;
use crate::db::Tx;
use crate::mail::letters::money as letters;
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::AccountId;

sql! {
    // What goes on brings new ones by itself, or waits for a payment of which people are told. A year that was paid does so until it
    // is used up, also where it ends then.
    FIND_RENEWED = "SELECT a.id FROM accounts a WHERE a.id = $1 AND (
        EXISTS (SELECT 1 FROM subscriptions s WHERE s.account_id = a.id AND s.live AND s.status IN ('active', 'trialing', 'past_due')
            AND NOT s.cancel_at_period_end AND s.cancel_at IS NULL)
        OR EXISTS (SELECT 1 FROM subscriptions s JOIN credit_months m ON m.subscription_id = s.id
            WHERE s.account_id = a.id AND s.live AND m.due_at IS NOT NULL)
        OR EXISTS (SELECT 1 FROM licences l WHERE l.account_id = a.id AND l.live AND (l.ends_at IS NULL OR l.ends_at > $2)))";
}

/// The balance as it stands written, due or not.
pub(crate) async fn balance(tx: &mut Tx, account: &AccountId) -> Result<i64> {
    let balance: Option<(i64,)> = tx.find(FIND_BALANCE, args![account]).await?;
    Ok(balance.map_or(0, |(balance,)| balance))
}

/// Tells that few are left, where there were more before. The caller holds the account's lock.
pub(crate) async fn tell(tx: &mut Tx, keel: &Keel, account: &AccountId, before: i64) -> Result<()> {
    let low = keel.settings().product.billing.low_balance;
    if before < low {
        return Ok(());
    }
    let left = balance(tx, account).await?;
    if left < low { letters::credits_low(tx, keel, account, left).await } else { Ok(()) }
}

/// The same where they expired: not of what is about to be renewed. The caller holds the account's lock.
pub(super) async fn tell_of_expiry(tx: &mut Tx, keel: &Keel, account: &AccountId, before: i64) -> Result<()> {
    let renewed: Option<(String,)> = tx.find(FIND_RENEWED, args![account, keel.now()]).await?;
    if renewed.is_some() { Ok(()) } else { tell(tx, keel, account, before).await }
}
