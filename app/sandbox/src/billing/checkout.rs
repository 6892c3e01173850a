//! Paying a checkout session: the one place where a card turns into a subscription or a payment.

use serde_json::{Value, json};

use crate::api::customers;
use crate::banks::Account;
use crate::cards::{Card, Decline, NOT_AUTHENTICATED};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::{Tx, nothing};

use super::debits;
use super::discounts::{self, Redeemed, refusal};
use super::invoices::{self, Draft};
use super::lines;
use super::payments::{self, Payment};
use super::subscriptions::{self, Start};
use super::totals::sums;

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

/// Pays an open session by a bank account, whose money comes days after the session is complete.
pub fn pay_by_bank(tx: &mut Tx, id: &str, account: &Account) -> Paid {
    if let Some(ended) = ended(tx, id) {
        return ended;
    }
    put_question(tx, id, None, false);
    let method = debits::add_account(tx, account);
    buy_with(tx, id, Some(&method))
}

/// True when a session can be paid by a bank account.
pub fn takes_bank(session: &Value) -> bool {
    session.integer("amount_total") > 0 && session.entries("payment_method_types").iter().any(|kind| kind == debits::TYPE)
}

/// The bank has answered about the money of a complete session: it is there, or will not come.
pub fn debited(tx: &mut Tx, intent: &str, invoice: Option<&str>, paid: bool) {
    let waits = |session: &Value| {
        let same = session.text("payment_intent") == intent || (invoice.is_some() && session.at("invoice").as_str() == invoice);
        same && session.text("status") == "complete" && session.text("payment_status") == "unpaid"
    };
    let session = tx.store().all("checkout.session").find(|record| waits(&record.value)).map(|record| record.id.clone());
    let Some(session) = session else { return };
    if paid {
        tx.edit(&session, |session| session.set("payment_status", "paid"));
        tx.emit("checkout.session.async_payment_succeeded", &session);
    } else {
        tx.emit("checkout.session.async_payment_failed", &session);
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
    let saves = session.text("mode") == "subscription" && session.text("payment_method_collection") != "if_required";
    session.integer("amount_total") > 0 || saves
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
            pays: method,
            items: hidden.entries("items"),
            details: hidden.at("subscription_data"),
            automatic_tax,
            discounts: hidden.entries("discounts"),
            session: Some(id),
            intent: hidden["payment_intent"].as_str().map(str::to_owned),
        },
    );
    json!({ "subscription": subscription, "invoice": invoice })
}

fn buy(tx: &mut Tx, id: &str, customer: &str, method: Option<&str>) -> Value {
    let session = tx.value(id).clone();
    let due = session.integer("amount_total");
    let intent = (due > 0).then(|| intent_of(tx, id));
    let wanted = tx.hidden(id).entries("discounts").to_vec();
    let discounts: Vec<String> = wanted
        .iter()
        .map(|wanted| {
            let promotion_code = wanted.at("promotion_code").as_str();
            discounts::redeem(
                tx,
                &Redeemed { coupon: wanted.text("coupon"), promotion_code, customer, subscription: None, session: Some(id) },
            )
        })
        .collect();
    let invoiced = session.flag("invoice_creation.enabled");
    let invoice = invoiced.then(|| invoice_for(tx, id, customer, method, intent.clone(), discounts));
    if let (Some(intent), Some(method), None) = (&intent, method, &invoice) {
        debits::charge(tx, intent, method);
    }
    json!({ "payment_intent": intent, "invoice": invoice })
}

/// The invoice of a one-time purchase, paid.
fn invoice_for(tx: &mut Tx, id: &str, customer: &str, method: Option<&str>, intent: Option<String>, discounts: Vec<String>) -> String {
    let session = tx.value(id).clone();
    let data = session.at("invoice_creation.invoice_data");
    let now = tx.now;
    let lines = tx.hidden(id).entries("items").iter().map(|item| lines::of_purchase(item, now)).collect();
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
            discounts,
            automatic_tax: session.flag("automatic_tax.enabled"),
        },
    );
    tx.emit("invoice.created", &invoice);
    invoices::finalize(tx, &invoice);
    // The caller knows that the card can be charged.
    let _ = invoices::pay(tx, &invoice, method, intent);
    invoice
}

/// Closes the session with what was `bought`.
fn complete(tx: &mut Tx, id: &str, customer: &str, bought: Value) {
    let payer = tx.value(customer).clone();
    let under_way = tx.value(bought.text("payment_intent")).text("status") == "processing";
    let waits = under_way || tx.value(bought.text("invoice")).text("status") == "open";
    tx.edit(id, |session| {
        let due = session.integer("amount_total");
        let status = match (waits, session.text("mode")) {
            (true, _) => "unpaid",
            (false, "subscription") if due == 0 => "no_payment_required",
            (false, _) => "paid",
        };
        session.set(
            "customer_details",
            json!({
                "address": payer.at("address"), "business_name": null, "email": payer.at("email"), "individual_name": null,
                "name": payer.at("name"), "phone": payer.at("phone"), "tax_exempt": payer.at("tax_exempt"), "tax_ids": [],
            }),
        );
        session.set("payment_status", status);
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
        payments::cancel(tx, &intent, "expired");
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

/// Writes down what an open session comes to, with its discounts and its customer's tax.
pub fn price(tx: &mut Tx, id: &str) {
    let (session, hidden) = (tx.value(id).clone(), tx.hidden(id).clone());
    let coupons = hidden.entries("discounts").iter().map(|wanted| (wanted.text("coupon").to_owned(), wanted.text("coupon").to_owned()));
    let coupons: Vec<_> = coupons.collect();
    let as_line = |item: &Value| {
        let price = json!({ "price": item.at("price.id"), "product": item.at("price.product") });
        json!({ "amount": item.at("amount_subtotal"), "discountable": true, "pricing": { "price_details": price } })
    };
    let mut items = hidden.entries("items").to_vec();
    let mut lines: Vec<Value> = items.iter().map(as_line).collect();
    invoices::price(tx, &mut lines, session.text("customer"), &coupons, session.flag("automatic_tax.enabled"));
    for (item, line) in items.iter_mut().zip(&lines) {
        let sums = sums(std::slice::from_ref(line));
        item.set("amount_discount", sums.discount);
        item.set("amount_tax", sums.tax);
        item.set("amount_total", sums.total);
    }
    let all = sums(&lines);
    tx.edit_hidden(id, |hidden| hidden.set("items", items));
    tx.edit(id, |session| {
        session.set("amount_subtotal", all.subtotal);
        session.set("amount_total", all.total);
        session.set("total_details.amount_discount", all.discount);
        session.set("total_details.amount_tax", all.tax);
        session.set("discounts", hidden.entries("discounts").to_vec());
    });
    // Earlier attempts opened an intent over what was due then.
    if let Some(intent) = tx.hidden(id)["payment_intent"].as_str().map(str::to_owned) {
        tx.edit(&intent, |intent| intent.set("amount", all.total));
    }
}

/// Takes a promotion code that was typed, in place of an earlier one.
///
/// # Errors
/// Why it cannot be used, for the person who typed it.
pub fn promote(tx: &mut Tx, id: &str, code: &str) -> Result<(), &'static str> {
    let session = tx.value(id).clone();
    let typed = |promotion: &Value| promotion.text("code").eq_ignore_ascii_case(code) && promotion.flag("active");
    let found = tx.store().all("promotion_code").map(|record| &record.value).find(|promotion| typed(promotion));
    let promotion = found.cloned().ok_or("This code is not valid.")?;
    let coupon = tx.value(promotion.text("promotion.coupon"));
    let foreign = promotion.at("customer").as_str().is_some_and(|of| of != session.text("customer"));
    let late = promotion.at("expires_at").as_i64().is_some_and(|at| at <= tx.now);
    let used_up = promotion.at("max_redemptions").as_i64().is_some_and(|most| promotion.integer("times_redeemed") >= most);
    let least = promotion.at("restrictions.minimum_amount").as_i64();
    let bought = |record: &crate::store::Record| record.value.at("customer") == session.at("customer") && record.value.flag("paid");
    let first = promotion.flag("restrictions.first_time_transaction");
    if foreign || late || used_up {
        return Err("This code is not valid.");
    }
    if least.is_some_and(|least| session.integer("amount_subtotal") < least) {
        return Err("This code is for a larger order.");
    }
    if first && !session.at("customer").is_null() && tx.store().all("charge").any(bought) {
        return Err("This code is for a first order.");
    }
    if let Some(reason) = refusal(coupon, session.text("currency"), tx.now) {
        return Err(reason);
    }
    let wanted = json!([{ "coupon": coupon.at("id"), "promotion_code": promotion.at("id") }]);
    tx.edit_hidden(id, |hidden| hidden.set("discounts", wanted));
    price(tx, id);
    Ok(())
}
