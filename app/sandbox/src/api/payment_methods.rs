//! Payment methods: cards, taken down, attached to customers and detached again.

use serde_json::{Value, json};

use crate::billing::payments;
use crate::cards::Card;
use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::json::At;
use crate::store::Tx;

use super::{found, list_params, named, page, same};

const DETAILS: &[&str] = &[
    "billing_details[address][city]",
    "billing_details[address][country]",
    "billing_details[address][line1]",
    "billing_details[address][line2]",
    "billing_details[address][postal_code]",
    "billing_details[address][state]",
    "billing_details[email]",
    "billing_details[name]",
    "billing_details[phone]",
    "metadata[*]",
];
const CARD: &[&str] = &["card[cvc]", "card[exp_month]", "card[exp_year]", "card[number]", "card[token]", "type"];

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(&[CARD, DETAILS].concat())?;
    params.one_of("type", &["card"])?.ok_or_else(|| missing("type"))?;
    let card = card(params, tx.now)?;
    let id = payments::add_card(tx, &card);
    let method = fill(params, tx.value(&id).clone())?;
    tx.edit(&id, |known| *known = method);
    Ok(tx.value(&id).clone())
}

pub fn update(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(DETAILS)?;
    let method = fill(params, found(tx, "payment_method", id)?.value.clone())?;
    tx.update(id, "payment_method.updated", |known| *known = method);
    Ok(tx.value(id).clone())
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &["customer", "type"])?;
    if let Some(customer) = params.text("customer") {
        named(tx, "customer", customer, "customer")?;
    }
    page(tx, params, "payment_method", "/v1/payment_methods", |method| {
        !method.at("customer").is_null() && same(params, "customer", method, "customer") && same(params, "type", method, "type")
    })
}

pub fn list_of_customer(tx: &Tx, params: &Params, customer: &str) -> Result<Value, ApiError> {
    list_params(params, &["type"])?;
    found(tx, "customer", customer)?;
    page(tx, params, "payment_method", &format!("/v1/customers/{customer}/payment_methods"), |method| {
        method.text("customer") == customer && same(params, "type", method, "type")
    })
}

pub fn attach(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["customer"])?;
    let customer = named(tx, "customer", params.required("customer")?, "customer")?.text("id").to_owned();
    let id = taken(tx, id).ok_or_else(|| ApiError::missing("payment_method", id))?;
    if tx.value(&id).text("customer") == customer {
        return Ok(tx.value(&id).clone());
    }
    if !tx.value(&id).at("customer").is_null() {
        let message = "This payment method has already been attached to a customer.";
        return Err(ApiError::coded("payment_method_unexpected_state", message));
    }
    payments::verdict_on_saving(tx, &id).map_err(ApiError::declined)?;
    payments::save_card(tx, &id, &customer);
    Ok(tx.value(&id).clone())
}

pub fn detach(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    let customer = found(tx, "payment_method", id)?.value.text("customer").to_owned();
    if customer.is_empty() {
        let message = "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(ApiError::coded("payment_method_unexpected_state", message));
    }
    tx.update(id, "payment_method.detached", |method| method.set("customer", Value::Null));
    let field = "invoice_settings.default_payment_method";
    if tx.value(&customer).text(field) == id {
        tx.update(&customer, "customer.updated", |customer| customer.set(field, Value::Null));
    }
    let pays: Vec<String> = tx
        .store()
        .all("subscription")
        .filter(|record| record.value.text("default_payment_method") == id)
        .map(|record| record.id.clone())
        .collect();
    for subscription in pays {
        tx.update(&subscription, "customer.subscription.updated", |subscription| subscription.set("default_payment_method", Value::Null));
    }
    Ok(tx.value(id).clone())
}

/// The stored payment method with this id; one of Stripe's names for test cards makes a new one.
pub fn taken(tx: &mut Tx, id: &str) -> Option<String> {
    if let Some(card) = Card::named(id) {
        return Some(payments::add_card(tx, &card));
    }
    tx.store().record(id).filter(|record| record.kind == "payment_method").map(|record| record.id.clone())
}

fn card(params: &Params, now: i64) -> Result<Card, ApiError> {
    if let Some(token) = params.text("card[token]") {
        return Card::named(token).ok_or_else(|| ApiError::no_such("token", token, "card[token]"));
    }
    let number = params.required("card[number]")?;
    let month = params.integer("card[exp_month]", 1..=12)?.ok_or_else(|| missing("card[exp_month]"))?;
    let year = params.integer("card[exp_year]", 0..=2_099)?.ok_or_else(|| missing("card[exp_year]"))?;
    let cvc = params.text("card[cvc]").unwrap_or("123");
    Card::read(number, &format!("{month:02}/{year:02}"), cvc, now).map_err(|errors| match errors {
        errors if errors.number.is_some() => ApiError::card("incorrect_number", "number", "Your card number is incorrect."),
        errors if errors.expiry.is_some() => ApiError::card("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid."),
        _ => ApiError::card("invalid_cvc", "cvc", "Your card's security code is invalid."),
    })
}

fn fill(params: &Params, mut method: Value) -> Result<Value, ApiError> {
    for field in ["email", "name", "phone"] {
        if let Some(value) = params.sent(&format!("billing_details[{field}]")) {
            method.set(&format!("billing_details.{field}"), Some(value).filter(|value| !value.is_empty()));
        }
    }
    if params.has("billing_details[address]") {
        method.set("billing_details.address", params.address("billing_details[address]"));
    }
    method.set("metadata", params.metadata("metadata", method.at("metadata"))?);
    Ok(method)
}

/// The payment method that a parameter names, if it does; one of a customer's must be this customer's.
pub fn given(tx: &mut Tx, params: &Params, customer: &Value) -> Result<Option<String>, ApiError> {
    let Some(id) = params.text("payment_method") else { return Ok(None) };
    let method = taken(tx, id).ok_or_else(|| ApiError::no_such("payment_method", id, "payment_method"))?;
    let owner = tx.value(&method).at("customer");
    if !owner.is_null() && owner != customer {
        return Err(ApiError::wrong("payment_method", "The payment method belongs to another customer."));
    }
    Ok(Some(method))
}

/// The automatic choice of payment methods, as intents show it.
pub fn automatic(params: &Params) -> Result<Value, ApiError> {
    let redirects = params.one_of("automatic_payment_methods[allow_redirects]", &["always", "never"])?;
    match params.boolean("automatic_payment_methods[enabled]")? {
        Some(true) => Ok(json!({ "allow_redirects": redirects.unwrap_or("always"), "enabled": true })),
        _ => Ok(Value::Null),
    }
}
