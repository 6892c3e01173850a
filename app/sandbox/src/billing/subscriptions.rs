//! The life of a subscription: started, renewed, cancelled.

use serde_json::{Value, json};

use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::{SETTINGS, Tx, nothing};

use super::discounts::Redeemed;
use super::invoices::{self, Draft};
use super::periods::{DAY, next_boundary};
use super::{changes, debits, discounts, lines, schedules};

/// Seconds until a subscription whose first invoice is not paid is given up: 23 hours.
const PATIENCE: i64 = 23 * 3_600;

/// What a new subscription consists of.
pub struct Start<'s> {
    pub customer: &'s str,
    /// The payment method of the subscription's own.
    pub method: Option<&'s str>,
    /// The payment method that pays the first invoice.
    pub pays: Option<&'s str>,
    /// Checkout's line items: price and quantity are taken from them.
    pub items: &'s [Value],
    /// `subscription_data` of the session: metadata, description, trial end.
    pub details: &'s Value,
    pub automatic_tax: bool,
    /// What is taken off: `coupon` and `promotion_code` of each, as a session keeps them.
    pub discounts: &'s [Value],
    /// The session it comes from.
    pub session: Option<&'s str>,
    /// The payment intent of earlier, declined attempts.
    pub intent: Option<String>,
}

/// When the trial ends, in unix seconds, of a subscription that starts now.
pub fn trial_end(details: &Value, now: i64) -> Option<i64> {
    let days = details["trial_period_days"].as_i64().map(|days| now + days * DAY);
    details["trial_end"].as_i64().or(days)
}

/// Starts a subscription and tries to pay its first invoice; answers the subscription's id and the invoice's.
pub fn start(tx: &mut Tx, start: Start) -> (String, String) {
    let id = ids::fresh("sub_1", 23);
    let now = tx.now;
    let trial_end = trial_end(start.details, now);
    let end = |price: &Value| trial_end.unwrap_or_else(|| next_period_end(price, now, now));
    let items: Vec<Value> = start.items.iter().map(|item| item_of(now, &id, item, end(item.at("price")))).collect();
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
        "test_clock": tx.value(start.customer).at("test_clock"),
        "status": if trial_end.is_some() { "trialing" } else { "incomplete" },
        "trial_start": trial_end.map(|_| now),
        "trial_end": trial_end,
        "trial_settings": { "end_behavior": { "billing_cycle_anchor": null, "missing_payment_method": start.details["missing_payment_method"].as_str().unwrap_or("create_invoice") } },
    }));
    tx.add(subscription, json!({ "reminded": false }));
    let discounts: Vec<String> = start
        .discounts
        .iter()
        .map(|wanted| {
            let (customer, subscription, session) = (start.customer, Some(id.as_str()), start.session);
            let promotion_code = wanted.at("promotion_code").as_str();
            discounts::redeem(tx, &Redeemed { coupon: wanted.text("coupon"), promotion_code, customer, subscription, session })
        })
        .collect();
    tx.edit(&id, |subscription| subscription.set("discounts", discounts));
    tx.edit(start.customer, |customer| customer.set("currency", currency.as_str()));
    let invoice = bill(tx, &id, "subscription_create", (now, now));
    let expires = trial_end.is_none().then_some(now + PATIENCE);
    tx.edit(&id, |subscription| subscription.set("latest_invoice", invoice.as_str()));
    tx.edit_hidden(&id, |hidden| hidden.set("incomplete_until", expires));
    tx.emit("customer.subscription.created", &id);
    tx.emit("invoice.created", &invoice);
    invoices::finalize(tx, &invoice);
    // What becomes of a refusal is up to the caller, who finds the subscription incomplete.
    let _ = invoices::pay(tx, &invoice, start.pays, start.intent);
    (id, invoice)
}

/// A new item of a subscription, whose period runs from `now` to `end`; price, quantity and metadata are those of `wanted`.
pub fn item_of(now: i64, subscription: &str, wanted: &Value, end: i64) -> Value {
    let price = wanted.at("price");
    shapes::subscription_item(json!({
        "id": ids::fresh("si_", 14),
        "created": now,
        "current_period_start": now,
        "current_period_end": end,
        "metadata": wanted.at("metadata"),
        "plan": plan_of(price),
        "price": price,
        "quantity": wanted.at("quantity"),
        "subscription": subscription,
    }))
}

/// The old name of a price, which items still carry.
pub fn plan_of(price: &Value) -> Value {
    shapes::plan(json!({
        "id": price.at("id"), "active": price.at("active"), "amount": price.at("unit_amount"), "amount_decimal": price.at("unit_amount_decimal"),
        "created": price.at("created"), "currency": price.at("currency"), "interval": price.at("recurring.interval"),
        "interval_count": price.at("recurring.interval_count"), "metadata": price.at("metadata"), "nickname": price.at("nickname"), "product": price.at("product"),
    }))
}

/// The end of the period that `after` lies in, counted from the anchor.
pub fn next_period_end(price: &Value, anchor: i64, after: i64) -> i64 {
    next_boundary(anchor, price.text("recurring.interval"), price.integer("recurring.interval_count"), after)
}

/// Drafts an invoice for the current period of every item and for what waits to be billed; answers its id.
fn bill(tx: &mut Tx, id: &str, reason: &str, period: (i64, i64)) -> String {
    let subscription = tx.value(id).clone();
    let mut lines = current_lines(tx, &subscription);
    lines.extend(pending_lines(tx, &subscription));
    draft(tx, &subscription, reason, lines, period)
}

/// A line for the current period of every item.
pub fn current_lines(tx: &Tx, subscription: &Value) -> Vec<Value> {
    let trial = subscription.text("status") == "trialing";
    let lines = subscription.entries("items.data").iter().map(|item| {
        let product = tx.value(item.text("price.product")).text("name");
        lines::of_period(item, product, (item.integer("current_period_start"), item.integer("current_period_end")), trial)
    });
    lines.collect()
}

/// Lines for the invoice items that wait for the subscription's next invoice.
pub fn pending_lines(tx: &Tx, subscription: &Value) -> Vec<Value> {
    let waits = |item: &&Value| {
        let of = item.at("parent.subscription_details.subscription");
        item.at("invoice").is_null()
            && item.at("customer") == subscription.at("customer")
            && item.at("currency") == subscription.at("currency")
            && (of.is_null() || of == subscription.at("id"))
    };
    tx.store().all("invoiceitem").map(|record| &record.value).filter(waits).map(lines::of_item).collect()
}

/// Drafts an invoice of a subscription; answers its id.
pub fn draft(tx: &mut Tx, subscription: &Value, reason: &str, lines: Vec<Value>, period: (i64, i64)) -> String {
    let discounts = discounts::current(tx, subscription, tx.now);
    let invoice = invoices::draft(
        tx,
        Draft {
            customer: subscription.text("customer"),
            currency: subscription.text("currency"),
            reason,
            subscription: Some(subscription.text("id")),
            lines,
            period,
            description: subscription.at("description").as_str(),
            metadata: nothing(),
            discounts,
            automatic_tax: subscription.flag("automatic_tax.enabled"),
        },
    );
    discounts::retire(tx, subscription.text("id"), &invoice, tx.now);
    invoice
}

/// The end of the current period, in unix seconds.
pub fn period_end(subscription: &Value) -> i64 {
    subscription.entries("items.data").iter().map(|item| item.integer("current_period_end")).min().unwrap_or_default()
}

/// True while the subscription goes on by itself.
pub fn is_live(subscription: &Value) -> bool {
    matches!(subscription.text("status"), "trialing" | "active" | "past_due" | "unpaid")
}

/// Begins the next period, bills it and charges the card. The end of a trial is one such moment.
pub fn renew(tx: &mut Tx, id: &str) {
    let before = tx.value(id).clone();
    let method = method_of(tx, &before);
    let cardless = before.text("status") == "trialing" && method.is_none();
    if cardless && before.text("trial_settings.end_behavior.missing_payment_method") == "cancel" {
        end(tx, id);
        return;
    }
    let invoice = draft_renewal(tx, id);
    if before.text("status") == "unpaid" {
        // Nobody is asked any more; the draft shows what would have been due.
        tx.edit(&invoice, |invoice| invoice.set("auto_advance", false));
        tx.emit("invoice.created", &invoice);
        return;
    }
    tx.emit("invoice.created", &invoice);
    invoices::finalize(tx, &invoice);
    let paid = invoices::pay(tx, &invoice, method.as_deref(), None).is_ok();
    let status = if paid { "active" } else { "past_due" };
    tx.update(id, "customer.subscription.updated", |subscription| subscription.set("status", status));
}

/// The last retry of an invoice failed: its subscription goes the way of the settings.
pub fn retries_ended(tx: &mut Tx, invoice: &str) {
    let id = tx.value(invoice).text("parent.subscription_details.subscription").to_owned();
    if !is_live(tx.value(&id)) {
        return;
    }
    match tx.value(SETTINGS).text("after_retries") {
        "past_due" => {}
        "unpaid" => tx.update(&id, "customer.subscription.updated", |subscription| subscription.set("status", "unpaid")),
        _ => {
            tx.edit(&id, |subscription| subscription.set("cancellation_details.reason", "payment_failed"));
            end(tx, &id);
        }
    }
}

/// Begins the next period and drafts its invoice; answers the invoice's id.
pub fn draft_renewal(tx: &mut Tx, id: &str) -> String {
    let before = tx.value(id).clone();
    let (start, end) = (before.integer("items.data.0.current_period_start"), period_end(&before));
    schedules::enter_due(tx, id, end);
    let before = tx.value(id).clone();
    tx.update(id, "customer.subscription.updated", |subscription| {
        if before.text("status") == "trialing" {
            subscription.set("status", "active");
        }
        subscription.set("items.data", next_items(&before, end));
    });
    let invoice = bill(tx, id, "subscription_cycle", (start, end));
    tx.edit(id, |subscription| subscription.set("latest_invoice", invoice.as_str()));
    invoice
}

/// What a paid invoice means for its subscription: the arrears are over, and a change that waited for it is made.
pub fn was_paid(tx: &mut Tx, invoice: &str) {
    let id = tx.value(invoice).text("parent.subscription_details.subscription").to_owned();
    if tx.value(&id).is_null() {
        return;
    }
    changes::was_paid(tx, &id, invoice);
    let subscription = tx.value(&id);
    let owes = matches!(subscription.text("status"), "incomplete" | "past_due" | "unpaid");
    if owes && subscription.text("latest_invoice") == invoice {
        tx.update(&id, "customer.subscription.updated", |subscription| subscription.set("status", "active"));
    }
}

/// What an invoice whose money did not come after all means for its subscription: it is in arrears, unless it never began.
pub fn was_missed(tx: &mut Tx, invoice: &str) {
    let id = tx.value(invoice).text("parent.subscription_details.subscription").to_owned();
    if tx.value(&id).text("status") == "active" && tx.value(&id).text("latest_invoice") == invoice {
        tx.update(&id, "customer.subscription.updated", |subscription| subscription.set("status", "past_due"));
    }
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
pub fn method_of(tx: &Tx, subscription: &Value) -> Option<String> {
    let own = subscription.at("default_payment_method").as_str();
    let customers = tx.value(subscription.text("customer")).at("invoice_settings.default_payment_method").as_str();
    own.or(customers).map(str::to_owned)
}

/// Gives up a subscription whose first invoice nobody paid. A debit that is under way is waited for.
pub fn expire(tx: &mut Tx, id: &str) {
    let invoice = tx.value(id).text("latest_invoice").to_owned();
    if let Some(at) = debits::awaited(tx, tx.hidden(&invoice).text("intent")) {
        tx.edit_hidden(id, |hidden| hidden.set("incomplete_until", at + 1));
        return;
    }
    if tx.value(&invoice).text("status") == "open" {
        invoices::void(tx, &invoice);
    }
    let now = tx.now;
    tx.update(id, "customer.subscription.updated", |subscription| {
        subscription.set("ended_at", now);
        subscription.set("status", "incomplete_expired");
    });
}

/// Ends the subscription now, with a last invoice. With `prorate` what is left of the period is given back.
pub fn end_prorated(tx: &mut Tx, id: &str, prorate: bool, invoice_now: bool) {
    if invoice_now {
        let invoice = draft_final(tx, id, prorate);
        end(tx, id);
        let method = method_of(tx, tx.value(id));
        tx.emit("invoice.created", &invoice);
        invoices::finalize(tx, &invoice);
        // Paid or not, the subscription has ended.
        let _ = invoices::pay(tx, &invoice, method.as_deref(), None);
    } else {
        changes::credit_rest(tx, id);
        end(tx, id);
    }
}

/// Drafts the last invoice of a subscription; answers its id.
pub fn draft_final(tx: &mut Tx, id: &str, prorate: bool) -> String {
    if prorate {
        changes::credit_rest(tx, id);
    }
    let subscription = tx.value(id).clone();
    let (lines, now) = (pending_lines(tx, &subscription), tx.now);
    let invoice = draft(tx, &subscription, "subscription_update", lines, (now, now));
    tx.edit(id, |subscription| subscription.set("latest_invoice", invoice.as_str()));
    invoice
}

/// Ends the subscription now.
pub fn end(tx: &mut Tx, id: &str) {
    changes::give_up(tx, id);
    schedules::subscription_ended(tx, id);
    let now = tx.now;
    let latest = tx.value(id).text("latest_invoice").to_owned();
    if tx.value(&latest).text("status") == "open" {
        tx.edit(&latest, |invoice| {
            invoice.set("auto_advance", false);
            invoice.set("next_payment_attempt", Value::Null);
        });
    }
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
