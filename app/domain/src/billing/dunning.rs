//! Payments that fail. A subscription that is overdue keeps its plan until a deadline; then, by the clock, the account falls back to
//! Free's limits, and nothing is deleted. Whoever answers for the money is told once of each try, and once of the end.
//! Tested in `tests/flows/dunning.rs`.

use super::settle::{Billed, Bought};
use super::{inbox, seats, told};
use crate::audit::{self, Action, Actor};
use crate::db::{Tx, locks};
use crate::mail::letters::money as letters;
use crate::payments::{CheckoutStatus, IntentStatus, InvoiceStatus, SubscriptionState, SubscriptionStatus};
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::time::{DAY, HOUR};
use keel_types::{AccountId, Currency, Instant, Money, SubscriptionId};

/// How long before its end people are told of a trial's end.
const NOTICE: i64 = 3 * DAY + HOUR;

sql! {
    LIST_LAPSING = "SELECT id, account_id FROM subscriptions WHERE live AND kept_until <= $1 ORDER BY kept_until LIMIT 100";
    LAPSE = "UPDATE subscriptions SET live = FALSE, lost_at = $2 WHERE id = $1 AND live AND kept_until <= $2 RETURNING stripe_id, plan, past_due_since";
    FIND_CUSTOMER = "SELECT customer_id FROM stripe_customers WHERE account_id = $1";
}

/// Until when the plan of an overdue subscription is kept.
pub(super) fn kept_until(keel: &Keel, since: i64) -> i64 {
    since.saturating_add(i64::from(keel.settings().product.billing.past_due_days) * DAY)
}

/// Tells of a renewal that was tried in vain, or that waits for the card's owner: once for each try. What is bought first is paid, or
/// not, in front of the buyer's eyes.
pub(super) async fn tell_of_attempt(
    tx: &mut Tx,
    keel: &Keel,
    account: &AccountId,
    billed: &Billed,
    subscription: Option<&SubscriptionState>,
) -> Result<()> {
    let (invoice, Some(intent), Some(subscription)) = (&billed.state, &billed.intent, subscription) else { return Ok(()) };
    if invoice.billing_reason.as_deref() == Some("subscription_create") || invoice.attempts == 0 {
        return Ok(());
    }
    let what = match intent {
        IntentStatus::RequiresPaymentMethod | IntentStatus::Canceled => letters::Trouble::Declined,
        IntentStatus::RequiresAction => letters::Trouble::Unconfirmed(invoice.hosted_url.clone()),
        _ => return Ok(()),
    };
    let fact = format!("{}:{}:{}", what.word(), invoice.id, invoice.attempts);
    if !told::once(tx, &fact, keel.now()).await? {
        return Ok(());
    }
    let overdue = subscription.status == SubscriptionStatus::PastDue;
    let about = letters::Failed {
        amount: Currency::parse(&invoice.currency).map(|currency| Money { minor: invoice.total, currency }),
        kept_until: overdue.then(|| Instant(kept_until(keel, invoice.created))),
        what,
    };
    audit::write(tx, &Actor::System("stripe"), Action::PaymentFailed, Some(account), &invoice.id, &[], keel.now()).await?;
    letters::payment_failed(tx, keel, account, &about).await
}

/// Tells, once, that the money of a checkout never came: some ways to pay say so days after the buyer has left.
pub(super) async fn tell_of_missed(tx: &mut Tx, keel: &Keel, account: &AccountId, bought: &Bought, invoice: Option<&Billed>) -> Result<()> {
    let state = &bought.state;
    let failed = |intent: &Option<IntentStatus>| matches!(intent, Some(IntentStatus::RequiresPaymentMethod | IntentStatus::Canceled));
    let given_up = |billed: &Billed| failed(&billed.intent) || billed.state.status == InvoiceStatus::Void;
    let missed = state.status == CheckoutStatus::Complete && !state.paid && (failed(&bought.intent) || invoice.is_some_and(given_up));
    if !missed || !told::once(tx, &format!("missed:{}", state.id), keel.now()).await? {
        return Ok(());
    }
    let currency = state.currency.as_deref().and_then(Currency::parse);
    let amount = state.amount_total.zip(currency).map(|(minor, currency)| Money { minor, currency });
    letters::payment_missed(tx, keel, account, amount).await
}

/// Tells, once, that a trial ends soon and what happens then.
pub(super) async fn tell_of_trial_end(tx: &mut Tx, keel: &Keel, account: &AccountId, plan: &str, state: &SubscriptionState) -> Result<()> {
    let (Some(end), now) = (state.trial_end, keel.now()) else { return Ok(()) };
    let ends = state.cancel_at_period_end || state.cancel_at.is_some();
    let soon = state.status == SubscriptionStatus::Trialing && end > now.0 && end - now.0 <= NOTICE;
    if ends || !soon || !told::once(tx, &format!("trial:{}:{end}", state.id), now).await? {
        return Ok(());
    }
    let minor = state.unit_amount.unwrap_or(0).saturating_mul(state.quantity);
    let amount = Currency::parse(&state.currency).map(|currency| Money { minor, currency });
    letters::trial_ends(tx, keel, account, plan, Instant(end), amount).await
}

/// Tells, once, that the deadline is over and the plan is kept no more. The caller holds the account's lock.
pub(super) async fn tell_of_lapse(tx: &mut Tx, keel: &Keel, account: &AccountId, subscription: &str, plan: &str, since: i64) -> Result<()> {
    if !told::once(tx, &format!("lapsed:{subscription}:{since}"), keel.now()).await? {
        return Ok(());
    }
    let name = keel.settings().product.plan(plan).map_or(plan, |plan| plan.name.as_str());
    letters::plan_lapsed(tx, keel, account, name).await
}

/// Ends what is kept no longer. True when there was something.
pub(crate) async fn lapse_due(keel: &Keel) -> Result<bool> {
    let due: Vec<DueRow> = keel.db().read().list(LIST_LAPSING, args![keel.now()]).await?;
    let any = !due.is_empty();
    let mut trouble = Ok(());
    for row in due {
        trouble = trouble.and(lapse(keel, &row).await);
    }
    trouble.map(|()| any)
}

async fn lapse(keel: &Keel, due: &DueRow) -> Result<()> {
    let (now, account) = (keel.now(), &due.account_id);
    let mut tx = keel.db().begin().await?;
    if !locks::try_lock_account(&mut tx, account).await? {
        return Ok(());
    }
    let lapsed: Option<(Option<String>, String, Option<i64>)> = tx.find(LAPSE, args![&due.id, now]).await?;
    let Some((stripe_id, plan, since)) = lapsed else { return Ok(()) };
    seats::follow(&mut tx, &keel.settings().product, account).await?;
    let metadata = [("plan", plan.as_str()), ("status", "past_due")];
    audit::write(&mut tx, &Actor::System("stripe"), Action::SubscriptionCanceled, Some(account), due.id.as_str(), &metadata, now).await?;
    tell_of_lapse(&mut tx, keel, account, stripe_id.as_deref().unwrap_or_default(), &plan, since.unwrap_or(0)).await?;
    let customer: Option<(Option<String>,)> = tx.find(FIND_CUSTOMER, args![account]).await?;
    tx.commit().await?;
    // Another one may count now. In a transaction of its own: whoever holds a lane waits for the account, not the other way round.
    let Some(customer) = customer.and_then(|(customer,)| customer) else { return Ok(()) };
    let mut tx = keel.db().begin().await?;
    inbox::ask(&mut tx, inbox::ObjectKind::Customer, &customer, &customer, now).await?;
    tx.commit().await?;
    keel.wake();
    Ok(())
}

#[derive(sqlx::FromRow)]
struct DueRow {
    #[sqlx(try_from = "String")]
    id: SubscriptionId,
    #[sqlx(try_from = "String")]
    account_id: AccountId,
}
