//! What becomes of money that came: given back, disputed, lost or won. The payment shows it, and its credits follow. A payment can
//! consist of several charges; it is judged by all of them. Tested in `tests/flows/reversals.rs`.

use super::licences;
use crate::audit::{self, Action, Actor};
use crate::credits;
use crate::db::{Conn, Tx};
use crate::mail::letters::money as letters;
use crate::payments::{ChargeState, DisputeStatus};
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::{AccountId, Currency, Instant, Money};

sql! {
    MIRROR_CHARGE = "INSERT INTO charges (stripe_id, account_id, payment, refunded, lost, contested, returned, returned_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (stripe_id) DO UPDATE SET payment = excluded.payment, refunded = excluded.refunded, lost = excluded.lost,
            contested = excluded.contested, returned = excluded.returned,
            returned_at = CASE WHEN excluded.returned > charges.returned THEN excluded.returned_at ELSE charges.returned_at END";
    FIND_RETURNED = "SELECT returned FROM charges WHERE stripe_id = $1";
    LIST_RETURNED = "SELECT stripe_id FROM charges WHERE returned_at >= $1 ORDER BY returned_at, stripe_id LIMIT 1000";
    LIST_MIRRORED_CHARGES = "SELECT h.stripe_id, h.refunded, h.lost, h.contested FROM charges h
        JOIN stripe_customers c ON c.account_id = h.account_id WHERE c.customer_id = $1";
    COUNT_CAME = "SELECT COUNT(*) FROM payments p JOIN stripe_customers c ON c.account_id = p.account_id
        WHERE c.customer_id = $1 AND p.status IN ('paid', 'refunded', 'disputed')";
    FIND = "SELECT refunded, lost, contested FROM payments WHERE stripe_id = $1 AND account_id = $2";
    SET = "UPDATE payments SET charged = $2, refunded = $3, lost = $4, contested = $5, status = $6 WHERE stripe_id = $1";
}

/// How money stands, in minor units: what came, and of it what was given back, what was lost, and what is contested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    charged: i64,
    refunded: i64,
    lost: i64,
    contested: i64,
}

impl Sums {
    fn of(charge: &ChargeState) -> Self {
        let charged = charge.amount.max(0);
        let sum = |wanted: &dyn Fn(&DisputeStatus) -> bool| {
            let amounts = charge.disputes.iter().filter(|dispute| wanted(&dispute.status)).map(|dispute| dispute.amount.max(0));
            amounts.fold(0, i64::saturating_add).min(charged)
        };
        Self {
            charged,
            refunded: charge.refunded.clamp(0, charged),
            lost: sum(&|status| *status == DisputeStatus::Lost),
            contested: sum(&DisputeStatus::is_open),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            charged: self.charged.saturating_add(other.charged),
            refunded: self.refunded.saturating_add(other.refunded),
            lost: self.lost.saturating_add(other.lost),
            contested: self.contested.saturating_add(other.contested),
        }
    }

    fn disputed(self) -> i64 {
        self.lost.saturating_add(self.contested)
    }

    fn is_gone(self) -> bool {
        self.charged > 0 && self.refunded.saturating_add(self.lost) >= self.charged
    }

    fn status(self) -> &'static str {
        match (self.disputed(), self.refunded) {
            (0, 0) => "paid",
            (0, _) => "refunded",
            _ => "disputed",
        }
    }
}

/// Writes down how all charges of a payment stand; of charges that paid nothing Keel knows of, only themselves. The caller holds the
/// account's lock.
pub(super) async fn settle(tx: &mut Tx, keel: &Keel, account: &AccountId, payment: Option<&str>, charges: &[ChargeState]) -> Result<()> {
    let mut all = Sums::default();
    for charge in charges.iter().filter(|charge| charge.succeeded) {
        let sums = Sums::of(charge);
        mirror(tx, keel, account, payment, charge, sums).await?;
        all = all.plus(sums);
    }
    match payment {
        Some(payment) if charges.iter().any(|charge| charge.succeeded) => settle_payment(tx, keel, account, payment, all).await,
        _ => Ok(()),
    }
}

/// Writes down how a charge stands. Of a refund that the bank sent back whoever answers for the money is told, once.
async fn mirror(tx: &mut Tx, keel: &Keel, account: &AccountId, payment: Option<&str>, charge: &ChargeState, sums: Sums) -> Result<()> {
    let (now, returned) = (keel.now(), charge.returned.max(0));
    let Sums { refunded, lost, contested, .. } = sums;
    let before: Option<(i64,)> = tx.find(FIND_RETURNED, args![charge.id.as_str()]).await?;
    let since = (returned > 0).then_some(now.0);
    let row = args![charge.id.as_str(), account, payment.map(str::to_owned), refunded, lost, contested, returned, since];
    tx.run(MIRROR_CHARGE, row).await?;
    let more = returned.saturating_sub(before.map_or(0, |(before,)| before));
    if more <= 0 {
        return Ok(());
    }
    tracing::warn!(%account, charge = charge.id, amount = more, "the bank sent a refund back; it is to be paid in another way");
    let amount = more.to_string();
    let metadata = [("amount", amount.as_str())];
    audit::write(tx, &Actor::System("stripe"), Action::RefundReturned, Some(account), payment.unwrap_or(&charge.id), &metadata, now)
        .await?;
    // An amount in a currency that nothing is sold in can be told to nobody: it stands in the report.
    let Some(currency) = Currency::parse(&charge.currency) else { return Ok(()) };
    letters::refund_returned(tx, keel, account, Money { minor: more, currency }).await
}

/// The charges of which a refund came back since then.
pub(super) async fn list_returned(conn: &mut Conn, since: Instant) -> Result<Vec<String>> {
    let all: Vec<(String,)> = conn.list(LIST_RETURNED, args![since]).await?;
    Ok(all.into_iter().map(|(id,)| id).collect())
}

async fn settle_payment(tx: &mut Tx, keel: &Keel, account: &AccountId, payment: &str, all: Sums) -> Result<()> {
    let now = keel.now();
    let before: Option<(i64, i64, i64)> = tx.find(FIND, args![payment, account]).await?;
    let Some((refunded, lost, contested)) = before else { return Ok(()) };
    tx.run(SET, args![payment, all.charged, all.refunded, all.lost, all.contested, all.status()]).await?;
    let was_disputed = lost.saturating_add(contested);
    for (now_is, was, action) in
        [(all.refunded, refunded, Action::PaymentRefunded), (all.disputed(), was_disputed, Action::PaymentDisputed)]
    {
        if now_is > was {
            let amount = now_is.to_string();
            audit::write(tx, &Actor::System("stripe"), action, Some(account), payment, &[("amount", &amount)], now).await?;
        }
    }
    credits::reverse(tx, account, payment, now).await?;
    licences::follow(tx, keel, account, payment, all.is_gone()).await
}

/// Those of a customer's charges that are otherwise than the mirror has them. One that was never looked at is taken for one that
/// stayed, unless there are fewer payments than charges that brought money: then one of them was never heard of.
pub(super) async fn list_stale(conn: &mut Conn, customer: &str, theirs: &[ChargeState]) -> Result<Vec<String>> {
    let ours: Vec<(String, i64, i64, i64)> = conn.list(LIST_MIRRORED_CHARGES, args![customer]).await?;
    let (came,): (i64,) = conn.get(COUNT_CAME, args![customer]).await?;
    let is_one_missing = theirs.iter().filter(|charge| charge.succeeded).count() > usize::try_from(came).unwrap_or(usize::MAX);
    let is_stale = |charge: &&ChargeState| {
        let Sums { refunded, lost, contested, .. } = Sums::of(charge);
        let now = (refunded, lost, contested);
        let mirrored = ours.iter().find(|(id, ..)| *id == charge.id).map(|(_, refunded, lost, contested)| (*refunded, *lost, *contested));
        charge.succeeded && mirrored.map_or(is_one_missing || now != (0, 0, 0), |mirrored| mirrored != now)
    };
    Ok(theirs.iter().filter(is_stale).map(|charge| charge.id.clone()).collect())
}
