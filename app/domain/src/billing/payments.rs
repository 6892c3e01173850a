//! Payments as the account's people see them: one row for each invoice over something, and for each checkout without one.

use crate::db::Tx;
use crate::refusal::Result;
use crate::{args, ids, sql};
use keel_types::{AccountId, PaymentId};

sql! {
    KEEP_CURRENCY = "UPDATE accounts SET currency = $2 WHERE id = $1 AND currency IS NULL";
    FIND = "SELECT status FROM payments WHERE stripe_id = $1";
    // Refunds and disputes are of the charge: whoever looks at the invoice does not know of them.
    KEEP = "INSERT INTO payments (id, account_id, stripe_id, product, amount, currency, status, created_at, number)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (stripe_id) DO UPDATE SET amount = excluded.amount, created_at = excluded.created_at, number = excluded.number,
            status = CASE WHEN excluded.status = 'paid' AND payments.status IN ('refunded', 'disputed') THEN payments.status ELSE excluded.status END";
    NOTE = "UPDATE payments SET note = $2 WHERE stripe_id = $1 AND note IS NULL";
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

/// Writes a payment down. Gives how it stood before: nothing for a new one. The first that is paid settles the account's currency.
pub(super) async fn keep(tx: &mut Tx, account: &AccountId, payment: Payment<'_>) -> Result<Option<String>> {
    let before: Option<(String,)> = tx.find(FIND, args![payment.stripe_id]).await?;
    if payment.amount <= 0 {
        return Ok(None);
    }
    if payment.status == "paid" {
        tx.run(KEEP_CURRENCY, args![account, payment.currency]).await?;
    }
    let Payment { stripe_id, product, amount, currency, status, at, number } = payment;
    tx.run(KEEP, args![&ids::new::<PaymentId>(), account, stripe_id, product, amount, currency, status, at, number]).await?;
    Ok(before.map(|(status,)| status))
}

/// Says at a payment why it granted nothing.
pub(super) async fn note(tx: &mut Tx, stripe_id: &str, why: &str) -> Result<()> {
    tx.run(NOTE, args![stripe_id, why]).await?;
    Ok(())
}
