//! Invoices: drafted, finalized, paid or left open.

use serde_json::{Value, json};

use crate::cards::verdict_on;
use crate::ids;
use crate::json::At;
use crate::money;
use crate::shapes;
use crate::store::{Tx, nothing};

use super::payments::{self, Payment};

/// Three days, after which a failed invoice would be tried again.
const RETRY_SECONDS: i64 = 3 * 86_400;

/// What an invoice is for.
pub struct Draft<'d> {
    pub customer: &'d str,
    pub currency: &'d str,
    pub reason: &'d str,
    /// The subscription's id, if there is one.
    pub subscription: Option<&'d str>,
    pub lines: Vec<Value>,
    /// Start and end of the time the invoice looks back on, in unix seconds.
    pub period: (i64, i64),
    pub description: Option<&'d str>,
    pub metadata: Value,
}

/// Writes a draft; answers its id. The caller sends `invoice.created` when its turn comes.
pub fn draft(tx: &mut Tx, draft: Draft) -> String {
    let id = ids::fresh("in_1", 23);
    let customer = tx.value(draft.customer).clone();
    let subscription = draft.subscription.map(|id| tx.value(id).clone());
    let total: i64 = draft.lines.iter().map(|line| line.integer("amount")).sum();
    let lines: Vec<Value> = draft
        .lines
        .into_iter()
        .map(|mut line| {
            line.set("invoice", id.as_str());
            line
        })
        .collect();
    let parent = subscription.as_ref().map(|subscription| {
        json!({
            "quote_details": null,
            "subscription_details": { "metadata": subscription.at("metadata"), "subscription": subscription.at("id") },
            "type": "subscription_details",
        })
    });
    let tax = subscription.as_ref().is_some_and(|subscription| subscription.flag("automatic_tax.enabled"));
    let invoice = shapes::invoice(json!({
        "id": id,
        "amount_due": total,
        "amount_remaining": total,
        "automatic_tax": automatic_tax(tax),
        "billing_reason": draft.reason,
        "created": tx.now,
        "currency": draft.currency,
        "customer": draft.customer,
        "customer_address": customer.at("address"),
        "customer_email": customer.at("email"),
        "customer_name": customer.at("name"),
        "customer_phone": customer.at("phone"),
        "description": draft.description,
        "lines": { "object": "list", "data": lines, "has_more": false, "url": format!("/v1/invoices/{id}/lines") },
        "metadata": draft.metadata,
        "parent": parent,
        "period_start": draft.period.0,
        "period_end": draft.period.1,
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
    }));
    tx.add(invoice, Value::Null)
}

fn automatic_tax(enabled: bool) -> Value {
    let (liability, provider, status) =
        if enabled { (json!({ "type": "self" }), json!("stripe"), json!("complete")) } else { Default::default() };
    json!({ "disabled_reason": null, "enabled": enabled, "liability": liability, "provider": provider, "status": status })
}

/// Gives the invoice its number and opens it for payment.
pub fn finalize(tx: &mut Tx, id: &str) {
    let customer = tx.value(id).text("customer").to_owned();
    let sequence = tx.value(&customer).integer("next_invoice_sequence");
    let number = format!("{}-{sequence:04}", tx.value(&customer).text("invoice_prefix"));
    tx.edit(&customer, |customer| customer.set("next_invoice_sequence", sequence + 1));
    let (now, page) = (tx.now, format!("{}/invoice/{id}", tx.pages));
    tx.edit(id, |invoice| {
        invoice.set("number", number);
        invoice.set("status", "open");
        invoice.set("status_transitions.finalized_at", now);
        invoice.set("effective_at", now);
        invoice.set("hosted_invoice_url", page);
        invoice.set("starting_balance", 0);
        invoice.set("ending_balance", 0);
    });
    tx.emit("invoice.finalized", id);
}

/// Pays an open invoice with a saved payment method, through `intent` if one was opened before. Answers whether it is paid now.
pub fn pay(tx: &mut Tx, id: &str, method: Option<&str>, intent: Option<String>) -> bool {
    let invoice = tx.value(id).clone();
    let amount = invoice.integer("amount_due");
    if amount == 0 {
        settle(tx, id, 0);
        return true;
    }
    let description = if invoice.text("billing_reason") == "subscription_create" { "Subscription creation" } else { "Subscription update" };
    let description = if invoice.at("parent").is_null() { "Payment for Invoice" } else { description };
    let payment = Payment {
        amount,
        currency: invoice.text("currency"),
        customer: invoice.at("customer").as_str(),
        description: Some(description.to_owned()),
        details: nothing(),
    };
    let intent = intent.unwrap_or_else(|| payments::open(tx, &payment));
    let share = shapes::invoice_payment(json!({
        "id": ids::fresh("inpay_1", 23), "amount_requested": amount, "created": tx.now, "currency": invoice.at("currency"),
        "invoice": id, "payment": { "payment_intent": intent, "type": "payment_intent" },
    }));
    let share = tx.add(share, Value::Null);
    let verdict = method.map(|method| verdict_on(tx.hidden(method)));
    match (method, verdict) {
        (Some(method), Some(Ok(()))) => {
            payments::succeed(tx, &intent, method);
            settle(tx, id, amount);
            let now = tx.now;
            tx.edit(&share, |share| {
                share.set("amount_paid", amount);
                share.set("status", "paid");
                share.set("status_transitions.paid_at", now);
            });
            tx.emit("invoice_payment.paid", &share);
            true
        }
        (method, verdict) => {
            if let (Some(method), Some(Err(decline))) = (method, verdict) {
                let method = tx.value(method).clone();
                payments::fail(tx, &intent, &method, decline);
            }
            let retry = tx.now + RETRY_SECONDS;
            tx.edit(id, |invoice| {
                invoice.set("attempted", true);
                invoice.set("attempt_count", invoice.integer("attempt_count") + 1);
                invoice.set("next_payment_attempt", retry);
            });
            tx.emit("invoice.payment_failed", id);
            false
        }
    }
}

fn settle(tx: &mut Tx, id: &str, amount: i64) {
    let now = tx.now;
    tx.edit(id, |invoice| {
        invoice.set("amount_paid", amount);
        invoice.set("amount_remaining", 0);
        invoice.set("attempted", true);
        invoice.set("attempt_count", invoice.integer("attempt_count") + i64::from(amount > 0));
        invoice.set("auto_advance", false);
        invoice.set("next_payment_attempt", Value::Null);
        invoice.set("status", "paid");
        invoice.set("status_transitions.paid_at", now);
    });
    tx.emit("invoice.paid", id);
    tx.emit("invoice.payment_succeeded", id);
}

/// A line for one period of a subscription item.
pub fn subscription_line(item: &Value, product: &str, period: (i64, i64), trial: bool) -> Value {
    let price = item.at("price");
    let quantity = item.integer("quantity");
    let unit = if trial { 0 } else { price.integer("unit_amount") };
    let description = if trial {
        format!("Trial period for {product}")
    } else {
        let amount = money::written(unit, price.text("currency"));
        format!("{quantity} × {product} (at {amount} / {})", interval(price))
    };
    let parent = json!({
        "invoice_item_details": null,
        "subscription_item_details": {
            "invoice_item": null, "proration": false, "proration_details": { "credited_items": null },
            "subscription": item.at("subscription"), "subscription_item": item.at("id"),
        },
        "type": "subscription_item_details",
    });
    line(price, quantity, unit, &description, period, &parent, item.at("subscription"))
}

/// A line for something bought once.
pub fn single_line(item: &Value, now: i64) -> Value {
    let parent = json!({
        "invoice_item_details": { "invoice_item": ids::fresh("ii_1", 23), "proration": false, "proration_details": { "credited_items": null }, "subscription": null },
        "subscription_item_details": null,
        "type": "invoice_item_details",
    });
    let price = item.at("price");
    line(price, item.integer("quantity"), price.integer("unit_amount"), item.text("description"), (now, now), &parent, &Value::Null)
}

fn line(price: &Value, quantity: i64, unit: i64, description: &str, period: (i64, i64), parent: &Value, subscription: &Value) -> Value {
    shapes::line_item(json!({
        "id": ids::fresh("il_1", 23),
        "amount": unit * quantity,
        "currency": price.at("currency"),
        "description": description,
        "parent": parent,
        "period": { "start": period.0, "end": period.1 },
        "pricing": {
            "price_details": { "price": price.at("id"), "product": price.at("product") },
            "type": "price_details",
            "unit_amount_decimal": unit.to_string(),
        },
        "quantity": quantity,
        "quantity_decimal": quantity.to_string(),
        "subscription": subscription,
        "subtotal": unit * quantity,
    }))
}

/// `month`, or `3 months`.
pub fn interval(price: &Value) -> String {
    let interval = price.text("recurring.interval");
    match price.integer("recurring.interval_count") {
        0 | 1 => interval.to_owned(),
        count => format!("{count} {interval}s"),
    }
}
