//! Subscriptions, as Stripe knows them now.

use std::collections::HashMap;

use miniserde::Deserialize;
use stripe_billing::subscription::{CancelSubscription, UpdateSubscription};

use super::prices::Price;
use super::{Listed, Marks, Named, PaymentError, Payments, Recurrence, ms, segment, words};
use crate::access::Outside;

/// A subscription of one price, the only kind Keel makes. Of one with more, the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionState {
    /// The subscription's id.
    pub id: String,
    /// Who pays.
    pub customer: String,
    /// The account written on it; `None` on one that Keel did not make.
    pub account_id: Option<String>,
    /// The deletion of its account that stopped its renewal.
    pub deletion_id: Option<String>,
    /// How it stands.
    pub status: SubscriptionStatus,
    /// The id of its item, by which grants are counted.
    pub item_id: String,
    /// The price's id.
    pub price_id: String,
    /// The price's lookup key, by which the catalogue knows the plan; a price that was replaced has lost it.
    pub lookup_key: Option<String>,
    /// The product's id.
    pub product: String,
    /// How many, such as seats.
    pub quantity: i64,
    /// How often it renews.
    pub interval: Recurrence,
    /// Minor units, for one; `None` for prices Keel does not make.
    pub unit_amount: Option<i64>,
    /// Lower-case code.
    pub currency: String,
    /// When the running period began.
    pub current_period_start: i64,
    /// When the running period ends.
    pub current_period_end: i64,
    /// When the trial began, also one that is over.
    pub trial_start: Option<i64>,
    /// When the trial ends or ended.
    pub trial_end: Option<i64>,
    /// When it will end, or was to end. The portal sets this one to end at period end.
    pub cancel_at: Option<i64>,
    /// It ends with the running period.
    pub cancel_at_period_end: bool,
    /// When its end was asked for.
    pub canceled_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// The schedule that brings another price or number when the period ends.
    pub schedule: Option<String>,
    /// The newest invoice's id.
    pub latest_invoice: Option<String>,
    /// When it was made.
    pub created: i64,
    /// Real money, not a test.
    pub livemode: bool,
}

words! {
    /// How a subscription stands.
    SubscriptionStatus {
        /// The first payment is still to be made.
        Incomplete = "incomplete",
        /// The first payment was never made.
        IncompleteExpired = "incomplete_expired",
        /// In its trial.
        Trialing = "trialing",
        /// Paid.
        Active = "active",
        /// A renewal was not paid and is tried again.
        PastDue = "past_due",
        /// Ended.
        Canceled = "canceled",
        /// A renewal was not paid and is no longer tried.
        Unpaid = "unpaid",
        /// The trial ended without a card.
        Paused = "paused",
    }
}

impl Payments {
    /// The subscription as Stripe knows it now.
    pub async fn get_subscription(&self, out: &Outside, id: &str) -> Result<SubscriptionState, PaymentError> {
        self.get::<Subscription>(out, format!("/subscriptions/{}", segment(id)?)).await?.state()
    }

    /// Every subscription the customer has or had, newest first.
    pub async fn list_subscriptions(&self, out: &Outside, customer: &str) -> Result<Vec<SubscriptionState>, PaymentError> {
        let all: Vec<Subscription> = self.list(out, "/subscriptions", &[("customer", customer), ("status", "all")]).await?;
        all.into_iter().map(Subscription::state).collect()
    }

    /// The subscription ends with its period, and says that this deletion of its account wants it. Done twice, it is the same.
    pub async fn stop_renewal(&self, out: &Outside, id: &str, deletion: &str) -> Result<(), PaymentError> {
        self.renew(out, id, false, deletion).await
    }

    /// The subscription renews again, and no deletion wants it otherwise. Done twice, it is the same.
    pub async fn resume_renewal(&self, out: &Outside, id: &str) -> Result<(), PaymentError> {
        self.renew(out, id, true, "").await
    }

    /// Stripe takes an empty mark as none.
    async fn renew(&self, out: &Outside, id: &str, renews: bool, deletion: &str) -> Result<(), PaymentError> {
        let marks = HashMap::from([("deletion_id".to_owned(), deletion.to_owned())]);
        let request = UpdateSubscription::new(segment(id)?).cancel_at_period_end(!renews).metadata(marks);
        self.send::<Named>(out, &request, None).await.map(drop)
    }

    /// The subscription has ended. One that had is left as it is.
    pub async fn end_subscription(&self, out: &Outside, id: &str) -> Result<(), PaymentError> {
        match self.send::<Named>(out, &CancelSubscription::new(segment(id)?), None).await {
            Ok(_) | Err(PaymentError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A subscription as Stripe sends it.
#[derive(Deserialize)]
struct Subscription {
    id: String,
    customer: String,
    metadata: Option<Marks>,
    status: Option<String>,
    items: Items,
    trial_start: Option<i64>,
    trial_end: Option<i64>,
    cancel_at: Option<i64>,
    cancel_at_period_end: bool,
    canceled_at: Option<i64>,
    ended_at: Option<i64>,
    schedule: Option<String>,
    latest_invoice: Option<String>,
    created: i64,
    livemode: bool,
}

#[derive(Deserialize)]
struct Items {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    price: Price,
    quantity: Option<i64>,
    current_period_start: i64,
    current_period_end: i64,
}

impl Listed for Subscription {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Subscription {
    fn state(self) -> Result<SubscriptionState, PaymentError> {
        let item = self.items.data.into_iter().next().ok_or(PaymentError::Unreadable)?;
        let (account_id, deletion_id) = self.metadata.map_or((None, None), |marks| (marks.account_id, marks.deletion_id));
        Ok(SubscriptionState {
            id: self.id,
            customer: self.customer,
            account_id,
            deletion_id,
            status: SubscriptionStatus::read(self.status),
            item_id: item.id,
            interval: item.price.recurrence(),
            price_id: item.price.id,
            lookup_key: item.price.lookup_key,
            product: item.price.product,
            quantity: item.quantity.unwrap_or(1),
            unit_amount: item.price.unit_amount,
            currency: item.price.currency,
            current_period_start: ms(item.current_period_start),
            current_period_end: ms(item.current_period_end),
            trial_start: self.trial_start.map(ms),
            trial_end: self.trial_end.map(ms),
            cancel_at: self.cancel_at.map(ms),
            cancel_at_period_end: self.cancel_at_period_end,
            canceled_at: self.canceled_at.map(ms),
            ended_at: self.ended_at.map(ms),
            schedule: self.schedule,
            latest_invoice: self.latest_invoice,
            created: ms(self.created),
            livemode: self.livemode,
        })
    }
}
