//! What the passing of time brings about: ended trials and periods, reminders, retries, phases, cancellations, unpaid
//! changes, expired sessions, answered debits, disputes, refunds that come back.

use std::convert::Infallible;

use crate::events;
use crate::json::At;
use crate::shared::{Failed, Shared};
use crate::store::{Cause, Record, Tx};

use super::periods::DAY;
use super::{changes, checkout, debits, disputes, invoices, previews, refunds, schedules, subscriptions};

/// Three days before the end of a trial its owner is reminded.
const REMINDER_SECONDS: i64 = 3 * DAY;
/// Seven days before a renewal its invoice is announced.
const ANNOUNCED_SECONDS: i64 = 7 * DAY;

/// What can fall due. Of what falls due in the same second, the first of these comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Reminder,
    Announcement,
    GivingUp,
    Phase,
    Cancellation,
    Renewal,
    Retry,
    /// The bank answers a debit.
    Debit,
    Expiry,
    Dispute,
    /// A refund comes back.
    Refund,
    /// A test clock has arrived; after everything else of its second.
    Arrival,
}

/// Brings everything up to the clock, one due thing after the other in the order of their moments.
pub fn catch_up(shared: &Shared) -> Result<(), Failed<Infallible>> {
    while let Some((at, what, id)) = shared.read(|store| {
        let now = shared.clock.now_ms().div_euclid(1_000);
        store.next_due().filter(|(at, _, _)| *at <= now).cloned()
    }) {
        shared.change(Cause::default(), |tx| {
            tx.now = at;
            happen(tx, what, &id);
            Ok(())
        })?;
    }
    Ok(())
}

fn happen(tx: &mut Tx, what: What, id: &str) {
    match what {
        What::Reminder => {
            tx.edit_hidden(id, |hidden| hidden.set("reminded", true));
            tx.emit("customer.subscription.trial_will_end", id);
        }
        What::Announcement => announce(tx, id),
        What::Phase => schedules::enter_next(tx, id),
        What::GivingUp => changes::give_up(tx, id),
        What::Cancellation => subscriptions::end(tx, id),
        What::Renewal => subscriptions::renew(tx, id),
        What::Retry => invoices::retry(tx, id),
        What::Expiry if tx.value(id).text("object") == "subscription" => subscriptions::expire(tx, id),
        What::Expiry => checkout::expire(tx, id),
        What::Debit => debits::arrive(tx, id),
        What::Dispute => disputes::open(tx, id),
        What::Refund => refunds::fail(tx, id),
        What::Arrival => arrive(tx, id),
    }
}

/// The test clock shows the time it set out for.
fn arrive(tx: &mut Tx, id: &str) {
    tx.edit(id, |clock| {
        let time = clock.integer("status_details.advancing.target_frozen_time");
        clock.set("frozen_time", time);
        clock.set("status", "ready");
        clock.set("status_details", serde_json::json!({}));
    });
    tx.emit("test_helpers.test_clock.ready", id);
}

/// Tells what the next renewal will ask for.
fn announce(tx: &mut Tx, id: &str) {
    let end = subscriptions::period_end(tx.value(id));
    let Ok(preview) = previews::look(tx, |tx| {
        tx.now = end;
        Ok::<_, Infallible>(subscriptions::draft_renewal(tx, id))
    });
    tx.edit_hidden(id, |hidden| hidden.set("announced", end));
    events::emit_value(tx, "invoice.upcoming", &preview);
}

/// When something happens to a record by itself, in unix seconds, and what.
pub fn moments(record: &Record) -> impl Iterator<Item = (i64, What)> {
    let value = &record.value;
    let all = match record.kind.as_str() {
        "subscription" if subscriptions::is_live(value) => of_subscription(record),
        "subscription" if value.text("status") == "incomplete" => {
            let until = record.hidden.at("incomplete_until").as_i64();
            [until.map(|at| (at, What::Expiry)), None, None, None, None]
        }
        "test_helpers.test_clock" if value.text("status") == "advancing" => {
            let time = value.integer("status_details.advancing.target_frozen_time");
            [Some((time, What::Arrival)), None, None, None, None]
        }
        "subscription_schedule" if value.text("status") == "active" => {
            [Some((value.integer("current_phase.end_date"), What::Phase)), None, None, None, None]
        }
        "invoice" if value.text("status") == "open" => {
            let retry = value.at("next_payment_attempt").as_i64();
            [retry.map(|at| (at, What::Retry)), None, None, None, None]
        }
        "checkout.session" if value.text("status") == "open" => [Some((value.integer("expires_at"), What::Expiry)), None, None, None, None],
        "charge" => {
            let dispute = record.hidden.at("dispute_at").as_i64();
            [dispute.map(|at| (at, What::Dispute)), None, None, None, None]
        }
        "payment_intent" => {
            let answer = record.hidden.at("answered_at").as_i64();
            [answer.map(|at| (at, What::Debit)), None, None, None, None]
        }
        "refund" => {
            let failure = record.hidden.at("fails_at").as_i64();
            [failure.map(|at| (at, What::Refund)), None, None, None, None]
        }
        _ => [None; 5],
    };
    all.into_iter().flatten()
}

fn of_subscription(record: &Record) -> [Option<(i64, What)>; 5] {
    let subscription = &record.value;
    let end = subscriptions::period_end(subscription);
    let trial_end = subscription.at("trial_end").as_i64().filter(|_| subscription.text("status") == "trialing");
    let reminder = trial_end.filter(|_| !record.hidden.flag("reminded"));
    let reminder = reminder.map(|end| (end - REMINDER_SECONDS).max(subscription.integer("trial_start")));
    let cancellation = subscription.at("cancel_at").as_i64();
    let announcement = end - ANNOUNCED_SECONDS;
    let is_announced = announcement > subscription.integer("items.data.0.current_period_start")
        && cancellation.is_none_or(|at| at > end)
        && record.hidden.integer("announced") != end;
    [
        reminder.map(|at| (at, What::Reminder)),
        is_announced.then_some((announcement, What::Announcement)),
        record.hidden.at("pending.expires_at").as_i64().map(|at| (at, What::GivingUp)),
        cancellation.map(|at| (at, What::Cancellation)),
        Some((end, What::Renewal)),
    ]
}
