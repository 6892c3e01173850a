//! What an owner changes about the plan that is paid: its end, its trial, its size, itself.
//!
//! Every change goes the same way. Under the account's lock the mirror says whether it is allowed and a wish is written down, of
//! which an account has one at a time; then Stripe is told, under the wish's key, so that the same wish made twice is done once;
//! then a look in the customer's lane brings what Stripe has by now into the mirror, before anybody is answered. What Stripe
//! refuses changes nothing. A wish that nobody came back to is left to the worker, which looks. Tested in `tests/flows/changes.rs`.

mod paid;
mod plans;
mod wishes;

pub use paid::{Offer, Standing, standing};
pub use plans::{Change, Planned, Preview, Wanted, When, change, plan, preview, preview_end_of_trial};
pub(crate) use wishes::look_at_left;

use super::asking;
use super::checkouts::told;
use super::inbox::ObjectKind;
use super::lanes;
use crate::access::{Outside, Read, Write};
use crate::audit::Action;
use crate::mail::letters::{self, plans::News};
use crate::payments::{PaymentError, SubscriptionStatus};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, sql};
use keel_types::permission::may;
use keel_types::{AccountId, Code, Currency, Instant, Money, url};
use paid::Paid;
use wishes::Wish;

sql! {
    FIND_CUSTOMER = "SELECT customer_id FROM stripe_customers WHERE account_id = $1 AND customer_id IS NOT NULL";
    FIND_CHARGED = "SELECT s.period_end, p.amount, p.currency FROM subscriptions s
        LEFT JOIN payments p ON p.stripe_id = s.latest_invoice AND p.status = 'paid' WHERE s.stripe_id = $1";
    FIND_PAPER = "SELECT stripe_id FROM payments WHERE account_id = $1 AND id = $2";
}

/// Ends the plan with the period that is paid, or with its trial. Ending already, it stays so.
///
/// # Errors
/// `Refused(NotSubscribed)`, `Refused(ChangeUnderway)`, `Unavailable`.
pub async fn cancel(call: &mut Write<may::ManageBilling>) -> Result<()> {
    let paid = Paid::lock(call).await?;
    if paid.ends().is_some() {
        return Ok(());
    }
    let ends = Instant(paid.period_end);
    if wishes::fulfil(call, &paid, Wish::Cancel, Action::SubscriptionCanceled, &[("ends", &keel_text::iso(ends))]).await? {
        letters::plans::write(call, News::Canceled { plan: &paid.plan_name, ends }).await?;
    }
    Ok(())
}

/// Lets the plan go on that was to end. Where nothing was to end, nothing happens.
///
/// # Errors
/// Those of [`cancel`]; `Refused(DeletionScheduled)` while the workspace is to be deleted.
pub async fn resume(call: &mut Write<may::ManageBilling>) -> Result<()> {
    let paid = Paid::lock(call).await?;
    if paid.ends().is_none() {
        return Ok(());
    }
    paid.require_kept()?;
    if wishes::fulfil(call, &paid, Wish::Resume, Action::SubscriptionResumed, &[]).await? {
        let renews = Instant(paid.period_end);
        letters::plans::write(call, News::Resumed { plan: &paid.plan_name, renews }).await?;
    }
    Ok(())
}

/// Ends the trial: the first period is paid now. Without a trial nothing happens.
///
/// # Errors
/// Those of [`cancel`]; `Refused(PaymentDeclined)`, and the trial goes on; `Refused(PlanEnds)` when it was to end.
pub async fn end_trial(call: &mut Write<may::ManageBilling>) -> Result<()> {
    let paid = Paid::lock(call).await?;
    if !paid.is_trialing() {
        return Ok(());
    }
    paid.require_going_on()?;
    if wishes::fulfil(call, &paid, Wish::EndTrial, Action::SubscriptionTrialEnded, &[]).await? {
        let row: ChargedRow = call.tx()?.get(FIND_CHARGED, args![paid.subscription.as_str()]).await?;
        let (charged, renews) = (row.charged(), Instant(row.period_end));
        letters::plans::write(call, News::TrialEnded { plan: &paid.plan_name, charged, renews }).await?;
    }
    Ok(())
}

/// What the newest invoice of a subscription came to, where that is known to be paid.
#[derive(sqlx::FromRow)]
struct ChargedRow {
    period_end: i64,
    amount: Option<i64>,
    currency: Option<String>,
}

impl ChargedRow {
    fn charged(&self) -> Option<Money> {
        Some(Money { minor: self.amount?, currency: Currency::parse(self.currency.as_deref()?)? })
    }
}

/// Takes back what was scheduled for the end of the period. Where nothing was, nothing happens.
///
/// # Errors
/// Those of [`cancel`].
pub async fn keep_plan(call: &mut Write<may::ManageBilling>) -> Result<()> {
    let paid = Paid::lock(call).await?;
    if paid.schedule_id.is_none() {
        return Ok(());
    }
    wishes::fulfil(call, &paid, Wish::Keep, Action::SubscriptionChanged, &[("to", &paid.plan)]).await.map(drop)
}

/// Asks Stripe for everything the account's customer has, and writes it down.
///
/// # Errors
/// `Refused(NotSubscribed)` where nothing was ever paid; `TooMany`; `Unavailable`.
pub async fn sync(call: &mut Write<may::ManageBilling>) -> Result<()> {
    let customer = customer(call).await?;
    call.keel().asking().count(call.proof().account(), call.now())?;
    call.outside(|keel, out| asking::in_time(Box::pin(look_at_all(keel, out, customer)))).await
}

async fn look_at_all(keel: Keel, out: Outside, customer: String) -> Result<()> {
    let all = keel.payments().list_subscriptions(&out, &customer).await.map_err(told)?;
    let is_over = |status: &SubscriptionStatus| matches!(status, SubscriptionStatus::Canceled | SubscriptionStatus::IncompleteExpired);
    // The newest of those that are over may be the one that the mirror still has.
    let over = all.iter().filter(|subscription| is_over(&subscription.status)).take(1);
    for subscription in all.iter().filter(|subscription| !is_over(&subscription.status)).chain(over) {
        lanes::look_at(&keel, ObjectKind::Subscription, &subscription.id, &customer).await?;
    }
    Ok(())
}

/// Opens the payment provider's portal and gives its address: where cards, addresses and tax ids are put in and papers lie.
///
/// # Errors
/// Those of [`sync`].
pub async fn open_portal(call: &mut Write<may::ManageBilling>, cards: bool, page: &str) -> Result<String> {
    let customer = customer(call).await?;
    call.keel().asking().count(call.proof().account(), call.now())?;
    let back = format!("{}{}", call.keel().settings().base_url, url::about(page, call.proof().standing().handle()));
    let opened = |keel: Keel, out| async move { keel.payments().open_portal(&out, &customer, cards, &back).await.map_err(told) };
    call.outside(|keel, out| asking::in_time(opened(keel, out))).await
}

async fn customer(call: &mut Write<may::ManageBilling>) -> Result<String> {
    let account = call.proof().account().clone();
    let row: Option<(String,)> = call.tx()?.find(FIND_CUSTOMER, args![&account]).await?;
    row.map(|(customer,)| customer).ok_or(Refusal::Refused(Code::NotSubscribed))
}

/// The address of the paper about one of the account's payments, fresh from Stripe, where such addresses run out.
///
/// # Errors
/// `NotFound` for an unknown payment, one of another account, and one without a paper; `TooMany`; `Unavailable`.
pub async fn find_paper(mut call: Read<may::ViewBilling>, payment: &str) -> Result<String> {
    let (keel, account): (_, AccountId) = (call.keel().clone(), call.proof().account().clone());
    let row: Option<(String,)> = call.conn().find(FIND_PAPER, args![&account, payment]).await?;
    let (id,) = row.ok_or(Refusal::NotFound)?;
    keel.asking().count(&account, call.now())?;
    drop(call);
    asking::in_time(async move {
        match keel.payments().find_paper(&Outside(()), &id).await {
            Ok(paper) => paper.ok_or(Refusal::NotFound),
            Err(PaymentError::NotFound) => Err(Refusal::NotFound),
            Err(error) => Err(told(error)),
        }
    })
    .await
}
