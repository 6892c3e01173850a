//! Payment methods, payment intents and charges.

use serde_json::{Value, json};

use crate::cards::{Card, DECLINED, Decline, NOT_AUTHENTICATED};
use crate::error::doc_url;
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::{Tx, nothing};

/// How long after the charge the owner of the disputing card has seen the bill.
const DISPUTE_SECONDS: i64 = 5;

/// Takes down a card as a payment method that belongs to nobody yet; answers its id.
pub fn add_card(tx: &mut Tx, card: &Card) -> String {
    let method = unsaved(tx, card);
    tx.add(method, card.memory())
}

/// Saves a payment method for a customer.
pub fn save_card(tx: &mut Tx, method: &str, customer: &str) {
    let payer = tx.value(customer).clone();
    tx.edit(method, |method| {
        for field in ["address", "email", "name"] {
            method.set(&format!("billing_details.{field}"), payer.at(field).clone());
        }
        method.set("customer", customer);
    });
    tx.emit("payment_method.attached", method);
}

/// What the bank says to charging a saved payment method.
pub fn verdict_on(tx: &Tx, method: &str) -> Result<(), Decline> {
    if tx.hidden(method).flag("fails_when_charged") { Err(DECLINED) } else { Ok(()) }
}

/// What the bank says to saving a payment method for later.
pub fn verdict_on_saving(tx: &Tx, method: &str) -> Result<(), Decline> {
    match tx.hidden(method).text("refused") {
        "" => Ok(()),
        number => Card::verdict_on_number(number, false),
    }
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

/// Charges the payment intent successfully.
pub fn succeed(tx: &mut Tx, intent: &str, method: &str) {
    let details = tx.value(method).clone();
    let charge = charge(tx, intent, &details, Made::Paid);
    tx.emit("charge.succeeded", &charge);
    receive(tx, intent, method, &charge);
}

/// The money of a payment intent is there, by this charge.
pub fn receive(tx: &mut Tx, intent: &str, method: &str, charge: &str) {
    tx.edit(intent, |intent| {
        intent.set("amount_received", intent.integer("amount"));
        intent.set("last_payment_error", Value::Null);
        intent.set("latest_charge", charge);
        intent.set("next_action", Value::Null);
        intent.set("payment_method", method);
        intent.set("status", "succeeded");
    });
    tx.emit("payment_intent.succeeded", intent);
}

/// Charges the payment intent in vain: it waits for another payment method. `method` is the card that was tried.
pub fn fail(tx: &mut Tx, intent: &str, method: &Value, decline: Decline) {
    let charge = charge(tx, intent, method, Made::Declined(decline));
    tx.emit("charge.failed", &charge);
    give_up(tx, intent, method, &charge, decline);
}

/// A charge of the payment intent has failed: it waits for another payment method.
pub fn give_up(tx: &mut Tx, intent: &str, method: &Value, charge: &str, decline: Decline) {
    let mut error = json!({
        "type": "card_error", "code": decline.code, "message": decline.message, "charge": charge, "payment_method": method,
        "doc_url": doc_url(decline.code),
    });
    if let Some(code) = decline.reason {
        error.set("decline_code", code);
    }
    tx.edit(intent, |intent| intent.set("latest_charge", charge));
    wait_again(tx, intent, error);
}

/// The payment intent waits for the card's owner to answer the bank, on a page from which `page` leads back.
pub fn ask(tx: &mut Tx, intent: &str, method: &str, page: &str) {
    tx.edit(intent, |intent| {
        let bank = json!({ "return_url": page, "url": format!("{page}/authenticate") });
        intent.set("next_action", json!({ "redirect_to_url": bank, "type": "redirect_to_url" }));
        intent.set("payment_method", method);
        intent.set("status", "requires_action");
    });
    tx.emit("payment_intent.requires_action", intent);
}

/// The card's owner did not confirm: the payment intent waits for another payment method, and nothing was charged.
pub fn leave_unauthenticated(tx: &mut Tx, intent: &str, method: &str) {
    let Decline { code, message, .. } = NOT_AUTHENTICATED;
    let method = tx.value(method);
    let error =
        json!({ "type": "invalid_request_error", "code": code, "message": message, "payment_method": method, "doc_url": doc_url(code) });
    wait_again(tx, intent, error);
}

fn wait_again(tx: &mut Tx, intent: &str, error: Value) {
    tx.edit(intent, |intent| {
        intent.set("last_payment_error", error);
        intent.set("next_action", Value::Null);
        intent.set("payment_method", Value::Null);
        intent.set("status", "requires_payment_method");
    });
    tx.emit("payment_intent.payment_failed", intent);
}

/// Nobody will pay this any more, for one of Stripe's reasons.
pub fn cancel(tx: &mut Tx, intent: &str, reason: &str) {
    let now = tx.now;
    tx.edit(intent, |intent| {
        intent.set("canceled_at", now);
        intent.set("cancellation_reason", reason);
        intent.set("next_action", Value::Null);
        intent.set("status", "canceled");
    });
    tx.emit("payment_intent.canceled", intent);
}

/// A card that was tried and not saved, as errors show it.
pub fn unsaved(tx: &Tx, card: &Card) -> Value {
    shapes::payment_method(json!({ "id": ids::fresh("pm_1", 23), "card": card.shape(), "created": tx.now }))
}

/// How a charge stands at first.
#[derive(Clone, Copy)]
pub enum Made {
    Paid,
    /// The bank has not answered yet.
    Pending,
    Declined(Decline),
}

/// Makes a charge; answers its id. The caller sends the event.
pub fn charge(tx: &mut Tx, intent: &str, method: &Value, made: Made) -> String {
    let intent = tx.value(intent).clone();
    let amount = intent.integer("amount");
    let id = ids::fresh("ch_3", 23);
    let (status, decline) = match made {
        Made::Paid => ("succeeded", None),
        Made::Pending => ("pending", None),
        Made::Declined(decline) => ("failed", Some(decline)),
    };
    let outcome = match decline {
        None => json!({}),
        Some(decline) => json!({
            "network_status": "declined_by_network", "reason": decline.reason.unwrap_or(decline.code),
            "seller_message": "The bank returned a decline.", "type": "issuer_declined",
        }),
    };
    let paid = status == "succeeded";
    let receipt = receipt(tx, &id);
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
        "payment_method_details": charged(method, decline.is_none().then_some(amount)),
        "receipt_email": intent.at("receipt_email"),
        "receipt_url": paid.then_some(receipt),
        "status": status,
    }));
    let disputed = paid && tx.hidden(method.text("id")).flag("is_disputed");
    let dispute_at = disputed.then_some(tx.now + DISPUTE_SECONDS);
    tx.add(charge, json!({ "dispute_at": dispute_at }))
}

/// Where the receipt of a charge is.
pub fn receipt(tx: &Tx, charge: &str) -> String {
    format!("{}/receipt/{charge}", tx.pages)
}

/// What a charge shows of the payment method. `authorized` is what a card's bank agreed to, in minor units.
fn charged(method: &Value, authorized: Option<i64>) -> Value {
    let kind = method.text("type");
    let known = method.at(kind);
    let details = if kind == "card" {
        shapes::charged_card(json!({
            "amount_authorized": authorized, "brand": known.at("brand"), "exp_month": known.at("exp_month"), "exp_year": known.at("exp_year"),
            "fingerprint": known.at("fingerprint"), "last4": known.at("last4"), "network": known.at("brand"),
        }))
    } else {
        shapes::charged_account(json!({
            "fingerprint": known.at("fingerprint"), "last4": known.at("last4"), "routing_number": known.at("routing_number"),
        }))
    };
    json!({ kind: details, "type": kind })
}
