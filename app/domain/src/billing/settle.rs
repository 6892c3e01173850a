//! What an object of Stripe means for an account: looked up after the lane was claimed, written in one transaction.
//! Written twice, or in another order, it leaves the same state.

use super::inbox::ObjectKind;
use super::months::{self, Contract};
use super::{checkouts, subscriptions, upcoming};
use crate::access::Outside;
use crate::audit::{self, Action, Actor};
use crate::db::{Tx, locks};
use crate::payments::{CheckoutState, InvoiceLine, InvoiceState, InvoiceStatus, PaymentError, SubscriptionState, Upcoming};
use crate::refusal::Result;
use crate::{Keel, args, ids, sql};
use keel_types::{AccountId, Instant, Interval, PaymentId, SubscriptionId};

sql! {
    FIND_ACCOUNT_OF_CUSTOMER = "SELECT account_id FROM stripe_customers WHERE customer_id = $1";
    FIND_CLAIMED_ACCOUNT = "SELECT account_id FROM stripe_customers WHERE account_id = $1 AND customer_id IS NULL";
    SETTLE_CUSTOMER = "UPDATE stripe_customers SET customer_id = $2 WHERE account_id = $1 AND customer_id IS NULL";
    FIND_MIRROR = "SELECT id FROM subscriptions WHERE stripe_id = $1";
    FIND_LOOKUP_KEY = "SELECT lookup_key FROM stripe_prices WHERE price_id = $1";
    KEEP_CURRENCY = "UPDATE accounts SET currency = $2 WHERE id = $1 AND currency IS NULL";
    FIND_PAYMENT = "SELECT status FROM payments WHERE stripe_id = $1";
    KEEP_PAYMENT = "INSERT INTO payments (id, account_id, stripe_id, product, amount, currency, status, created_at, number)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (stripe_id) DO UPDATE SET amount = excluded.amount, status = excluded.status, created_at = excluded.created_at,
            number = excluded.number";
}

/// What a look at Stripe found.
#[derive(Debug)]
pub(super) struct Found {
    pub checkout: Option<CheckoutState>,
    pub subscription: Option<SubscriptionState>,
    pub invoice: Option<InvoiceState>,
    /// What the subscription becomes when its period ends.
    pub upcoming: Option<Upcoming>,
}

/// Fetches an object and what it cannot be understood without.
pub(super) async fn look(keel: &Keel, out: &Outside, kind: ObjectKind, id: &str) -> std::result::Result<Found, PaymentError> {
    let payments = keel.payments();
    let mut found = Found { checkout: None, subscription: None, invoice: None, upcoming: None };
    let (mut subscription, mut invoice) = (None, None);
    match kind {
        ObjectKind::Checkout => {
            let checkout = payments.get_checkout(out, id).await?;
            (subscription, invoice) = (checkout.subscription.clone(), checkout.invoice.clone());
            found.checkout = Some(checkout);
        }
        ObjectKind::Subscription => subscription = Some(id.to_owned()),
        ObjectKind::Invoice => invoice = Some(id.to_owned()),
    }
    if let Some(id) = invoice {
        let invoice = payments.get_invoice(out, &id).await?;
        subscription = subscription.or_else(|| invoice.subscription.clone());
        found.invoice = Some(invoice);
    }
    if let Some(id) = subscription {
        let subscription = payments.get_subscription(out, &id).await?;
        found.upcoming = match &subscription.schedule {
            Some(schedule) => payments.find_upcoming(out, schedule).await?,
            None => None,
        };
        found.subscription = Some(subscription);
    }
    Ok(found)
}

/// Writes what was found. False when it belongs to no account of ours.
pub(super) async fn settle(tx: &mut Tx, keel: &Keel, found: &Found) -> Result<bool> {
    let Some(account) = find_account(tx, found).await? else { return Ok(false) };
    if !locks::try_lock_account(tx, &account).await? {
        return Ok(false);
    }
    if let Some(subscription) = &found.subscription {
        subscriptions::mirror(tx, keel, &account, subscription).await?;
        upcoming::keep(tx, subscription, found.upcoming.as_ref()).await?;
    }
    if let Some(invoice) = &found.invoice {
        settle_invoice(tx, keel, &account, invoice, found.subscription.as_ref()).await?;
    }
    if let Some(checkout) = &found.checkout {
        checkouts::settle(tx, keel, checkout).await?;
    }
    Ok(true)
}

/// The account of the customer; of the metadata only where the customer was claimed and not yet settled.
async fn find_account(tx: &mut Tx, found: &Found) -> Result<Option<AccountId>> {
    let customer = [
        found.checkout.as_ref().and_then(|c| c.customer.as_deref()),
        found.subscription.as_ref().map(|s| s.customer.as_str()),
        found.invoice.as_ref().and_then(|i| i.customer.as_deref()),
    ];
    let Some(customer) = customer.into_iter().flatten().next() else { return Ok(None) };
    let row: Option<AccountRow> = tx.find(FIND_ACCOUNT_OF_CUSTOMER, args![customer]).await?;
    if let Some(row) = row {
        return Ok(Some(row.account_id));
    }
    let named = [
        found.checkout.as_ref().and_then(|c| c.account_id.as_deref()),
        found.subscription.as_ref().and_then(|s| s.account_id.as_deref()),
        found.invoice.as_ref().and_then(|i| i.account_id.as_deref()),
    ];
    let Some(named) = named.into_iter().flatten().next() else { return Ok(None) };
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

async fn settle_invoice(
    tx: &mut Tx,
    keel: &Keel,
    account: &AccountId,
    invoice: &InvoiceState,
    subscription: Option<&SubscriptionState>,
) -> Result<()> {
    keep_payment(tx, keel, account, invoice, subscription).await?;
    if invoice.status != InvoiceStatus::Paid {
        return Ok(());
    }
    let trial_end = subscription.and_then(|s| s.trial_end);
    for line in invoice.lines.iter().filter(|line| !line.proration && trial_end.is_none_or(|end| line.period_end > end)) {
        grant_paid_month(tx, keel, account, line, subscription).await?;
    }
    Ok(())
}

/// Money that moved, or should have, as the payments table shows it. Invoices over nothing are no payments.
async fn keep_payment(
    tx: &mut Tx,
    keel: &Keel,
    account: &AccountId,
    invoice: &InvoiceState,
    subscription: Option<&SubscriptionState>,
) -> Result<()> {
    let status = match invoice.status {
        InvoiceStatus::Paid => "paid",
        InvoiceStatus::Open => "pending",
        InvoiceStatus::Uncollectible => "failed",
        _ => return Ok(()),
    };
    if invoice.total == 0 {
        return Ok(());
    }
    let before: Option<(String,)> = tx.find(FIND_PAYMENT, args![invoice.id.as_str()]).await?;
    if status == "paid" {
        tx.run(KEEP_CURRENCY, args![account, invoice.currency.as_str()]).await?;
    } else if status == "failed" && before.is_none_or(|(before,)| before != status) {
        let actor = Actor::System("stripe");
        audit::write(tx, &actor, Action::PaymentFailed, Some(account), &invoice.id, &[], keel.now()).await?;
    }
    let plan = subscription.and_then(|s| s.lookup_key.as_deref()).and_then(|key| keel.settings().product.of_lookup_key(key));
    let product = plan.map_or_else(|| invoice.number.clone().unwrap_or_default(), |(plan, _)| plan.name.clone());
    let at = invoice.paid_at.unwrap_or(invoice.created);
    let id = ids::new::<PaymentId>();
    let row =
        args![&id, account, invoice.id.as_str(), product, invoice.total, invoice.currency.as_str(), status, at, invoice.number.clone()];
    tx.run(KEEP_PAYMENT, row).await?;
    Ok(())
}

/// The credits of the first month a line pays for, and of a year's other months when they begin. A price unknown to the catalogue grants nothing.
async fn grant_paid_month(
    tx: &mut Tx,
    keel: &Keel,
    account: &AccountId,
    line: &InvoiceLine,
    subscription: Option<&SubscriptionState>,
) -> Result<()> {
    let (Some(item), Some(price)) = (&line.subscription_item, &line.price_id) else { return Ok(()) };
    let key = match subscription.filter(|s| &s.price_id == price).and_then(|s| s.lookup_key.clone()) {
        Some(key) => Some(key),
        None => tx.find::<(String,)>(FIND_LOOKUP_KEY, args![price.as_str()]).await?.map(|(key,)| key),
    };
    let Some((plan, interval)) = key.as_deref().and_then(|key| keel.settings().product.of_lookup_key(key)) else {
        tracing::warn!(%account, price, "a paid price is not in the catalogue; nothing was granted");
        return Ok(());
    };
    let mirror: Option<MirrorRow> = match subscription {
        Some(subscription) => tx.find(FIND_MIRROR, args![subscription.id.as_str()]).await?,
        None => None,
    };
    let months = if interval == Interval::Year { 12 } else { 1 };
    let begins = Instant(line.period_start);
    let contract = Contract { account, plan, seats: line.quantity, item: Some(item), begins, months: Some(months) };
    months::begin(tx, mirror.as_ref().map(|row| &row.id), &contract, keel.now()).await
}

#[derive(sqlx::FromRow)]
struct MirrorRow {
    #[sqlx(try_from = "String")]
    id: SubscriptionId,
}
