//! What an invoice means: the payment it is, and the credits of its lines once it is paid.
//!
//! A line for a period grants that month, and the others of a year when they begin. A line that settles a change in the middle of a
//! period grants, or takes, what the plan it names has for the rest of the month of credits: whoever goes up and down and up again
//! gains nothing. Lines of a trial grant nothing, prices that the catalogue does not know neither.

use super::catalogue::Plan;
use super::months::{self, Contract};
use super::payments::{self, Payment, Why};
use super::settle::Billed;
use super::{dunning, surpluses};
use crate::clock::{add_months, shift_months};
use crate::credits::{self, Grant, Kind};
use crate::db::Tx;
use crate::payments::{InvoiceLine, InvoiceState, InvoiceStatus, SubscriptionState};
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::{AccountId, Instant, Interval, SubscriptionId};

sql! {
    FIND_MIRROR = "SELECT id FROM subscriptions WHERE stripe_id = $1";
    FIND_LOOKUP_KEY = "SELECT lookup_key FROM stripe_prices WHERE price_id = $1";
}

/// Writes down what an invoice says. The caller holds the account's lock.
pub(super) async fn settle(
    tx: &mut Tx,
    keel: &Keel,
    account: &AccountId,
    billed: &Billed,
    subscription: Option<&SubscriptionState>,
) -> Result<()> {
    let invoice = &billed.state;
    keep_payment(tx, keel, account, invoice, subscription).await?;
    match invoice.status {
        InvoiceStatus::Paid => {
            grant(tx, keel, account, invoice, subscription).await?;
            if let Some(subscription) = subscription {
                surpluses::note_paid(tx, &subscription.id, invoice.amount_paid, keel.now()).await?;
            }
            credits::reverse(tx, account, &invoice.id, keel.now()).await
        }
        InvoiceStatus::Open => dunning::tell_of_attempt(tx, keel, account, billed, subscription).await,
        _ => Ok(()),
    }
}

/// Money that moved, or should have. Invoices over nothing are no payments.
async fn keep_payment(
    tx: &mut Tx,
    keel: &Keel,
    account: &AccountId,
    invoice: &InvoiceState,
    subscription: Option<&SubscriptionState>,
) -> Result<()> {
    let status = match invoice.status {
        InvoiceStatus::Paid => "paid",
        InvoiceStatus::Open | InvoiceStatus::Unknown(_) => "pending",
        InvoiceStatus::Uncollectible | InvoiceStatus::Void => "failed",
        InvoiceStatus::Draft => return Ok(()),
    };
    let key = match subscription {
        Some(sold) => lookup_key(tx, &sold.price_id, subscription).await?,
        None => None,
    };
    let plan = key.as_deref().and_then(|key| keel.settings().product.of_lookup_key(key));
    let product = plan.map_or_else(|| invoice.number.clone().unwrap_or_default(), |(plan, _)| plan.name.clone());
    let at = invoice.paid_at.unwrap_or(invoice.created);
    let (amount, currency, number) = (invoice.total, invoice.currency.as_str(), invoice.number.clone());
    let payment = Payment { stripe_id: &invoice.id, product, amount, currency, status, at, number };
    payments::keep(tx, account, payment, keel.now()).await?;
    match invoice.status {
        InvoiceStatus::Unknown(_) => payments::note(tx, &invoice.id, Why::State).await,
        _ => Ok(()),
    }
}

/// A line, what it is for, and how often that renews.
type Known<'a> = (&'a InvoiceLine, &'a Plan, Interval);

async fn grant(
    tx: &mut Tx,
    keel: &Keel,
    account: &AccountId,
    invoice: &InvoiceState,
    subscription: Option<&SubscriptionState>,
) -> Result<()> {
    let (mut periods, mut changes): (Vec<Known<'_>>, Vec<Known<'_>>) = (vec![], vec![]);
    for line in invoice.lines.iter().filter(|line| !subscription.is_some_and(|s| is_tried(line, s))) {
        let (Some(_), Some(price)) = (&line.subscription_item, &line.price_id) else { continue };
        let key = lookup_key(tx, price, subscription).await?;
        match key.as_deref().and_then(|key| keel.settings().product.of_lookup_key(key)) {
            Some((plan, interval)) if line.proration => changes.push((line, plan, interval)),
            Some((plan, interval)) => periods.push((line, plan, interval)),
            None => {
                tracing::warn!(%account, price, "a paid price is not in the catalogue; nothing was granted");
                payments::note(tx, &invoice.id, Why::Price).await?;
            }
        }
    }
    for known in periods {
        begin_months(tx, account, invoice, known, subscription, keel.now()).await?;
    }
    // What is given before what is taken: it is there to be taken.
    changes.sort_by_key(|(line, ..)| std::cmp::Reverse(line.amount));
    for known in changes {
        change(tx, account, invoice, known, subscription, keel.now()).await?;
    }
    Ok(())
}

/// Whether a line is of the trial. By its beginning: a trial that was ended early leaves a line that reaches beyond it.
fn is_tried(line: &InvoiceLine, subscription: &SubscriptionState) -> bool {
    let began = subscription.trial_start.unwrap_or(i64::MIN);
    subscription.trial_end.is_some_and(|ended| (began..ended).contains(&line.period_start))
}

/// What a price was sold as, also where its key has gone over to another one.
pub(super) async fn lookup_key(tx: &mut Tx, price: &str, subscription: Option<&SubscriptionState>) -> Result<Option<String>> {
    if let Some(key) = subscription.filter(|s| s.price_id == price).and_then(|s| s.lookup_key.clone()) {
        return Ok(Some(key));
    }
    let row: Option<(String,)> = tx.find(FIND_LOOKUP_KEY, args![price]).await?;
    Ok(row.map(|(key,)| key))
}

/// The credits of the first month a line pays for, and of a year's other months when they begin.
async fn begin_months(
    tx: &mut Tx,
    account: &AccountId,
    invoice: &InvoiceState,
    (line, plan, interval): Known<'_>,
    subscription: Option<&SubscriptionState>,
    now: Instant,
) -> Result<()> {
    let mirror: Option<MirrorRow> = match subscription {
        Some(subscription) => tx.find(FIND_MIRROR, args![subscription.id.as_str()]).await?,
        None => None,
    };
    let contract = Contract {
        account,
        plan,
        seats: line.quantity,
        item: line.subscription_item.as_deref(),
        begins: Instant(line.period_start),
        ends: (interval == Interval::Month).then_some(Instant(line.period_end)),
        months: Some(interval.months().into()),
        payment: Some(&invoice.id),
    };
    months::begin(tx, mirror.as_ref().map(|row| &row.id), &contract, now).await
}

#[derive(sqlx::FromRow)]
struct MirrorRow {
    #[sqlx(try_from = "String")]
    id: SubscriptionId,
}

/// The rest of the month of credits on the plan of the line: given where the line charges, taken where it pays back.
async fn change(
    tx: &mut Tx,
    account: &AccountId,
    invoice: &InvoiceState,
    (line, plan, interval): Known<'_>,
    subscription: Option<&SubscriptionState>,
    now: Instant,
) -> Result<()> {
    let (begins, ends) = month_of(line, interval, subscription);
    let amount = share_of_rest(plan.monthly_credits(line.quantity), line.amount.signum(), Instant(line.period_start), begins, ends);
    if ends <= now {
        return Ok(());
    }
    let fact = format!("change:{}", line.id);
    let grant = Grant { kind: Kind::PlanChange, amount: amount.abs(), fact, expires: Some(ends), payment: Some(invoice.id.clone()) };
    if amount > 0 { credits::grant(tx, account, &grant, now).await } else { credits::withdraw(tx, account, &grant, now).await }
}

/// The month of credits in which a line begins.
fn month_of(line: &InvoiceLine, interval: Interval, subscription: Option<&SubscriptionState>) -> (Instant, Instant) {
    let is_current = |s: &&SubscriptionState| s.current_period_end == line.period_end && s.current_period_start <= line.period_start;
    let first = subscription
        .filter(is_current)
        .map_or_else(|| shift_months(Instant(line.period_end), -i64::from(interval.months())), |s| Instant(s.current_period_start));
    let month = (0..12).take_while(|month| add_months(first, *month).0 <= line.period_start).last().unwrap_or(0);
    let ends = if interval == Interval::Year { add_months(first, month + 1) } else { Instant(line.period_end) };
    (add_months(first, month), ends)
}

/// What of a month's credits belongs to the time from `from` to its end, rounded so that changes never make credits.
fn share_of_rest(credits: i64, sign: i64, from: Instant, begins: Instant, ends: Instant) -> i64 {
    let (whole, rest) = (i128::from(ends.since(begins).max(1)), i128::from(ends.since(from).clamp(0, ends.since(begins).max(1))));
    let share = i128::from(credits) * rest;
    let share = if sign > 0 { share / whole } else { -((share + whole - 1) / whole) };
    if sign == 0 { 0 } else { i64::try_from(share).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keel_types::time::DAY;

    #[test]
    fn changes_never_make_credits() {
        let (begins, ends) = (Instant(0), Instant(30 * DAY));
        for (credits, other) in [(2_500, 4_500), (1_500, 3_000), (7, 11), (0, 2_500), (i64::MAX, 1)] {
            for at in [0, 1, 999, DAY, 17 * DAY + 12_345, 30 * DAY - 1, 30 * DAY] {
                let share = |credits, sign| share_of_rest(credits, sign, Instant(at), begins, ends);
                let up = share(other, 1).saturating_add(share(credits, -1));
                let down = share(credits, 1).saturating_add(share(other, -1));
                assert!(up.saturating_add(down) <= 0 && up.saturating_add(down) >= -2, "{credits} {other} at {at}");
            }
        }
        assert_eq!(share_of_rest(2_500, 1, begins, begins, ends), 2_500);
        assert_eq!(share_of_rest(2_500, 1, Instant(15 * DAY), begins, ends), 1_250);
        assert_eq!(share_of_rest(2_500, -1, Instant(15 * DAY), begins, ends), -1_250);
        assert_eq!(share_of_rest(2_500, 1, Instant(31 * DAY), begins, ends), 0);
        assert_eq!(share_of_rest(2_500, 0, begins, begins, ends), 0);
    }
}
