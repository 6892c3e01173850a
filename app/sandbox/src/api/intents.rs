//! Payment intents and setup intents: made, confirmed with a card, cancelled.

use serde_json::Value;

use crate::billing::payments::{self, Payment, verdict_on, verdict_on_saving};
use crate::billing::{debits, invoices, wallets};
use crate::cards::ACTION_REQUIRED;
use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::json::At;
use crate::store::Tx;

use super::{CREATED, found, in_time, list_params, named, page, payment_methods, same};

const PAYMENT: &[&str] = &[
    "amount",
    "automatic_payment_methods[allow_redirects]",
    "automatic_payment_methods[enabled]",
    "confirm",
    "currency",
    "customer",
    "description",
    "metadata[*]",
    "off_session",
    "payment_method",
    "payment_method_types[]",
    "receipt_email",
    "return_url",
    "setup_future_usage",
];
const SETUP: &[&str] = &[
    "automatic_payment_methods[allow_redirects]",
    "automatic_payment_methods[enabled]",
    "confirm",
    "customer",
    "description",
    "metadata[*]",
    "payment_method",
    "payment_method_types[]",
    "return_url",
    "usage",
];
/// 99,999,999 in the smallest unit is the most Stripe takes.
const HIGHEST: i64 = 99_999_999;

pub fn create_payment(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(PAYMENT)?;
    let amount = params.integer("amount", 1..=HIGHEST)?.ok_or_else(|| missing("amount"))?;
    let currency = params.currency("currency")?.ok_or_else(|| missing("currency"))?;
    let customer = customer(tx, params)?;
    let details = serde_json::json!({
        "description": params.text("description"),
        "metadata": params.metadata("metadata", &Value::Null)?,
        "receipt_email": params.text("receipt_email"),
        "setup_future_usage": params.one_of("setup_future_usage", &["off_session", "on_session"])?,
    });
    let method = payment_methods::given(tx, params, &customer.clone().into())?;
    let automatic = payment_methods::automatic(params)?;
    let payment = Payment { amount, currency: &currency, customer: customer.as_deref(), description: None, details };
    let id = payments::open(tx, &payment);
    tx.edit(&id, |intent| {
        intent.set("automatic_payment_methods", automatic);
        if let Some(method) = &method {
            intent.set("payment_method", method.as_str());
            intent.set("status", "requires_confirmation");
        }
    });
    if params.boolean("confirm")? == Some(true) {
        return charge(tx, &id, method);
    }
    Ok(tx.value(&id).clone())
}

pub fn confirm_payment(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["off_session", "payment_method", "return_url", "setup_future_usage"])?;
    let intent = found(tx, "payment_intent", id)?.value.clone();
    unfinished("payment_intent_unexpected_state", &intent)?;
    let method = payment_methods::given(tx, params, intent.at("customer"))?;
    let method = method.or_else(|| intent.at("payment_method").as_str().map(str::to_owned));
    let Some(invoice) = invoices::of_intent(tx, id) else { return charge(tx, id, method) };
    match invoices::pay(tx, &invoice, method.as_deref(), None) {
        Ok(()) | Err(ACTION_REQUIRED) => Ok(tx.value(id).clone()),
        Err(decline) => Err(ApiError::declined(decline).kept().about("payment_intent", tx.value(id))),
    }
}

pub fn cancel_payment(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["cancellation_reason"])?;
    let reason = params.one_of("cancellation_reason", &["abandoned", "duplicate", "fraudulent", "requested_by_customer"])?;
    let intent = found(tx, "payment_intent", id)?.value.clone();
    unfinished("payment_intent_unexpected_state", &intent)?;
    if invoices::of_intent(tx, id).is_some() {
        let message = "You cannot cancel a PaymentIntent that an invoice created; void the invoice instead.";
        return Err(ApiError::coded("payment_intent_unexpected_state", message));
    }
    payments::cancel(tx, id, reason.unwrap_or("requested_by_customer"));
    Ok(tx.value(id).clone())
}

pub fn create_setup(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(SETUP)?;
    let customer = customer(tx, params)?;
    let usage = params.one_of("usage", &["off_session", "on_session"])?.unwrap_or("off_session");
    let metadata = params.metadata("metadata", &Value::Null)?;
    let method = payment_methods::given(tx, params, &customer.clone().into())?;
    let automatic = payment_methods::automatic(params)?;
    let id = wallets::open_setup(tx, customer.as_deref(), usage, &metadata);
    tx.edit(&id, |intent| {
        intent.set("automatic_payment_methods", automatic);
        intent.set("description", params.text("description"));
        if let Some(method) = &method {
            intent.set("payment_method", method.as_str());
            intent.set("status", "requires_confirmation");
        }
    });
    if params.boolean("confirm")? == Some(true) {
        return save(tx, &id, method);
    }
    Ok(tx.value(&id).clone())
}

pub fn confirm_setup(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["payment_method", "return_url"])?;
    let intent = found(tx, "setup_intent", id)?.value.clone();
    unfinished("setup_intent_unexpected_state", &intent)?;
    let method = payment_methods::given(tx, params, intent.at("customer"))?;
    save(tx, id, method.or_else(|| intent.at("payment_method").as_str().map(str::to_owned)))
}

pub fn cancel_setup(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["cancellation_reason"])?;
    let reason = params.one_of("cancellation_reason", &["abandoned", "duplicate", "requested_by_customer"])?;
    unfinished("setup_intent_unexpected_state", &found(tx, "setup_intent", id)?.value)?;
    tx.edit(id, |intent| {
        intent.set("cancellation_reason", reason);
        intent.set("next_action", Value::Null);
        intent.set("status", "canceled");
    });
    tx.emit("setup_intent.canceled", id);
    Ok(tx.value(id).clone())
}

pub fn list_setups(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["customer", "payment_method"]].concat())?;
    page(tx, params, "setup_intent", "/v1/setup_intents", |intent| {
        same(params, "customer", intent, "customer") && same(params, "payment_method", intent, "payment_method") && in_time(params, intent)
    })
}

fn customer(tx: &Tx, params: &Params) -> Result<Option<String>, ApiError> {
    let Some(customer) = params.text("customer") else { return Ok(None) };
    Ok(Some(named(tx, "customer", customer, "customer")?.text("id").to_owned()))
}

fn unfinished(code: &'static str, intent: &Value) -> Result<(), ApiError> {
    match intent.text("status") {
        status @ ("succeeded" | "canceled" | "processing") => {
            Err(ApiError::coded(code, format!("This intent is {status}; nothing about it can change any more.")))
        }
        _ => Ok(()),
    }
}

/// Charges a payment intent with a card.
fn charge(tx: &mut Tx, id: &str, method: Option<String>) -> Result<Value, ApiError> {
    let method = method.ok_or_else(|| {
        ApiError::coded("payment_intent_unexpected_state", "You cannot confirm this PaymentIntent because it's missing a payment method.")
    })?;
    let unsaved = tx.value(&method).at("customer").is_null();
    let verdict = if unsaved { verdict_on_saving(tx, &method) } else { Ok(()) };
    if let Err(decline) = verdict.and_then(|()| verdict_on(tx, &method)) {
        let method = tx.value(&method).clone();
        payments::fail(tx, id, &method, decline);
        return Err(ApiError::declined(decline).kept().about("payment_intent", tx.value(id)));
    }
    debits::charge(tx, id, &method);
    let intent = tx.value(id).clone();
    if let (true, false, Some(customer)) = (unsaved, intent.at("setup_future_usage").is_null(), intent.at("customer").as_str()) {
        payments::save_card(tx, &method, customer);
    }
    Ok(tx.value(id).clone())
}

/// Saves the card of a setup intent.
fn save(tx: &mut Tx, id: &str, method: Option<String>) -> Result<Value, ApiError> {
    let method = method.ok_or_else(|| {
        ApiError::coded("setup_intent_unexpected_state", "You cannot confirm this SetupIntent because it's missing a payment method.")
    })?;
    if let Err(decline) = verdict_on_saving(tx, &method) {
        let method = tx.value(&method).clone();
        wallets::fail_setup(tx, id, decline, &method);
        return Err(ApiError::declined(decline).kept().about("setup_intent", tx.value(id)));
    }
    wallets::succeed_setup(tx, id, &method);
    Ok(tx.value(id).clone())
}
