//! What an object of Stripe means for an account: looked up after the lane was claimed, written in one transaction.
//! Written twice, or in another order, it leaves the same state.

use super::inbox::ObjectKind;
use super::{charges, dunning, invoices, outcomes, purchases, subscriptions, upcoming};
use crate::access::Outside;
use crate::credits::low;
use crate::db::{Tx, locks};
use crate::payments::{
    ChargeState, CheckoutKind, CheckoutState, CheckoutStatus, IntentStatus, InvoiceState, InvoiceStatus, PaymentError, SubscriptionState,
    SubscriptionStatus, Upcoming,
};
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::AccountId;
use std::collections::BTreeMap;

sql! {
    FIND_ACCOUNT_OF_CUSTOMER = "SELECT account_id FROM stripe_customers WHERE customer_id = $1";
    FIND_CLAIMED_ACCOUNT = "SELECT account_id FROM stripe_customers WHERE account_id = $1 AND customer_id IS NULL";
    SETTLE_CUSTOMER = "UPDATE stripe_customers SET customer_id = $2 WHERE account_id = $1 AND customer_id IS NULL";
}

/// What a look at Stripe found.
#[derive(Debug, Default)]
pub(super) struct Found {
    customer: Option<String>,
    checkout: Option<Bought>,
    subscriptions: Vec<SubscriptionState>,
    invoices: Vec<Billed>,
    /// Every charge of the one payment that was looked at.
    charges: Vec<ChargeState>,
    /// What subscriptions become when their periods end.
    upcoming: BTreeMap<String, Upcoming>,
}

/// A checkout, and how its payment stands where that took place without an invoice and is not there yet.
#[derive(Debug)]
pub(super) struct Bought {
    pub state: CheckoutState,
    pub intent: Option<IntentStatus>,
}

/// An invoice, and how its payment stands where that was tried in vain.
#[derive(Debug)]
pub(super) struct Billed {
    pub state: InvoiceState,
    pub intent: Option<IntentStatus>,
}

impl Found {
    /// Whose it is.
    pub fn customer(&self) -> Option<&str> {
        let named = [
            self.customer.as_deref(),
            self.checkout.as_ref().and_then(|c| c.state.customer.as_deref()),
            self.subscriptions.first().map(|s| s.customer.as_str()),
            self.invoices.first().and_then(|i| i.state.customer.as_deref()),
        ];
        named.into_iter().flatten().next()
    }

    /// The account written on it.
    fn account(&self) -> Option<&str> {
        let named = [
            self.checkout.as_ref().and_then(|c| c.state.account_id.as_deref()),
            self.subscriptions.first().and_then(|s| s.account_id.as_deref()),
            self.invoices.first().and_then(|i| i.state.account_id.as_deref()),
        ];
        named.into_iter().flatten().next()
    }

    fn subscription_of(&self, invoice: &InvoiceState) -> Option<&SubscriptionState> {
        self.subscriptions.iter().find(|subscription| Some(&subscription.id) == invoice.subscription.as_ref())
    }

    /// Since when the subscription is not paid: when the invoice was made that waits.
    fn overdue_since(&self, subscription: &SubscriptionState) -> Option<i64> {
        let latest = self.invoices.iter().find(|billed| Some(&billed.state.id) == subscription.latest_invoice.as_ref())?;
        (latest.state.status != InvoiceStatus::Paid).then_some(latest.state.created)
    }
}

/// Fetches an object and what it cannot be understood without.
pub(super) async fn look(keel: &Keel, out: &Outside, kind: ObjectKind, id: &str) -> std::result::Result<Found, PaymentError> {
    let payments = keel.payments();
    let mut found = Found::default();
    match kind {
        ObjectKind::Checkout => look_at_checkout(keel, out, id, &mut found).await?,
        ObjectKind::Subscription => found.subscriptions.push(payments.get_subscription(out, id).await?),
        ObjectKind::Invoice => look_at_invoice(keel, out, id, &mut found).await?,
        ObjectKind::Customer => {
            found.customer = Some(id.to_owned());
            found.subscriptions = match payments.list_subscriptions(out, id).await {
                // Of one that was deleted Stripe tells nothing; what it had ended, each with an event of its own.
                Err(PaymentError::NotFound | PaymentError::Refused { .. }) if !payments.has_customer(out, id).await? => vec![],
                listed => listed?,
            };
        }
        ObjectKind::Charge => look_at_charge(keel, out, id, &mut found).await?,
    }
    for subscription in &found.subscriptions {
        let Some(schedule) = &subscription.schedule else { continue };
        if let Some(upcoming) = payments.find_upcoming(out, schedule).await? {
            found.upcoming.insert(subscription.id.clone(), upcoming);
        }
    }
    let overdue = found.subscriptions.iter().filter(|subscription| subscription.status == SubscriptionStatus::PastDue);
    for invoice in overdue.filter_map(|subscription| subscription.latest_invoice.clone()).collect::<Vec<_>>() {
        if found.invoices.iter().all(|billed| billed.state.id != invoice) {
            found.invoices.push(get_invoice(keel, out, &invoice).await?);
        }
    }
    Ok(found)
}

async fn look_at_checkout(keel: &Keel, out: &Outside, id: &str, found: &mut Found) -> std::result::Result<(), PaymentError> {
    let payments = keel.payments();
    let state = payments.get_checkout(out, id).await?;
    let waits = state.mode == CheckoutKind::Payment && state.status == CheckoutStatus::Complete && !state.paid;
    let intent = match state.payment_intent.as_deref().filter(|_| waits) {
        Some(intent) => Some(payments.get_intent_status(out, intent).await?),
        None => None,
    };
    match (&state.invoice, &state.subscription) {
        (Some(invoice), _) => look_at_invoice(keel, out, invoice, found).await?,
        (None, Some(subscription)) => found.subscriptions.push(payments.get_subscription(out, subscription).await?),
        (None, None) => {}
    }
    found.checkout = Some(Bought { state, intent });
    Ok(())
}

async fn look_at_invoice(keel: &Keel, out: &Outside, id: &str, found: &mut Found) -> std::result::Result<(), PaymentError> {
    let billed = get_invoice(keel, out, id).await?;
    if let Some(subscription) = &billed.state.subscription {
        found.subscriptions.push(keel.payments().get_subscription(out, subscription).await?);
    }
    found.invoices.push(billed);
    Ok(())
}

async fn get_invoice(keel: &Keel, out: &Outside, id: &str) -> std::result::Result<Billed, PaymentError> {
    let payments = keel.payments();
    let state = payments.get_invoice(out, id).await?;
    let mut intent = None;
    if state.status == InvoiceStatus::Open
        && state.attempts > 0
        && let Some(newest) = payments.list_intents_of_invoice(out, id).await?.first()
    {
        intent = Some(payments.get_intent_status(out, newest).await?);
    }
    Ok(Billed { state, intent })
}

/// A charge, with the invoice or the checkout that it paid, and every other charge of that.
async fn look_at_charge(keel: &Keel, out: &Outside, id: &str, found: &mut Found) -> std::result::Result<(), PaymentError> {
    let payments = keel.payments();
    let charge = payments.get_charge(out, id).await?;
    found.customer.clone_from(&charge.customer);
    let mut intents: Vec<String> = charge.intent.iter().cloned().collect();
    if let Some(intent) = &charge.intent {
        if let Some(invoice) = payments.find_invoice_of_intent(out, intent).await? {
            look_at_invoice(keel, out, &invoice, found).await?;
            intents = payments.list_paid_intents_of_invoice(out, &invoice).await?;
        } else if let Some(checkout) = payments.find_checkout_of_intent(out, intent).await? {
            look_at_checkout(keel, out, &checkout, found).await?;
        }
    }
    for intent in &intents {
        found.charges.extend(payments.list_charges_of_intent(out, intent).await?);
    }
    if found.charges.iter().all(|other| other.id != charge.id) {
        found.charges.push(charge);
    }
    Ok(())
}

/// Writes what was found. False when it belongs to no account of ours.
pub(super) async fn settle(tx: &mut Tx, keel: &Keel, found: &Found) -> Result<bool> {
    let Some(account) = find_account(tx, found).await? else { return Ok(false) };
    if !locks::try_lock_account(tx, &account).await? {
        return Ok(false);
    }
    let credits = low::balance(tx, &account).await?;
    for subscription in &found.subscriptions {
        subscriptions::mirror(tx, keel, &account, subscription, found.overdue_since(subscription)).await?;
        upcoming::keep(tx, subscription, found.upcoming.get(&subscription.id)).await?;
    }
    for billed in &found.invoices {
        invoices::settle(tx, keel, &account, billed, found.subscription_of(&billed.state)).await?;
    }
    if let Some(bought) = &found.checkout {
        purchases::settle(tx, keel, &account, bought).await?;
        outcomes::settle(tx, keel, &bought.state).await?;
        dunning::tell_of_missed(tx, keel, &account, bought, found.invoices.first()).await?;
    }
    let invoice = found.invoices.first().map(|billed| billed.state.id.as_str());
    let payment = invoice.or(found.checkout.as_ref().map(|bought| bought.state.id.as_str()));
    charges::settle(tx, keel, &account, payment, &found.charges).await?;
    low::tell(tx, keel, &account, credits).await?;
    Ok(true)
}

/// The account of the customer; of the metadata only where the customer was claimed and not yet settled.
async fn find_account(tx: &mut Tx, found: &Found) -> Result<Option<AccountId>> {
    let Some(customer) = found.customer() else { return Ok(None) };
    let row: Option<AccountRow> = tx.find(FIND_ACCOUNT_OF_CUSTOMER, args![customer]).await?;
    if let Some(row) = row {
        return Ok(Some(row.account_id));
    }
    let Some(named) = found.account() else { return Ok(None) };
    let row: Option<AccountRow> = tx.find(FIND_CLAIMED_ACCOUNT, args![named]).await?;
    if let Some(row) = &row {
        tx.run(SETTLE_CUSTOMER, args![&row.account_id, customer]).await?;
    }
    Ok(row.map(|row| row.account_id))
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    #[sqlx(try_from = "String")]
    account_id: AccountId,
}
