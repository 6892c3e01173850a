//! What the passing of time brings about: ended trials and periods, reminders, cancellations, expired sessions, disputes.

use std::convert::Infallible;

use crate::json::At;
use crate::shared::{Failed, Shared};
use crate::store::{Cause, Record, Store, Tx};

use super::{checkout, payments, subscriptions};

/// Three days before the end of a trial its owner is reminded.
const REMINDER_SECONDS: i64 = 3 * 86_400;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Reminder,
    Cancellation,
    Renewal,
    Expiry,
    Dispute,
}

/// Brings everything up to the clock, one due thing after the other in the order of their moments.
pub fn catch_up(shared: &Shared) -> Result<(), Failed<Infallible>> {
    while let Some((at, what, id)) = shared.read(|store| next(store, shared.clock.now_ms().div_euclid(1_000))) {
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
        What::Cancellation => subscriptions::end(tx, id),
        What::Renewal => subscriptions::renew(tx, id),
        What::Expiry => checkout::expire(tx, id),
        What::Dispute => payments::dispute(tx, id),
    }
}

/// The earliest thing that is due at `now`.
fn next(store: &Store, now: i64) -> Option<(i64, What, String)> {
    let sessions = store.all("checkout.session").filter(|record| record.value.text("status") == "open");
    let expiries = sessions.map(|record| (record.value.integer("expires_at"), What::Expiry, &record.id));
    let charges = store.all("charge").filter_map(|record| Some((record.hidden.at("dispute_at").as_i64()?, What::Dispute, &record.id)));
    let live = store.all("subscription").filter(|record| subscriptions::is_live(&record.value));
    let turns = live.flat_map(|record| moments(record).into_iter().flatten().map(move |(at, what)| (at, what, &record.id)));
    let due = expiries.chain(charges).chain(turns).filter(|(at, _, _)| *at <= now);
    due.min().map(|(at, what, id)| (at, what, id.clone()))
}

/// When something happens to a live subscription next.
fn moments(record: &Record) -> [Option<(i64, What)>; 3] {
    let subscription = &record.value;
    let trial_end = subscription.at("trial_end").as_i64().filter(|_| subscription.text("status") == "trialing");
    let reminder = trial_end.filter(|_| !record.hidden.flag("reminded"));
    let reminder = reminder.map(|end| (end - REMINDER_SECONDS).max(subscription.integer("trial_start")));
    let cancellation = subscription.at("cancel_at").as_i64();
    [
        reminder.map(|at| (at, What::Reminder)),
        cancellation.map(|at| (at, What::Cancellation)),
        Some((subscriptions::period_end(subscription), What::Renewal)),
    ]
}
