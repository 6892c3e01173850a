//! What becomes of money that came: given back, disputed, lost or won. The payment shows it, and its credits follow.
//! Tested in `tests/flows/reversals.rs`.

use super::licences;
use crate::audit::{self, Action, Actor};
use crate::credits;
use crate::db::Tx;
use crate::payments::{ChargeState, DisputeStatus};
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::AccountId;

sql! {
    FIND = "SELECT refunded, lost, contested FROM payments WHERE stripe_id = $1 AND account_id = $2";
    SET = "UPDATE payments SET charged = $2, refunded = $3, lost = $4, contested = $5, status = $6 WHERE stripe_id = $1";
}

/// Writes down how the charge of a payment stands. The caller holds the account's lock.
pub(super) async fn settle(tx: &mut Tx, keel: &Keel, account: &AccountId, payment: &str, charge: &ChargeState) -> Result<()> {
    let now = keel.now();
    let before: Option<(i64, i64, i64)> = tx.find(FIND, args![payment, account]).await?;
    let Some(before) = before.filter(|_| charge.succeeded) else { return Ok(()) };
    let sum = |wanted: &dyn Fn(&DisputeStatus) -> bool| {
        let amounts = charge.disputes.iter().filter(|dispute| wanted(&dispute.status)).map(|dispute| dispute.amount.max(0));
        amounts.fold(0_i64, i64::saturating_add).min(charge.amount.max(0))
    };
    let (refunded, lost) = (charge.refunded.clamp(0, charge.amount.max(0)), sum(&|status| *status == DisputeStatus::Lost));
    let contested = sum(&DisputeStatus::is_open);
    let disputed = lost.saturating_add(contested);
    let status = match (disputed, refunded) {
        (0, 0) => "paid",
        (0, _) => "refunded",
        _ => "disputed",
    };
    tx.run(SET, args![payment, charge.amount, refunded, lost, contested, status]).await?;
    let before = (before.0, before.1.saturating_add(before.2));
    for (now_is, was, action) in [(refunded, before.0, Action::PaymentRefunded), (disputed, before.1, Action::PaymentDisputed)] {
        if now_is > was {
            let amount = now_is.to_string();
            audit::write(tx, &Actor::System("stripe"), action, Some(account), payment, &[("amount", &amount)], now).await?;
        }
    }
    credits::reverse(tx, account, payment, now).await?;
    let is_gone = charge.amount > 0 && refunded.saturating_add(lost) >= charge.amount;
    licences::follow(tx, keel, account, payment, is_gone).await
}
