//! Subscriptions too many: paid in two tabs, or a second trial. Each is ended at Stripe, what it cost is paid back, and the account is
//! told; written down when it is found, done by the worker, which goes on where somebody stopped. Every step done twice is the same.
//! Tested in `tests/flows/surpluses.rs`.

use super::inbox::{self, ObjectKind};
use crate::access::Outside;
use crate::audit::{self, Action, Actor};
use crate::db::{Tx, locks};
use crate::jobs::pause;
use crate::mail::letters::money as letters;
use crate::payments::{PaymentError, SubscriptionStatus};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, ids, sql};
use keel_types::time::MINUTE;
use keel_types::{AccountId, Instant, SurplusId};

/// How long a claimed one is nobody else's, in milliseconds: longer than Stripe takes with all its tries.
const LEASE: i64 = 2 * MINUTE;

sql! {
    NOTE = "INSERT INTO surpluses (id, account_id, stripe_id, reason, state, next_at, created_at) VALUES ($1, $2, $3, $4, 'due', $5, $5)
        ON CONFLICT (stripe_id) DO UPDATE SET state = 'due', reason = excluded.reason, next_at = excluded.next_at, tries = 0, settled_at = NULL
        WHERE surpluses.state = 'kept'";
    LIST_NEXT = "SELECT id, next_at FROM surpluses WHERE next_at <= $1 ORDER BY next_at LIMIT 20";
    CLAIM = "UPDATE surpluses SET next_at = $3, tries = tries + 1 WHERE id = $1 AND next_at = $2 RETURNING id, account_id, stripe_id, reason, tries";
    FINISH = "UPDATE surpluses SET state = $3, refunded = $4, next_at = NULL, error = NULL, settled_at = $5 WHERE id = $1 AND next_at = $2";
    FAIL = "UPDATE surpluses SET next_at = $3, error = $4 WHERE id = $1 AND next_at = $2";
    REOPEN = "UPDATE surpluses SET state = 'due', next_at = $3, settled_at = NULL WHERE stripe_id = $1 AND state = 'done' AND refunded < $2";
    FIND_MIRROR = "SELECT live, status FROM subscriptions WHERE stripe_id = $1";
    FIND_OTHER = "SELECT stripe_id FROM subscriptions WHERE account_id = $1 AND live AND stripe_id IS NOT NULL";
    FIND_CUSTOMER = "SELECT customer_id FROM stripe_customers WHERE account_id = $1";
}

/// Why a subscription is too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Another one counts.
    Second,
    /// The account had its trial.
    Trial,
}

impl Reason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Trial => "trial",
        }
    }
}

/// Has the worker end a subscription and pay it back. Noted again, it is the same. The caller holds the account's lock.
pub(super) async fn note(tx: &mut Tx, account: &AccountId, subscription: &str, reason: Reason, now: Instant) -> Result<()> {
    tx.run(NOTE, args![&ids::new::<SurplusId>(), account, subscription, reason.as_str(), now]).await?;
    Ok(())
}

/// Has the worker pay back what was paid for one that was ended before: some ways to pay bring the money days later. The caller holds
/// the account's lock.
pub(super) async fn note_paid(tx: &mut Tx, subscription: &str, amount: i64, now: Instant) -> Result<()> {
    tx.run(REOPEN, args![subscription, amount, now]).await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct NextRow {
    #[sqlx(try_from = "String")]
    id: SurplusId,
    next_at: i64,
}

/// One of which this instance holds the next step.
#[derive(sqlx::FromRow)]
struct Surplus {
    #[sqlx(try_from = "String")]
    id: SurplusId,
    #[sqlx(try_from = "String")]
    account_id: AccountId,
    stripe_id: String,
    reason: String,
    tries: i64,
    /// Until when it is nobody else's.
    #[sqlx(skip)]
    lease: i64,
}

/// Ends what is too many. True when there was something.
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    let due: Vec<NextRow> = keel.db().read().list(LIST_NEXT, args![keel.now()]).await?;
    let any = !due.is_empty();
    for row in due {
        let Some(surplus) = claim(keel, &row).await? else { continue };
        if let Err(refusal) = end(keel, &surplus).await {
            fail(keel, &surplus, &refusal).await?;
        }
    }
    Ok(any)
}

async fn claim(keel: &Keel, row: &NextRow) -> Result<Option<Surplus>> {
    let lease = keel.now().plus(LEASE).0;
    let mut tx = keel.db().begin().await?;
    let claimed: Option<Surplus> = tx.find(CLAIM, args![&row.id, row.next_at, lease]).await?;
    tx.commit().await?;
    Ok(claimed.map(|claimed| Surplus { lease, ..claimed }))
}

async fn end(keel: &Keel, surplus: &Surplus) -> Result<()> {
    if !is_too_many(keel, surplus).await? {
        return finish(keel, surplus, "kept", 0).await;
    }
    let refunded = give_back(keel, &Outside(()), surplus).await.map_err(|error| Refusal::internal(&error))?;
    finish(keel, surplus, "done", refunded).await
}

/// Whether it is, by now: the other one may have ended since. One that is over will never count.
async fn is_too_many(keel: &Keel, surplus: &Surplus) -> Result<bool> {
    let mut conn = keel.db().read();
    let mirror: Option<(bool, String)> = conn.find(FIND_MIRROR, args![surplus.stripe_id.as_str()]).await?;
    let Some((false, status)) = mirror else { return Ok(false) };
    let other: Option<(String,)> = conn.find(FIND_OTHER, args![&surplus.account_id]).await?;
    Ok(other.is_some() || surplus.reason == Reason::Trial.as_str() || status == SubscriptionStatus::Canceled.as_str())
}

/// Ends it at Stripe and gives back all that was paid for it. Gives how much that was, in minor units.
///
/// Each try has a key of its own: Stripe repeats a failure under a known one. What was given back is not given back again.
async fn give_back(keel: &Keel, out: &Outside, surplus: &Surplus) -> std::result::Result<i64, PaymentError> {
    let payments = keel.payments();
    payments.end_subscription(out, &surplus.stripe_id).await?;
    let mut all = 0_i64;
    for invoice in payments.list_paid_invoices(out, &surplus.stripe_id).await? {
        if invoice.amount_paid <= 0 {
            continue;
        }
        for intent in payments.list_paid_intents_of_invoice(out, &invoice.id).await? {
            payments.refund(out, &intent, &format!("surplus:{intent}:{}", surplus.tries)).await?;
        }
        all = all.saturating_add(invoice.amount_paid);
    }
    Ok(all)
}

async fn finish(keel: &Keel, surplus: &Surplus, state: &str, refunded: i64) -> Result<()> {
    let (now, account) = (keel.now(), &surplus.account_id);
    let mut tx = keel.db().begin().await?;
    if !locks::try_lock_account(&mut tx, account).await? {
        return Ok(());
    }
    if !tx.ran(FINISH, args![&surplus.id, surplus.lease, state, refunded, now]).await? {
        return Ok(());
    }
    if state == "done" {
        let amount = refunded.to_string();
        let metadata = [("reason", surplus.reason.as_str()), ("amount", amount.as_str())];
        let actor = Actor::System("stripe");
        audit::write(&mut tx, &actor, Action::SubscriptionSurplus, Some(account), &surplus.stripe_id, &metadata, now).await?;
        letters::surplus_ended(&mut tx, keel, account).await?;
    }
    let customer: Option<(Option<String>,)> = tx.find(FIND_CUSTOMER, args![account]).await?;
    tx.commit().await?;
    let Some(customer) = customer.and_then(|(customer,)| customer) else { return Ok(()) };
    let mut tx = keel.db().begin().await?;
    inbox::ask(&mut tx, ObjectKind::Subscription, &surplus.stripe_id, &customer, now).await?;
    tx.commit().await?;
    keel.wake();
    Ok(())
}

async fn fail(keel: &Keel, surplus: &Surplus, refusal: &Refusal) -> Result<()> {
    let error = format!("{refusal:?}");
    tracing::warn!(subscription = surplus.stripe_id, tries = surplus.tries, error, "a subscription too many could not be ended");
    let mut tx = keel.db().begin().await?;
    tx.run(FAIL, args![&surplus.id, surplus.lease, keel.now().plus(pause(surplus.tries)), error]).await?;
    Ok(tx.commit().await?)
}
