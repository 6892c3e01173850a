//! The renewal of what is paid for: stopped while a deletion is due, as it was before once that is taken back. Whose renewal a
//! deletion stopped says Stripe's own object, in one write with the stop, so nobody forgets it: what a customer had ended
//! stays ended. Every call is claimed before it is made; a claim that a later one overtook is made again.

use super::Open;
use crate::access::{Door, Grant, Outside, Write};
use crate::db::{Conn, Tx};
use crate::payments::{PaymentError, SubscriptionState, SubscriptionStatus};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, sql};
use keel_types::{AccountId, DeletionId, Instant};
use std::time::Duration;

/// How long a request waits for Stripe.
const WAIT: Duration = Duration::from_secs(15);

sql! {
    FIND_CUSTOMER = "SELECT customer_id FROM stripe_customers WHERE account_id = $1 AND customer_id IS NOT NULL";
    SETTLE = "UPDATE deletions SET renewal_open = FALSE, next_at = $3, tries = 0, error = NULL WHERE id = $1 AND claims = $2";
    HASTEN = "UPDATE deletions SET next_at = $3 WHERE id = $1 AND claims = $2";
    // Another claim was made meanwhile: which of the two calls came last at Stripe, nobody knows.
    REOPEN = "UPDATE deletions SET renewal_open = TRUE, next_at = $2 WHERE id = $1";
    FIND_DUE_OF_ACCOUNT = "SELECT id FROM deletions WHERE account_id = $1 AND state = 'due' AND NOT renewal_open";
    FIND_CANCELED = "SELECT id FROM deletions WHERE id = $1 AND account_id = $2 AND state = 'canceled' AND NOT renewal_open";
}

/// Commits the deletion, or its end, tells Stripe, and writes down that it did. Where Stripe does not answer the worker goes on:
/// what was asked for is done all the same.
///
/// # Errors
/// `TooMany`, and nothing was asked for.
pub(super) async fn tell<R, D: Door<Proof = Grant<R>>>(call: &mut Write<D>, open: Open) -> Result<()> {
    let customer = find_customer(call.tx()?, &open.account_id).await?;
    if customer.is_some() {
        call.keel().asking().count(&open.account_id, call.now())?;
    }
    let told = open.clone();
    let done = call
        .outside(|keel, out| async move {
            let Some(customer) = customer else { return Ok(true) };
            let done = tokio::time::timeout(WAIT, apply(&keel, &out, &customer, &told)).await;
            let done = done.map_err(|_| PaymentError::Unavailable).and_then(|done| done);
            Ok(done.inspect_err(|error| tracing::warn!(%error, deletion = %told.id, "Stripe was not told; the worker goes on")).is_ok())
        })
        .await?;
    let now = call.now();
    if done {
        return settle(call.tx()?, &open, now).await;
    }
    call.tx()?.run(HASTEN, args![&open.id, open.claims, now]).await?;
    Ok(())
}

/// The account's customer at Stripe.
pub(super) async fn find_customer(conn: &mut Conn, account: &AccountId) -> Result<Option<String>> {
    let row: Option<(String,)> = conn.find(FIND_CUSTOMER, args![account]).await?;
    Ok(row.map(|(customer,)| customer))
}

/// Makes the renewal of everything the customer pays for as the deletion wants it.
pub(super) async fn apply(keel: &Keel, out: &Outside, customer: &str, open: &Open) -> std::result::Result<(), PaymentError> {
    let payments = keel.payments();
    for subscription in payments.list_subscriptions(out, customer).await?.iter().filter(|subscription| goes_on(subscription)) {
        let ends = ends(subscription);
        let ours = subscription.deletion_id.as_deref() == Some(open.id.as_str());
        let anothers = subscription.deletion_id.is_some() && !ours;
        if open.stops() && (!ends || anothers) {
            // While something is scheduled, Stripe lets the schedule alone decide about the end.
            if let Some(schedule) = &subscription.schedule {
                payments.release_schedule(out, schedule).await?;
            }
            payments.stop_renewal(out, &subscription.id, open.id.as_str()).await?;
        } else if !open.stops() && ends && ours {
            payments.resume_renewal(out, &subscription.id).await?;
        }
    }
    Ok(())
}

/// Ends everything the customer pays for, now.
pub(super) async fn end_all(keel: &Keel, out: &Outside, customer: &str) -> std::result::Result<(), PaymentError> {
    let payments = keel.payments();
    for subscription in payments.list_subscriptions(out, customer).await? {
        if !matches!(subscription.status, SubscriptionStatus::Canceled | SubscriptionStatus::IncompleteExpired) {
            payments.end_subscription(out, &subscription.id).await?;
        }
    }
    Ok(())
}

/// Writes down that Stripe was told, unless somebody claimed it anew meanwhile.
pub(super) async fn settle(tx: &mut Tx, open: &Open, now: Instant) -> Result<()> {
    if !tx.ran(SETTLE, args![&open.id, open.claims, now]).await? {
        tx.run(REOPEN, args![&open.id, now]).await?;
    }
    Ok(())
}

/// What is mirrored of a subscription is looked at: where its renewal is not as a deletion wants it, Stripe is told once more.
/// The caller holds the account's lock.
pub(crate) async fn check(tx: &mut Tx, account: &AccountId, subscription: &SubscriptionState, now: Instant) -> Result<()> {
    if !goes_on(subscription) {
        return Ok(());
    }
    let wrong: Option<(String,)> = match (ends(subscription), &subscription.deletion_id) {
        (false, _) => tx.find(FIND_DUE_OF_ACCOUNT, args![account]).await?,
        (true, Some(deletion)) => tx.find(FIND_CANCELED, args![deletion.as_str(), account]).await?,
        (true, None) => None,
    };
    if let Some((deletion,)) = wrong {
        let deletion = DeletionId::parse(&deletion).map_err(|_| Refusal::internal(&"a deletion without an id"))?;
        tx.run(REOPEN, args![&deletion, now]).await?;
    }
    Ok(())
}

fn goes_on(subscription: &SubscriptionState) -> bool {
    matches!(subscription.status, SubscriptionStatus::Active | SubscriptionStatus::Trialing | SubscriptionStatus::PastDue)
}

fn ends(subscription: &SubscriptionState) -> bool {
    subscription.cancel_at_period_end || subscription.cancel_at.is_some()
}
