//! Changing a running subscription: other items, another period, the end of a trial; what that costs, and what happens when it
//! cannot be paid.

use serde_json::{Value, json};

use crate::cards::Decline;
use crate::events;
use crate::json::{At, differences};
use crate::store::Tx;

use super::subscriptions::{current_lines, draft, method_of, next_period_end, pending_lines, period_end};
use super::{invoices, lines};

/// What becomes of the difference to what was billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prorate {
    Never,
    /// It waits for the next invoice.
    Later,
    /// It is billed at once.
    Now,
}

/// What becomes of a change that cannot be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpaid {
    /// It is made all the same, and the subscription is past due.
    Made,
    /// It is refused and leaves nothing behind.
    Refused,
    /// It waits until its invoice is paid, for a day.
    Waits,
    /// It is made, and nobody tries to pay.
    Untried,
}

/// What becomes of the trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    Kept,
    Ended,
    Until(i64),
}

/// A change to make.
#[derive(Debug)]
pub struct Change {
    /// The subscription with everything changed that costs nothing, such as its metadata.
    pub base: Value,
    /// The items as they shall be. Those that stay keep their id.
    pub items: Vec<Value>,
    pub prorate: Prorate,
    /// The moment that prorations count from, in unix seconds.
    pub at: i64,
    pub trial: Trial,
    /// True when a period begins anew, now.
    pub restart: bool,
    pub unpaid: Unpaid,
}

/// What a change comes to.
struct Planned {
    after: Value,
    /// Invoice items not stored yet.
    prorations: Vec<Value>,
    /// Lines of periods that begin now.
    lines: Vec<Value>,
    bills: bool,
}

/// Seconds until a change that waits for its payment is given up: 23 hours.
const PATIENCE: i64 = 23 * 3_600;
const UPDATED: &str = "customer.subscription.updated";

/// Makes a change and has it paid.
///
/// # Errors
/// It had to be paid first and was not; what was written before is up to the caller to undo.
pub fn apply(tx: &mut Tx, id: &str, change: &Change) -> Result<(), Decline> {
    let before = tx.value(id).clone();
    give_up(tx, id);
    let planned = plan(tx, &before, change);
    if change.unpaid == Unpaid::Waits && planned.bills {
        apply_when_paid(tx, id, planned);
        return Ok(());
    }
    let Some(invoice) = make(tx, id, planned) else { return Ok(()) };
    tx.emit("invoice.created", &invoice);
    invoices::finalize(tx, &invoice);
    let paid = match change.unpaid {
        Unpaid::Untried if tx.value(&invoice).integer("amount_due") > 0 => false,
        _ => match (collect(tx, id, &invoice), change.unpaid) {
            (Err(decline), Unpaid::Refused) => return Err(decline),
            (paid, _) => paid.is_ok(),
        },
    };
    if !paid {
        tx.update(id, UPDATED, |subscription| subscription.set("status", "past_due"));
    }
    Ok(())
}

/// Makes a change as far as a draft of its invoice, for a look at it; answers the draft's id if it bills now.
pub fn sketch(tx: &mut Tx, id: &str, change: &Change) -> Option<String> {
    let before = tx.value(id).clone();
    let planned = plan(tx, &before, change);
    make(tx, id, planned)
}

/// What the rest of the period is worth to a subscription that ends now: as invoice items that wait.
pub fn credit_rest(tx: &mut Tx, id: &str) {
    let subscription = tx.value(id).clone();
    if subscription.text("status") == "trialing" {
        return;
    }
    let credits: Vec<Value> =
        subscription.entries("items.data").iter().map(|item| lines::proration(tx, &subscription, item, tx.now, true)).collect();
    keep(tx, credits);
}

fn collect(tx: &mut Tx, id: &str, invoice: &str) -> Result<(), Decline> {
    let method = method_of(tx, tx.value(id));
    invoices::pay(tx, invoice, method.as_deref(), None)
}

fn plan(tx: &Tx, before: &Value, change: &Change) -> Planned {
    let trialing = before.text("status") == "trialing";
    let trial_end = match change.trial {
        Trial::Kept => before.at("trial_end").as_i64().filter(|_| trialing),
        Trial::Ended => None,
        Trial::Until(end) => Some(end),
    };
    let rhythm = |items: &[Value]| items.first().map(|item| item.at("price.recurring").clone());
    let other_rhythm = rhythm(before.entries("items.data")) != rhythm(&change.items);
    let restarts = trialing != trial_end.is_some() || (!trialing && (other_rhythm || change.restart));
    let mut after = change.base.clone();
    after.set("items.data", change.items.clone());
    let mut planned = Planned { after, prorations: Vec::new(), lines: Vec::new(), bills: restarts };
    if let Some(end) = trial_end {
        planned.after.set("status", "trialing");
        planned.after.set("trial_end", end);
        planned.after.set("billing_cycle_anchor", end);
        each_item(&mut planned.after, |item| item.set("current_period_end", end));
    }
    if !trialing && change.prorate != Prorate::Never {
        planned.prorations = prorations(tx, before, change, restarts);
        planned.bills |= change.prorate == Prorate::Now && !planned.prorations.is_empty();
    }
    if restarts {
        begin(tx, &mut planned, trialing, trial_end);
    }
    planned
}

/// A period begins now, of a trial or of what is paid for.
fn begin(tx: &Tx, planned: &mut Planned, trialing: bool, trial_end: Option<i64>) {
    let now = tx.now;
    let after = &mut planned.after;
    after.set("billing_cycle_anchor", trial_end.unwrap_or(now));
    match trial_end {
        Some(_) => after.set("trial_start", now),
        None if trialing => {
            after.set("status", "active");
            after.set("trial_end", now);
        }
        None => {}
    }
    each_item(after, |item| {
        item.set("current_period_start", now);
        item.set("current_period_end", trial_end.unwrap_or_else(|| next_period_end(item.at("price"), now, now)));
    });
    planned.lines = current_lines(tx, &planned.after);
}

fn each_item(subscription: &mut Value, change: impl Fn(&mut Value)) {
    if let Some(items) = subscription["items"]["data"].as_array_mut() {
        items.iter_mut().for_each(change);
    }
}

/// Credits for what is given back and, unless a period begins anew, debits for what comes instead.
fn prorations(tx: &Tx, before: &Value, change: &Change, restarts: bool) -> Vec<Value> {
    let olds = before.entries("items.data");
    let find = |items: &[Value], id: &str| items.iter().find(|item| item.text("id") == id).cloned();
    let same = |one: &Value, other: &Value| one.at("price.id") == other.at("price.id") && one.at("quantity") == other.at("quantity");
    let prorated = |item: &Value, credit: bool| lines::proration(tx, before, item, change.at, credit);
    let mut all = Vec::new();
    for old in olds {
        match find(&change.items, old.text("id")) {
            _ if restarts => all.push(prorated(old, true)),
            Some(new) if same(old, &new) => {}
            Some(new) => all.extend([prorated(old, true), prorated(&new, false)]),
            None => all.push(prorated(old, true)),
        }
    }
    let added = change.items.iter().filter(|item| !restarts && find(olds, item.text("id")).is_none());
    all.extend(added.map(|new| prorated(new, false)));
    all
}

/// Writes the subscription as it is afterwards, and drafts the invoice if there is something to bill now.
fn make(tx: &mut Tx, id: &str, mut planned: Planned) -> Option<String> {
    let before = tx.value(id).clone();
    let invoice = bill(tx, &mut planned);
    tx.edit(id, |subscription| *subscription = planned.after);
    let previous = differences(&before, tx.value(id));
    if previous.as_object().is_some_and(|fields| !fields.is_empty()) {
        events::emit(tx, UPDATED, id, Some(previous));
    }
    invoice
}

/// Stores the prorations and drafts their invoice, if it is time for one.
fn bill(tx: &mut Tx, planned: &mut Planned) -> Option<String> {
    keep(tx, std::mem::take(&mut planned.prorations));
    if !planned.bills {
        return None;
    }
    let mut lines = pending_lines(tx, &planned.after);
    lines.append(&mut planned.lines);
    let now = tx.now;
    let invoice = draft(tx, &planned.after, "subscription_update", lines, (now, now));
    let left = tx.value(planned.after.text("id")).at("discounts").clone();
    planned.after.set("discounts", left);
    planned.after.set("latest_invoice", invoice.as_str());
    Some(invoice)
}

fn keep(tx: &mut Tx, prorations: Vec<Value>) {
    for proration in prorations {
        let item = tx.add(proration, Value::Null);
        tx.emit("invoiceitem.created", &item);
    }
}

/// Bills the change first and makes it only when that is paid; until then it is on record as pending.
fn apply_when_paid(tx: &mut Tx, id: &str, mut planned: Planned) {
    let Some(invoice) = bill(tx, &mut planned) else { return };
    tx.emit("invoice.created", &invoice);
    invoices::finalize(tx, &invoice);
    if collect(tx, id, &invoice).is_ok() {
        tx.update(id, UPDATED, |subscription| *subscription = planned.after);
        return;
    }
    tx.edit(&invoice, |invoice| invoice.set("next_payment_attempt", Value::Null));
    let expires = tx.now + PATIENCE;
    let expires = expires.min(period_end(tx.value(id)));
    let after = planned.after;
    tx.edit_hidden(id, |hidden| hidden.set("pending", json!({ "after": after, "expires_at": expires, "invoice": invoice })));
    let trial_end = after.at("trial_end").clone();
    let anchor = after.at("billing_cycle_anchor").clone();
    tx.update(id, UPDATED, |subscription| {
        let moved = |new: Value, old: &Value| if new == *old { Value::Null } else { new };
        subscription.set("latest_invoice", invoice.as_str());
        let update = json!({
            "billing_cycle_anchor": moved(anchor, subscription.at("billing_cycle_anchor")), "cancel_at_period_end": null, "discount": null,
            "discounts": null, "expires_at": expires, "metadata": null, "subscription_items": after.at("items.data"),
            "trial_end": moved(trial_end, subscription.at("trial_end")), "trial_from_plan": null,
        });
        subscription.set("pending_update", update);
    });
}

/// Makes the change that waited for this invoice.
pub fn was_paid(tx: &mut Tx, id: &str, invoice: &str) {
    let pending = tx.hidden(id).at("pending").clone();
    if pending.text("invoice") != invoice {
        return;
    }
    tx.edit_hidden(id, |hidden| hidden.set("pending", Value::Null));
    tx.update(id, UPDATED, |subscription| {
        for field in ["billing_cycle_anchor", "items", "latest_invoice", "status", "trial_end", "trial_start"] {
            subscription.set(field, pending.at(&format!("after.{field}")).clone());
        }
        subscription.set("pending_update", Value::Null);
    });
    tx.emit("customer.subscription.pending_update_applied", id);
}

/// Forgets the change that waits for its payment, if there is one, and voids its invoice.
pub fn give_up(tx: &mut Tx, id: &str) {
    let pending = tx.hidden(id).at("pending").clone();
    if pending.is_null() {
        return;
    }
    tx.edit_hidden(id, |hidden| hidden.set("pending", Value::Null));
    invoices::void(tx, pending.text("invoice"));
    tx.update(id, UPDATED, |subscription| subscription.set("pending_update", Value::Null));
    tx.emit("customer.subscription.pending_update_expired", id);
}
