//! Schedules: what a subscription consists of from which moment on.

use serde_json::{Value, json};

use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::changes::{self, Change, Prorate, Trial, Unpaid};
use super::subscriptions::{end, item_of, next_period_end, period_end, plan_of};

const UPDATED: &str = "subscription_schedule.updated";

/// Puts a running subscription on a schedule whose one phase is the current period; answers the schedule's id.
pub fn begin(tx: &mut Tx, subscription: &str, metadata: &Value) -> String {
    let known = tx.value(subscription).clone();
    let (start, end) = (known.integer("items.data.0.current_period_start"), period_end(&known));
    let items = known.entries("items.data").iter().map(|item| phase_item(item.at("price"), item.integer("quantity"), item.at("metadata")));
    let discounts: Vec<Value> = known.entries("discounts").iter().filter_map(Value::as_str).map(phase_discount).collect();
    let phase = shapes::schedule_phase(json!({
        "currency": known.at("currency"), "default_payment_method": known.at("default_payment_method"), "discounts": discounts,
        "end_date": end, "items": items.collect::<Vec<_>>(), "start_date": start,
        "trial_end": known.at("trial_end").as_i64().filter(|_| known.text("status") == "trialing"),
    }));
    let schedule = shapes::subscription_schedule(json!({
        "id": ids::fresh("sub_sched_1", 23), "created": tx.now, "current_phase": { "start_date": start, "end_date": end },
        "customer": known.at("customer"), "metadata": metadata, "phases": [phase], "status": "active", "subscription": subscription,
    }));
    let id = tx.add(schedule, Value::Null);
    tx.emit("subscription_schedule.created", &id);
    tx.update(subscription, "customer.subscription.updated", |subscription| subscription.set("schedule", id.as_str()));
    id
}

/// An item of a phase.
pub fn phase_item(price: &Value, quantity: i64, metadata: &Value) -> Value {
    let metadata = if metadata.is_null() { json!({}) } else { metadata.clone() };
    json!({
        "billing_thresholds": null, "discounts": [], "metadata": metadata, "plan": price.at("id"), "price": price.at("id"),
        "quantity": quantity, "tax_rates": [],
    })
}

/// A discount of the subscription's that a phase keeps.
pub fn phase_discount(id: &str) -> Value {
    json!({ "coupon": null, "discount": id, "promotion_code": null })
}

/// The moment a phase of these items lasts until if nothing else is said: one period.
pub fn usual_end(tx: &Tx, items: &[Value], start: i64) -> i64 {
    let price = items.first().map_or("", |item| item.text("price"));
    next_period_end(tx.value(price), start, start)
}

/// Replaces the phases of an active schedule. The first of them is the current one; what it says counts at once.
pub fn replace(tx: &mut Tx, id: &str, phases: Vec<Value>, prorate: Prorate) {
    let (start, end) = (phases[0].integer("start_date"), phases[0].integer("end_date"));
    let current = phases[0].clone();
    tx.update(id, UPDATED, |schedule| {
        schedule.set("phases", phases);
        schedule.set("current_phase", json!({ "start_date": start, "end_date": end }));
    });
    let subscription = tx.value(id).text("subscription").to_owned();
    let items = items_of(tx, &subscription, &current);
    if items != tx.value(&subscription).entries("items.data") {
        switch(tx, &subscription, items, prorate);
    }
}

/// Enters the next phase, at the end of the current one; after the last one the schedule lets go, or ends the subscription.
pub fn enter_next(tx: &mut Tx, id: &str) {
    let schedule = tx.value(id).clone();
    let subscription = schedule.text("subscription").to_owned();
    let over = schedule.integer("current_phase.end_date");
    let next = schedule.entries("phases").iter().find(|phase| phase.integer("start_date") >= over).cloned();
    let Some(phase) = next else {
        if schedule.text("end_behavior") == "cancel" {
            complete(tx, id, Value::Null);
            end(tx, &subscription);
        } else {
            complete(tx, id, subscription.as_str().into());
            release_subscription(tx, &subscription);
        }
        return;
    };
    let items = items_of(tx, &subscription, &phase);
    // What a phase does not name is over, and what is over stays so.
    let named = |id: &&Value| phase.entries("discounts").iter().any(|kept| kept.at("discount") == *id);
    let discounts: Vec<Value> = tx.value(&subscription).entries("discounts").iter().filter(named).cloned().collect();
    tx.edit(&subscription, |subscription| subscription.set("discounts", discounts));
    let metadata = phase.at("metadata").clone();
    if let Value::Object(metadata) = metadata {
        tx.edit(&subscription, |subscription| {
            for (key, value) in metadata {
                subscription["metadata"][key] = value;
            }
        });
    }
    let prorate = match phase.text("proration_behavior") {
        "always_invoice" => Prorate::Now,
        "none" => Prorate::Never,
        _ => Prorate::Later,
    };
    if over >= period_end(tx.value(&subscription)) {
        at_the_turn(tx, &subscription, items, over);
    } else {
        switch(tx, &subscription, items, prorate);
    }
    tx.update(id, UPDATED, |schedule| {
        schedule.set("current_phase", json!({ "start_date": phase.at("start_date"), "end_date": phase.at("end_date") }));
    });
}

/// Enters the phase that begins with the period that begins at `turn`, if there is one.
pub fn enter_due(tx: &mut Tx, subscription: &str, turn: i64) {
    let schedule = tx.value(subscription).text("schedule").to_owned();
    let known = tx.value(&schedule);
    if known.text("status") == "active" && known.integer("current_phase.end_date") <= turn {
        enter_next(tx, &schedule);
    }
}

/// Ends the schedule and lets the subscription go on as it is.
pub fn release(tx: &mut Tx, id: &str) {
    let subscription = tx.value(id).text("subscription").to_owned();
    let now = tx.now;
    tx.edit(id, |schedule| {
        schedule.set("current_phase", Value::Null);
        schedule.set("released_at", now);
        schedule.set("released_subscription", subscription.as_str());
        schedule.set("status", "released");
        schedule.set("subscription", Value::Null);
    });
    tx.emit("subscription_schedule.released", id);
    release_subscription(tx, &subscription);
}

/// Ends the schedule with its subscription.
pub fn cancel(tx: &mut Tx, id: &str) {
    let subscription = tx.value(id).text("subscription").to_owned();
    end(tx, &subscription);
}

/// A subscription has ended: so has its schedule, unless it was over already.
pub fn subscription_ended(tx: &mut Tx, subscription: &str) {
    let id = tx.value(subscription).text("schedule").to_owned();
    if !matches!(tx.value(&id).text("status"), "active" | "not_started") {
        return;
    }
    let now = tx.now;
    tx.edit(&id, |schedule| {
        schedule.set("canceled_at", now);
        schedule.set("current_phase", Value::Null);
        schedule.set("status", "canceled");
    });
    tx.emit("subscription_schedule.canceled", &id);
}

/// The last phase is over. `released` is the subscription that goes on, if one does.
fn complete(tx: &mut Tx, id: &str, released: Value) {
    let now = tx.now;
    let goes_on = !released.is_null();
    tx.edit(id, |schedule| {
        schedule.set("current_phase", Value::Null);
        if goes_on {
            schedule.set("released_at", now);
            schedule.set("released_subscription", released);
            schedule.set("status", "released");
            schedule.set("subscription", Value::Null);
        } else {
            schedule.set("completed_at", now);
            schedule.set("status", "completed");
        }
    });
    tx.emit(if goes_on { "subscription_schedule.released" } else { "subscription_schedule.completed" }, id);
}

fn release_subscription(tx: &mut Tx, id: &str) {
    tx.update(id, "customer.subscription.updated", |subscription| subscription.set("schedule", Value::Null));
}

/// The subscription's items as a phase wants them: the first keeps the first one's id, and so on.
fn items_of(tx: &Tx, subscription: &str, phase: &Value) -> Vec<Value> {
    let known = tx.value(subscription);
    let items = phase.entries("items").iter().enumerate().map(|(place, wanted)| {
        let price = tx.value(wanted.text("price"));
        if let Some(item) = known.entries("items.data").get(place) {
            let mut item = item.clone();
            if item.at("price.id") != price.at("id") {
                item.set("plan", plan_of(price));
                item.set("price", price.clone());
            }
            item.set("quantity", wanted.at("quantity").clone());
            item
        } else {
            let new = json!({ "price": price, "quantity": wanted.at("quantity"), "metadata": wanted.at("metadata") });
            let mut item = item_of(tx.now, subscription, &new, period_end(known));
            item.set("current_period_start", known.at("items.data.0.current_period_start").clone());
            item
        }
    });
    items.collect()
}

/// Other items from the end of a period on: nothing is prorated, the renewal that follows bills them.
fn at_the_turn(tx: &mut Tx, id: &str, items: Vec<Value>, turn: i64) {
    tx.update(id, "customer.subscription.updated", |subscription| {
        let rhythm = |items: &[Value]| items.first().map(|item| item.at("price.recurring").clone());
        if rhythm(subscription.entries("items.data")) != rhythm(&items) {
            subscription.set("billing_cycle_anchor", turn);
        }
        subscription.set("items.data", items);
    });
}

/// Other items in the middle of a period.
fn switch(tx: &mut Tx, id: &str, items: Vec<Value>, prorate: Prorate) {
    let base = tx.value(id).clone();
    let change = Change { base, items, prorate, at: tx.now, trial: Trial::Kept, restart: false, unpaid: Unpaid::Made };
    // Such a change is made whether it is paid or not.
    let _ = changes::apply(tx, id, &change);
}
