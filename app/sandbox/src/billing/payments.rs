//! Payment methods, payment intents and charges.

use serde_json::{Value, json};

use crate::cards::{Card, Decline};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::{Tx, nothing};

/// Saves a card for a customer; answers the payment method's id.
pub fn save_card(tx: &mut Tx, card: &Card, customer: &str) -> String {
    let details = json!({ "address": tx.value(customer).at("address"), "email": tx.value(customer).at("email"), "name": tx.value(customer).at("name"), "phone": null, "tax_id": null });
    let method = shapes::payment_method(json!({
        "id": ids::fresh("pm_1", 23), "billing_details": details, "card": card.shape(), "created": tx.now, "customer": customer,
    }));
    let id = tx.add(method, card.memory());
    tx.emit("payment_method.attached", &id);
    id
}

/// What a payment is for.
pub struct Payment<'p> {
    pub amount: i64,
    pub currency: &'p str,
    pub customer: Option<&'p str>,
    pub description: Option<String>,
    /// `payment_intent_data` of a session: metadata, receipt e-mail and the like.
    pub details: Value,
}

/// Opens a payment intent that waits for a payment method; answers its id.
pub fn open(tx: &mut Tx, payment: &Payment) -> String {
    let id = ids::fresh("pi_3", 23);
    let intent = shapes::payment_intent(json!({
        "id": id,
        "amount": payment.amount,
        "client_secret": format!("{id}_secret_{}", ids::fresh("", 25)),
        "created": tx.now,
        "currency": payment.currency,
        "customer": payment.customer,
        "description": payment.details["description"].as_str().or(payment.description.as_deref()),
        "metadata": payment.details.get("metadata").cloned().unwrap_or_else(nothing),
        "receipt_email": payment.details["receipt_email"],
        "setup_future_usage": payment.details["setup_future_usage"],
    }));
    tx.add(intent, Value::Null);
    tx.emit("payment_intent.created", &id);
    id
}

/// Charges the payment intent successfully; answers the charge's id.
pub fn succeed(tx: &mut Tx, intent: &str, method: &str) -> String {
    let details = tx.value(method).clone();
    let charge = charge(tx, intent, &details, None);
    tx.emit("charge.succeeded", &charge);
    tx.edit(intent, |intent| {
        intent.set("amount_received", intent.integer("amount"));
        intent.set("last_payment_error", Value::Null);
        intent.set("latest_charge", charge.as_str());
        intent.set("payment_method", method);
        intent.set("status", "succeeded");
    });
    tx.emit("payment_intent.succeeded", intent);
    charge
}

/// Charges the payment intent in vain: it waits for another payment method. `method` is the card that was tried.
pub fn fail(tx: &mut Tx, intent: &str, method: &Value, decline: Decline) {
    let charge = charge(tx, intent, method, Some(decline));
    tx.emit("charge.failed", &charge);
    let mut error = json!({
        "type": "card_error", "code": decline.code, "message": decline.message, "charge": charge, "payment_method": method,
        "doc_url": format!("https://stripe.com/docs/error-codes/{}", decline.code.replace('_', "-")),
    });
    if let Some(code) = decline.reason {
        error.set("decline_code", code);
    }
    tx.edit(intent, |intent| {
        intent.set("last_payment_error", error);
        intent.set("latest_charge", charge.as_str());
        intent.set("payment_method", Value::Null);
    });
    tx.emit("payment_intent.payment_failed", intent);
}

/// A card that was tried and not saved, as errors show it.
pub fn unsaved(tx: &Tx, card: &Card) -> Value {
    shapes::payment_method(json!({ "id": ids::fresh("pm_1", 23), "card": card.shape(), "created": tx.now }))
}

fn charge(tx: &mut Tx, intent: &str, method: &Value, decline: Option<Decline>) -> String {
    let intent = tx.value(intent).clone();
    let amount = intent.integer("amount");
    let id = ids::fresh("ch_3", 23);
    let card = method.at("card");
    let card = shapes::charged_card(json!({
        "amount_authorized": if decline.is_none() { Some(amount) } else { None },
        "brand": card.at("brand"), "exp_month": card.at("exp_month"), "exp_year": card.at("exp_year"),
        "fingerprint": card.at("fingerprint"), "last4": card.at("last4"), "network": card.at("brand"),
    }));
    let outcome = match decline {
        None => json!({}),
        Some(decline) => json!({
            "network_status": "declined_by_network", "reason": decline.reason.unwrap_or(decline.code),
            "seller_message": "The bank returned a decline.", "type": "issuer_declined",
        }),
    };
    let paid = decline.is_none();
    let receipt = format!("{}/receipt/{id}", tx.pages);
    let charge = shapes::charge(json!({
        "id": id,
        "amount": amount,
        "amount_captured": if paid { amount } else { 0 },
        "balance_transaction": paid.then(|| ids::fresh("txn_3", 23)),
        "billing_details": method.at("billing_details"),
        "captured": paid,
        "created": tx.now,
        "currency": intent.at("currency"),
        "customer": intent.at("customer"),
        "description": intent.at("description"),
        "failure_code": decline.map(|decline| decline.code),
        "failure_message": decline.map(|decline| decline.message),
        "metadata": intent.at("metadata"),
        "outcome": shapes::outcome(outcome),
        "paid": paid,
        "payment_intent": intent.at("id"),
        "payment_method": method.at("id"),
        "payment_method_details": { "card": card, "type": "card" },
        "receipt_email": intent.at("receipt_email"),
        "receipt_url": paid.then_some(receipt),
        "status": if paid { "succeeded" } else { "failed" },
    }));
    tx.add(charge, Value::Null)
}
