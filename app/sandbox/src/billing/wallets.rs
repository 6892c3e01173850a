//! The cards a customer has saved, and which of them pays.

use serde_json::{Value, json};

use crate::cards::{Card, Decline};
use crate::error::doc_url;
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::payments;
use super::subscriptions::is_live;

/// What became of an attempt to save a card.
#[derive(Debug, PartialEq, Eq)]
pub enum Saved {
    Done,
    /// The bank asks the card's owner first; [`answer`] goes on with this setup intent.
    Asked(String),
    Declined(Decline),
}

/// Opens a setup intent that waits for a payment method; answers its id.
pub fn open_setup(tx: &mut Tx, customer: Option<&str>, usage: &str, metadata: &Value) -> String {
    let id = ids::fresh("seti_1", 23);
    let secret = format!("{id}_secret_{}", ids::fresh("", 25));
    let intent = shapes::setup_intent(
        json!({ "id": id, "client_secret": secret, "created": tx.now, "customer": customer, "usage": usage, "metadata": metadata }),
    );
    tx.add(intent, Value::Null);
    tx.emit("setup_intent.created", &id);
    id
}

/// Saves a typed card as the one that pays, unless the bank refuses it or asks first. `page` is where the bank's question stands.
pub fn put_in(tx: &mut Tx, customer: &str, card: &Card, page: &str) -> Saved {
    let intent = open_setup(tx, Some(customer), "off_session", &json!({}));
    if let Err(decline) = card.verdict(false) {
        let method = payments::unsaved(tx, card);
        fail_setup(tx, &intent, decline, &method);
        return Saved::Declined(decline);
    }
    let method = payments::add_card(tx, card);
    if card.asks_its_owner() {
        ask(tx, &intent, &method, page);
        return Saved::Asked(intent);
    }
    succeed_setup(tx, &intent, &method);
    pay_with(tx, customer, &method);
    Saved::Done
}

/// Goes on with a setup intent whose card's owner has answered the bank; true when the card is saved.
pub fn answer(tx: &mut Tx, intent: &str, confirmed: bool) -> bool {
    let asked = tx.value(intent).clone();
    if asked.text("status") != "requires_action" {
        return false;
    }
    let method = asked.text("payment_method");
    if confirmed {
        succeed_setup(tx, intent, method);
        pay_with(tx, asked.text("customer"), method);
    } else {
        let method = tx.value(method).clone();
        fail_setup(tx, intent, Decline { code: "setup_intent_authentication_failure", ..crate::cards::NOT_AUTHENTICATED }, &method);
    }
    confirmed
}

/// The setup intent waits for the card's owner to answer the bank, on a page below `page`.
pub fn ask(tx: &mut Tx, intent: &str, method: &str, page: &str) {
    let bank = json!({ "return_url": page, "url": format!("{page}/{intent}") });
    tx.edit(intent, |intent| {
        intent.set("next_action", json!({ "redirect_to_url": bank, "type": "redirect_to_url" }));
        intent.set("payment_method", method);
        intent.set("status", "requires_action");
    });
    tx.emit("setup_intent.requires_action", intent);
}

/// The card is ready to pay later; it belongs to the intent's customer from now on.
pub fn succeed_setup(tx: &mut Tx, intent: &str, method: &str) {
    let customer = tx.value(intent).at("customer").as_str().map(str::to_owned);
    if let (Some(customer), true) = (customer, tx.value(method).at("customer").is_null()) {
        payments::save_card(tx, method, &customer);
    }
    tx.edit(intent, |intent| {
        intent.set("last_setup_error", Value::Null);
        intent.set("next_action", Value::Null);
        intent.set("payment_method", method);
        intent.set("status", "succeeded");
    });
    tx.emit("setup_intent.succeeded", intent);
}

/// The bank refused; the setup intent waits for another card. `method` is the one that was tried.
pub fn fail_setup(tx: &mut Tx, intent: &str, decline: Decline, method: &Value) {
    let kind = if decline.code == "setup_intent_authentication_failure" { "invalid_request_error" } else { "card_error" };
    let mut error = json!({ "type": kind, "code": decline.code, "message": decline.message, "payment_method": method, "doc_url": doc_url(decline.code) });
    if let Some(reason) = decline.reason {
        error.set("decline_code", reason);
    }
    tx.edit(intent, |intent| {
        intent.set("last_setup_error", error);
        intent.set("next_action", Value::Null);
        intent.set("payment_method", Value::Null);
        intent.set("status", "requires_payment_method");
    });
    tx.emit("setup_intent.setup_failed", intent);
}

/// Makes a saved card the one that pays: for the customer, and for the live subscriptions that name a card of their own.
pub fn pay_with(tx: &mut Tx, customer: &str, method: &str) {
    tx.update(customer, "customer.updated", |customer| customer.set("invoice_settings.default_payment_method", method));
    let names_one = |subscription: &Value| {
        subscription.text("customer") == customer && is_live(subscription) && !subscription.at("default_payment_method").is_null()
    };
    let others: Vec<String> =
        tx.store().all("subscription").filter(|record| names_one(&record.value)).map(|record| record.id.clone()).collect();
    for id in others {
        tx.update(&id, "customer.subscription.updated", |subscription| subscription.set("default_payment_method", method));
    }
}
