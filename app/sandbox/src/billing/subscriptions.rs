//! The life of a subscription: started, renewed, cancelled.

use serde_json::{Value, json};

use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::{Tx, nothing};

use super::invoices::{self, Draft};
use super::periods::next_boundary;

/// What a new subscription consists of.
pub struct Start<'s> {
    pub customer: &'s str,
    pub method: Option<&'s str>,
    /// Checkout's line items: price and quantity are taken from them.
    pub items: &'s [Value],
    /// `subscription_data` of the session: metadata, description, trial end.
    pub details: &'s Value,
    pub automatic_tax: bool,
    /// The payment intent of earlier, declined attempts.
    pub intent: Option<String>,
}

/// Starts a subscription and pays its first invoice; answers the subscription's id and the invoice's.
/// The caller knows that the card can be charged.
pub fn start(tx: &mut Tx, start: Start) -> (String, String) {
    let id = ids::fresh("sub_1", 23);
    let trial_end = start.details["trial_end"].as_i64();
    let now = tx.now;
    let items: Vec<Value> = start.items.iter().map(|item| item_of(tx, &id, item, trial_end)).collect();
    let currency = items[0].text("price.currency").to_owned();
    let subscription = shapes::subscription(json!({
        "id": id,
        "automatic_tax": { "disabled_reason": null, "enabled": start.automatic_tax, "liability": start.automatic_tax.then(|| json!({ "type": "self" })) },
        "billing_cycle_anchor": trial_end.unwrap_or(now),
        "created": now,
        "currency": currency,
        "customer": start.customer,
        "default_payment_method": start.method,
        "description": start.details["description"],
        "items": { "object": "list", "data": items, "has_more": false, "url": format!("/v1/subscription_items?subscription={id}") },
        "metadata": start.details.get("metadata").cloned().unwrap_or_else(nothing),
        "start_date": now,
        "status": if trial_end.is_some() { "trialing" } else { "incomplete" },
        "trial_start": trial_end.map(|_| now),
        "trial_end": trial_end,
        "trial_settings": { "end_behavior": { "billing_cycle_anchor": null, "missing_payment_method": start.details["missing_payment_method"].as_str().unwrap_or("create_invoice") } },
    }));
    tx.add(subscription, json!({ "reminded": false }));
    tx.edit(start.customer, |customer| customer.set("currency", currency.as_str()));
    let invoice = bill(tx, &id, "subscription_create", (now, now));
    tx.edit(&id, |subscription| subscription.set("latest_invoice", invoice.as_str()));
    tx.emit("customer.subscription.created", &id);
    tx.emit("invoice.created", &invoice);
    invoices::finalize(tx, &invoice);
    invoices::pay(tx, &invoice, start.method, start.intent);
    if trial_end.is_none() {
        tx.update(&id, "customer.subscription.updated", |subscription| subscription.set("status", "active"));
    }
    (id, invoice)
}

fn item_of(tx: &Tx, subscription: &str, item: &Value, trial_end: Option<i64>) -> Value {
    let price = item.at("price");
    let end = trial_end.unwrap_or_else(|| next_period_end(price, tx.now, tx.now));
    shapes::subscription_item(json!({
        "id": ids::fresh("si_", 14),
        "created": tx.now,
        "current_period_start": tx.now,
        "current_period_end": end,
        "metadata": item.at("metadata"),
        "plan": plan_of(price),
        "price": price,
        "quantity": item.at("quantity"),
        "subscription": subscription,
    }))
}

/// The old name of a price, which items still carry.
fn plan_of(price: &Value) -> Value {
    shapes::plan(json!({
        "id": price.at("id"), "active": price.at("active"), "amount": price.at("unit_amount"), "amount_decimal": price.at("unit_amount_decimal"),
        "created": price.at("created"), "currency": price.at("currency"), "interval": price.at("recurring.interval"),
        "interval_count": price.at("recurring.interval_count"), "metadata": price.at("metadata"), "nickname": price.at("nickname"), "product": price.at("product"),
    }))
}

fn next_period_end(price: &Value, anchor: i64, after: i64) -> i64 {
    next_boundary(anchor, price.text("recurring.interval"), price.integer("recurring.interval_count"), after)
}

/// Drafts an invoice for the current period of every item; answers its id.
fn bill(tx: &mut Tx, id: &str, reason: &str, period: (i64, i64)) -> String {
    let subscription = tx.value(id).clone();
    let trial = subscription.text("status") == "trialing";
    let lines = subscription.entries("items.data").iter().map(|item| {
        let product = tx.value(item.text("price.product")).text("name");
        invoices::subscription_line(item, product, (item.integer("current_period_start"), item.integer("current_period_end")), trial)
    });
    let lines = lines.collect();
    invoices::draft(
        tx,
        Draft {
            customer: subscription.text("customer"),
            currency: subscription.text("currency"),
            reason,
            subscription: Some(id),
            lines,
            period,
            description: subscription.at("description").as_str(),
            metadata: nothing(),
        },
    )
}

/// The end of the current period, in unix seconds.
pub fn period_end(subscription: &Value) -> i64 {
    subscription.entries("items.data").iter().map(|item| item.integer("current_period_end")).min().unwrap_or_default()
}

/// True while the subscription goes on by itself.
pub fn is_live(subscription: &Value) -> bool {
    matches!(subscription.text("status"), "trialing" | "active" | "past_due")
}

/// Begins the next period, bills it and charges the card. The end of a trial is one such moment.
pub fn renew(tx: &mut Tx, id: &str) {
    let before = tx.value(id).clone();
    let (start, end) = (before.integer("items.data.0.current_period_start"), period_end(&before));
    let trial_ends = before.text("status") == "trialing";
    let method = method_of(tx, &before);
    if trial_ends && method.is_none() && before.text("trial_settings.end_behavior.missing_payment_method") == "cancel" {
        self::end(tx, id);
        return;
    }
    tx.update(id, "customer.subscription.updated", |subscription| {
        if trial_ends {
            subscription.set("status", "active");
        }
        subscription.set("items.data", next_items(&before, end));
    });
    let invoice = bill(tx, id, "subscription_cycle", (start, end));
    tx.edit(id, |subscription| subscription.set("latest_invoice", invoice.as_str()));
    tx.emit("invoice.created", &invoice);
    invoices::finalize(tx, &invoice);
    let paid = invoices::pay(tx, &invoice, method.as_deref(), None);
    let status = if paid { "active" } else { "past_due" };
    tx.update(id, "customer.subscription.updated", |subscription| subscription.set("status", status));
}

/// The items in the period that begins at `start`.
fn next_items(subscription: &Value, start: i64) -> Vec<Value> {
    let anchor = subscription.integer("billing_cycle_anchor");
    let items = subscription.entries("items.data").iter().cloned().map(|mut item| {
        let end = next_period_end(item.at("price"), anchor, start);
        item.set("current_period_start", start);
        item.set("current_period_end", end);
        item
    });
    items.collect()
}

/// The payment method that pays: the subscription's own, else the customer's.
fn method_of(tx: &Tx, subscription: &Value) -> Option<String> {
    let own = subscription.at("default_payment_method").as_str();
    let customers = tx.value(subscription.text("customer")).at("invoice_settings.default_payment_method").as_str();
    own.or(customers).map(str::to_owned)
}

/// Ends the subscription now.
pub fn end(tx: &mut Tx, id: &str) {
    let now = tx.now;
    tx.edit(id, |subscription| {
        if subscription.at("canceled_at").is_null() {
            subscription.set("canceled_at", now);
        }
        if subscription.at("cancellation_details.reason").is_null() {
            subscription.set("cancellation_details.reason", "cancellation_requested");
        }
        subscription.set("ended_at", now);
        subscription.set("status", "canceled");
    });
    tx.emit("customer.subscription.deleted", id);
}
