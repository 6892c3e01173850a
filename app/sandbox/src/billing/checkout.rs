//! Paying a checkout session: the one place where a card turns into a subscription or a payment.

use serde_json::{Value, json};

use crate::api::customers;
use crate::cards::{Card, Decline, NOT_AUTHENTICATED};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::{Tx, nothing};

use super::invoices::{self, Draft};
use super::payments::{self, Payment};
use super::subscriptions::{self, Start};

/// What became of an attempt to pay.
#[derive(Debug, PartialEq, Eq)]
pub enum Paid {
    /// The session is complete; it may have been before.
    Complete,
    /// The bank asks the card's owner first; [`authenticate`] goes on.
    Asked,
    /// The card was refused; the session is still open.
    Declined(Decline),
    /// The session has expired, or there is none.
    Closed,
}

/// Pays an open session with `card`, or without one where none is asked. Paying a complete session changes nothing.
pub fn pay(tx: &mut Tx, id: &str, card: Option<&Card>) -> Paid {
    if let Some(ended) = ended(tx, id) {
        return ended;
    }
    put_question(tx, id, None, false);
    let due = tx.value(id).integer("amount_total");
    if let Some(Err(decline)) = card.map(|card| card.verdict(due > 0)) {
        if let (true, Some(card)) = (due > 0, card) {
            note_failure(tx, id, card, decline);
        }
        return Paid::Declined(decline);
    }
    let method = card.map(|card| payments::add_card(tx, card));
    match (method, card) {
        (Some(method), Some(card)) if card.asks_its_owner() => {
            ask(tx, id, &method);
            Paid::Asked
        }
        (method, _) => buy_with(tx, id, method.as_deref()),
    }
}

/// Goes on with a payment whose card's owner has answered the bank. Without a question pending it is a refusal.
pub fn authenticate(tx: &mut Tx, id: &str, confirmed: bool) -> Paid {
    if let Some(ended) = ended(tx, id) {
        return ended;
    }
    let Some(method) = asked(tx.hidden(id)).map(str::to_owned) else { return Paid::Declined(NOT_AUTHENTICATED) };
    put_question(tx, id, None, !confirmed);
    if confirmed {
        return buy_with(tx, id, Some(&method));
    }
    if let Some(intent) = tx.hidden(id)["payment_intent"].as_str().map(str::to_owned) {
        payments::leave_unauthenticated(tx, &intent, &method);
    }
    Paid::Declined(NOT_AUTHENTICATED)
}

/// The payment method whose owner the bank is asking, by what only the sandbox knows of a session.
pub fn asked(hidden: &Value) -> Option<&str> {
    hidden["asked"].as_str()
}

/// True when the last attempt ended with a no to the bank, by what only the sandbox knows of a session.
pub fn was_denied(hidden: &Value) -> bool {
    hidden["denied"] == true
}

fn put_question(tx: &mut Tx, id: &str, method: Option<&str>, denied: bool) {
    tx.edit_hidden(id, |hidden| {
        hidden.set("asked", method);
        hidden.set("denied", denied);
    });
}

fn ask(tx: &mut Tx, id: &str, method: &str) {
    put_question(tx, id, Some(method), false);
    // A trial costs nothing yet, so there is no payment to wait.
    if tx.value(id).integer("amount_total") > 0 {
        let intent = intent_of(tx, id);
        let page = format!("{}/pay/{id}", tx.pages);
        payments::ask(tx, &intent, method, &page);
    }
}

/// What an attempt comes to when the session is not open any more.
fn ended(tx: &Tx, id: &str) -> Option<Paid> {
    match tx.value(id).text("status") {
        "open" => None,
        "complete" => Some(Paid::Complete),
        _ => Some(Paid::Closed),
    }
}

fn buy_with(tx: &mut Tx, id: &str, method: Option<&str>) -> Paid {
    let customer = customer_of(tx, id);
    if let Some(method) = method {
        payments::save_card(tx, method, &customer);
    }
    let bought = match tx.value(id).text("mode") {
        "subscription" => subscribe(tx, id, &customer, method),
        _ => buy(tx, id, &customer, method),
    };
    complete(tx, id, &customer, bought);
    Paid::Complete
}

/// True when the page has to ask for a card.
pub fn needs_card(session: &Value) -> bool {
    session.integer("amount_total") > 0 || session.text("payment_method_collection") != "if_required"
}

/// The payment intent that a declined card leaves behind; the next attempt goes on with it.
fn note_failure(tx: &mut Tx, id: &str, card: &Card, decline: Decline) {
    let intent = intent_of(tx, id);
    let method = payments::unsaved(tx, card);
    payments::fail(tx, &intent, &method, decline);
}

fn intent_of(tx: &mut Tx, id: &str) -> String {
    if let Some(intent) = tx.hidden(id)["payment_intent"].as_str() {
        return intent.to_owned();
    }
    let session = tx.value(id).clone();
    let intent = payments::open(
        tx,
        &Payment {
            amount: session.integer("amount_total"),
            currency: session.text("currency"),
            customer: session.at("customer").as_str(),
            description: (session.text("mode") == "subscription").then(|| "Subscription creation".to_owned()),
            details: tx.hidden(id)["payment_intent_data"].clone(),
        },
    );
    tx.edit_hidden(id, |hidden| hidden.set("payment_intent", intent.as_str()));
    intent
}

/// The session's customer; a session without one makes it now.
fn customer_of(tx: &mut Tx, id: &str) -> String {
    let session = tx.value(id);
    if let Some(customer) = session.at("customer").as_str() {
        return customer.to_owned();
    }
    let email = session.at("customer_email").clone();
    let customer = customers::fresh(tx, json!({ "email": email }));
    tx.emit("customer.created", &customer);
    tx.edit(id, |session| session.set("customer", customer.as_str()));
    let tried = tx.hidden(id)["payment_intent"].as_str().map(str::to_owned);
    if let Some(intent) = tried {
        tx.edit(&intent, |intent| intent.set("customer", customer.as_str()));
    }
    customer
}

fn subscribe(tx: &mut Tx, id: &str, customer: &str, method: Option<&str>) -> Value {
    let hidden = tx.hidden(id).clone();
    let automatic_tax = tx.value(id).flag("automatic_tax.enabled");
    let (subscription, invoice) = subscriptions::start(
        tx,
        Start {
            customer,
            method,
            items: hidden.entries("items"),
            details: hidden.at("subscription_data"),
            automatic_tax,
            intent: hidden["payment_intent"].as_str().map(str::to_owned),
        },
    );
    json!({ "subscription": subscription, "invoice": invoice })
}

fn buy(tx: &mut Tx, id: &str, customer: &str, method: Option<&str>) -> Value {
    let session = tx.value(id).clone();
    let due = session.integer("amount_total");
    let intent = (due > 0).then(|| intent_of(tx, id));
    let invoice = session.flag("invoice_creation.enabled").then(|| invoice_for(tx, id, customer, method, intent.clone()));
    if let (Some(intent), Some(method), None) = (&intent, method, &invoice) {
        payments::succeed(tx, intent, method);
    }
    json!({ "payment_intent": intent, "invoice": invoice })
}

/// The invoice of a one-time purchase, paid.
fn invoice_for(tx: &mut Tx, id: &str, customer: &str, method: Option<&str>, intent: Option<String>) -> String {
    let session = tx.value(id).clone();
    let data = session.at("invoice_creation.invoice_data");
    let now = tx.now;
    let lines = tx.hidden(id).entries("items").iter().map(|item| invoices::single_line(item, now)).collect();
    let invoice = invoices::draft(
        tx,
        Draft {
            customer,
            currency: session.text("currency"),
            reason: "manual",
            subscription: None,
            lines,
            period: (now, now),
            description: data.at("description").as_str(),
            metadata: data.at("metadata").as_object().map_or_else(nothing, |data| Value::Object(data.clone())),
        },
    );
    tx.emit("invoice.created", &invoice);
    invoices::finalize(tx, &invoice);
    invoices::pay(tx, &invoice, method, intent);
    invoice
}

/// Closes the session with what was `bought`.
fn complete(tx: &mut Tx, id: &str, customer: &str, bought: Value) {
    let payer = tx.value(customer).clone();
    tx.edit(id, |session| {
        let due = session.integer("amount_total");
        let delayed = due == 0 && session.text("mode") == "subscription";
        session.set(
            "customer_details",
            json!({
                "address": payer.at("address"), "business_name": null, "email": payer.at("email"), "individual_name": null,
                "name": payer.at("name"), "phone": payer.at("phone"), "tax_exempt": payer.at("tax_exempt"), "tax_ids": [],
            }),
        );
        session.set("payment_status", if delayed { "no_payment_required" } else { "paid" });
        session.set("status", "complete");
        session.set("url", Value::Null);
        if session.flag("automatic_tax.enabled") {
            session.set("automatic_tax.status", "complete");
        }
        if let Value::Object(bought) = bought {
            for (key, id) in bought {
                session.set(&key, id);
            }
        }
    });
    tx.emit("checkout.session.completed", id);
}

/// Closes an open session that nobody paid.
pub fn expire(tx: &mut Tx, id: &str) {
    if let Some(intent) = tx.hidden(id)["payment_intent"].as_str().map(str::to_owned) {
        payments::cancel(tx, &intent);
    }
    tx.edit(id, |session| {
        session.set("status", "expired");
        session.set("url", Value::Null);
    });
    tx.emit("checkout.session.expired", id);
}

/// A line item as it is kept with its session. `charged` is false in a trial, whose total is nothing.
pub fn item(price: &Value, description: &str, quantity: i64, metadata: &Value, charged: bool) -> Value {
    let amount = if charged { price.integer("unit_amount") * quantity } else { 0 };
    shapes::item(json!({
        "id": ids::fresh("li_1", 23), "amount_subtotal": amount, "amount_total": amount, "currency": price.at("currency"),
        "description": description, "metadata": metadata, "price": price, "quantity": quantity,
    }))
}
