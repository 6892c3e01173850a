//! Payments as the account's people see them: one row for each invoice over something, and for each checkout without one.

use crate::audit::{self, Action, Actor};
use crate::db::Tx;
use crate::refusal::Result;
use crate::{args, ids, sql};
use keel_types::{AccountId, Currency, Instant, PaymentId};

sql! {
    KEEP_CURRENCY = "UPDATE accounts SET currency = $2 WHERE id = $1 AND currency IS NULL";
    FIND = "SELECT status FROM payments WHERE stripe_id = $1";
    // Refunds and disputes are of the charge: whoever looks at the invoice does not know of them. What is paid does not wait again.
    KEEP = "INSERT INTO payments (id, account_id, stripe_id, product, amount, currency, status, created_at, number)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (stripe_id) DO UPDATE SET amount = excluded.amount, created_at = excluded.created_at, number = excluded.number,
            status = CASE WHEN excluded.status IN ('paid', 'pending') AND payments.status IN ('paid', 'refunded', 'disputed') THEN payments.status
                ELSE excluded.status END,
            note = NULL";
    NOTE = "UPDATE payments SET note = $2 WHERE stripe_id = $1";
}

/// Why a payment granted nothing, as a word that pages explain.
#[derive(Clone, Copy, Debug)]
pub(super) enum Why {
    /// Nothing in the catalogue has its price.
    Price,
    /// Nothing in the catalogue has the id that was bought.
    Article,
    /// Stripe says of it what this version of Keel does not know.
    State,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Self::Price => "price_unknown",
            Self::Article => "article_gone",
            Self::State => "state_new",
        }
    }
}

/// A payment as Stripe tells it.
pub(super) struct Payment<'a> {
    /// The invoice's id, or the checkout's.
    pub stripe_id: &'a str,
    /// What was bought.
    pub product: String,
    /// Minor units; nothing, or less, is no payment.
    pub amount: i64,
    pub currency: &'a str,
    /// `paid`, `pending` or `failed`.
    pub status: &'static str,
    pub at: i64,
    /// The number on the invoice, where there is one.
    pub number: Option<String>,
}

/// Writes a payment down, as it is now; one that failed since, also in the audit log. The first that is paid settles the account's
/// currency, where that is one that Keel sells in.
pub(super) async fn keep(tx: &mut Tx, account: &AccountId, payment: Payment<'_>, now: Instant) -> Result<()> {
    let Payment { stripe_id, product, amount, currency, status, at, number } = payment;
    if amount <= 0 {
        return Ok(());
    }
    let before: Option<(String,)> = tx.find(FIND, args![stripe_id]).await?;
    if status == "paid" && Currency::parse(currency).is_some() {
        tx.run(KEEP_CURRENCY, args![account, currency]).await?;
    }
    tx.run(KEEP, args![&ids::new::<PaymentId>(), account, stripe_id, product, amount, currency, status, at, number]).await?;
    if status == "failed" && before.is_none_or(|(before,)| before != status) {
        audit::write(tx, &Actor::System("stripe"), Action::PaymentFailed, Some(account), stripe_id, &[], now).await?;
    }
    Ok(())
}

/// Says at a payment why it granted nothing, until it is written down anew.
pub(super) async fn note(tx: &mut Tx, stripe_id: &str, why: Why) -> Result<()> {
    tx.run(NOTE, args![stripe_id, why.as_str()]).await?;
    Ok(())
}
