//! Subscriptions: made here or by a checkout session, changed, ended.

use serde_json::{Value, json};

use crate::billing::changes::{self, Unpaid};
use crate::billing::payments::verdict_on;
use crate::billing::periods::DAY;
use crate::billing::subscriptions::{Start, end, end_prorated, is_live, period_end, start};
use crate::cards::NO_METHOD;
use crate::error::ApiError;
use crate::form::Params;
use crate::json::At;
use crate::store::Tx;

use super::change_params::{self, inside};
use super::{CREATED, checkout_sessions, found, in_time, list_params, named, page, same};

const STATUSES: &[&str] =
    &["active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid"];
const FEEDBACK: &[&str] =
    &["customer_service", "low_quality", "missing_features", "other", "switched_service", "too_complex", "too_expensive", "unused"];

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["customer", "price", "status"]].concat())?;
    let status = params.one_of("status", STATUSES)?;
    if let Some(customer) = params.text("customer") {
        named(tx, "customer", customer, "customer")?;
    }
    page(tx, params, "subscription", "/v1/subscriptions", |subscription| {
        let has = subscription.text("status");
        let ended = matches!(has, "canceled" | "incomplete_expired");
        let wanted = match status {
            None => !ended,
            Some("all") => true,
            Some("ended") => ended,
            Some(status) => has == status,
        };
        let of_price = |price: &str| subscription.entries("items.data").iter().any(|item| item.text("price.id") == price);
        wanted
            && same(params, "customer", subscription, "customer")
            && params.text("price").is_none_or(of_price)
            && in_time(params, subscription)
    })
}

const CREATE: &[&str] = &[
    "automatic_tax[enabled]",
    "cancel_at",
    "cancel_at_period_end",
    "customer",
    "default_payment_method",
    "description",
    "discounts[][coupon]",
    "discounts[][promotion_code]",
    "items[][metadata][*]",
    "items[][price]",
    "items[][quantity]",
    "metadata[*]",
    "off_session",
    "payment_behavior",
    "trial_end",
    "trial_period_days",
    "trial_settings[end_behavior][missing_payment_method]",
];

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(CREATE)?;
    let customer = named(tx, "customer", params.required("customer")?, "customer")?.text("id").to_owned();
    let unpaid = match params.one_of("payment_behavior", &["allow_incomplete", "default_incomplete", "error_if_incomplete"])? {
        Some("default_incomplete") => return Err(ApiError::wrong("payment_behavior", "The sandbox pays a first invoice at once.")),
        behavior => behavior,
    };
    let items = change_params::new_items(tx, params)?;
    let method = match params.text("default_payment_method") {
        Some(method) => Some(own_method(tx, method, &customer)?),
        None => None,
    };
    let days = params.integer("trial_period_days", 1..=730)?.map(|days| tx.now + days * DAY);
    let trial_end = params.integer("trial_end", tx.now + 1..=tx.now + 730 * DAY)?.or(days);
    let details = json!({
        "description": params.text("description"),
        "metadata": params.metadata("metadata", &Value::Null)?,
        "missing_payment_method": params.one_of("trial_settings[end_behavior][missing_payment_method]", &["cancel", "create_invoice"])?,
        "trial_end": trial_end,
    });
    let discounts = checkout_sessions::discounts(tx, params, items[0].text("price.currency"))?;
    let automatic_tax = params.boolean("automatic_tax[enabled]")?.unwrap_or_default();
    let pays = method.clone().or_else(|| tx.value(&customer).at("invoice_settings.default_payment_method").as_str().map(str::to_owned));
    let (id, invoice) = start(
        tx,
        Start {
            customer: &customer,
            method: method.as_deref(),
            pays: pays.as_deref(),
            items: &items,
            details: &details,
            automatic_tax,
            discounts: &discounts,
            session: None,
            intent: None,
        },
    );
    if unpaid == Some("error_if_incomplete") && tx.value(&invoice).text("status") != "paid" {
        let declined = pays.and_then(|method| verdict_on(tx, &method).err());
        return Err(ApiError::declined(declined.unwrap_or(NO_METHOD)));
    }
    let mut planned = tx.value(&id).clone();
    plan_end(params, &mut planned, "", tx.now)?;
    tx.update(&id, "customer.subscription.updated", |known| *known = planned);
    Ok(tx.value(&id).clone())
}

const UPDATE: &[&str] = &[
    "cancel_at",
    "cancel_at_period_end",
    "cancellation_details[comment]",
    "cancellation_details[feedback]",
    "default_payment_method",
    "description",
    "metadata[*]",
    "off_session",
    "payment_behavior",
    "trial_settings[end_behavior][missing_payment_method]",
];

pub fn update(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[UPDATE, change_params::UPDATE].concat())?;
    let before = found(tx, "subscription", id)?.value.clone();
    let mut subscription = before.clone();
    let unpaid = payment_behavior(params)?;
    params.boolean("off_session")?;
    plan_end(params, &mut subscription, "", tx.now)?;
    details(params, &mut subscription)?;
    if let Some(method) = params.text("default_payment_method") {
        let method = own_method(tx, method, subscription.text("customer"))?;
        subscription.set("default_payment_method", method);
    }
    if let Some(description) = params.sent("description") {
        subscription.set("description", Some(description).filter(|text| !text.is_empty()));
    }
    let behavior = "trial_settings[end_behavior][missing_payment_method]";
    if let Some(behavior) = params.one_of(behavior, &["cancel", "create_invoice"])? {
        subscription.set("trial_settings.end_behavior.missing_payment_method", behavior);
    }
    subscription.set("metadata", params.metadata("metadata", subscription.at("metadata"))?);
    if unpaid == Unpaid::Waits && subscription != before {
        return Err(ApiError::wrong("payment_behavior", "With `pending_if_incomplete` nothing can change but what is paid for."));
    }
    if let Some(change) = change_params::read(tx, params, "", subscription.clone(), unpaid)? {
        changes::apply(tx, id, &change).map_err(ApiError::declined)?;
    } else {
        tx.update(id, "customer.subscription.updated", |known| *known = subscription);
    }
    Ok(tx.value(id).clone())
}

pub fn cancel(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["cancellation_details[comment]", "cancellation_details[feedback]", "invoice_now", "prorate"])?;
    let mut subscription = found(tx, "subscription", id)?.value.clone();
    if matches!(subscription.text("status"), "canceled" | "incomplete_expired") {
        return Err(ApiError::missing("subscription", id));
    }
    details(params, &mut subscription)?;
    tx.edit(id, |known| *known = subscription);
    let (prorate, invoice_now) = (params.boolean("prorate")? == Some(true), params.boolean("invoice_now")? == Some(true));
    if prorate || invoice_now {
        end_prorated(tx, id, prorate, invoice_now);
    } else {
        end(tx, id);
    }
    Ok(tx.value(id).clone())
}

/// A payment method that belongs to the customer who is to pay with it.
fn own_method(tx: &Tx, id: &str, customer: &str) -> Result<String, ApiError> {
    let method = named(tx, "payment_method", id, "default_payment_method")?;
    if method.text("customer") != customer {
        return Err(ApiError::wrong("default_payment_method", "The payment method does not belong to the subscription's customer."));
    }
    Ok(id.to_owned())
}

fn payment_behavior(params: &Params) -> Result<Unpaid, ApiError> {
    let choices = ["allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"];
    Ok(match params.one_of("payment_behavior", &choices)? {
        Some("default_incomplete") => Unpaid::Untried,
        Some("error_if_incomplete") => Unpaid::Refused,
        Some("pending_if_incomplete") => Unpaid::Waits,
        _ => Unpaid::Made,
    })
}

/// Plans the end of the subscription, or takes such a plan back, as the parameters inside `prefix` say.
pub fn plan_end(params: &Params, subscription: &mut Value, prefix: &str, now: i64) -> Result<(), ApiError> {
    let (at_end, at) = (inside(prefix, "cancel_at_period_end"), inside(prefix, "cancel_at"));
    if !params.has(&at_end) && !params.has(&at) {
        return Ok(());
    }
    if !is_live(subscription) {
        return Err(ApiError::invalid("A canceled subscription can only update its cancellation_details and metadata."));
    }
    if let Some(schedule) = subscription.at("schedule").as_str() {
        let message =
            format!("The subscription is managed by the subscription schedule `{schedule}`, and its end cannot be changed beside that.");
        return Err(ApiError::invalid(message));
    }
    if params.has(&at_end) && params.has(&at) {
        return Err(ApiError::wrong("cancel_at", "`cancel_at` and `cancel_at_period_end` exclude each other."));
    }
    let period_end = period_end(subscription);
    let wanted = params.boolean(&at_end)?;
    let moment = match params.text(&at) {
        Some("min_period_end" | "max_period_end") => Some(period_end),
        _ if wanted == Some(true) => Some(period_end),
        _ => params.integer(&at, now + 1..=i64::MAX)?,
    };
    subscription.set("cancel_at_period_end", wanted == Some(true));
    subscription.set("cancel_at", moment);
    subscription.set("canceled_at", moment.map(|_| now));
    subscription.set("cancellation_details.reason", moment.map(|_| "cancellation_requested"));
    Ok(())
}

fn details(params: &Params, subscription: &mut Value) -> Result<(), ApiError> {
    if let Some(comment) = params.sent("cancellation_details[comment]") {
        subscription.set("cancellation_details.comment", Some(comment).filter(|text| !text.is_empty()));
    }
    if params.sent("cancellation_details[feedback]").is_some() {
        subscription.set("cancellation_details.feedback", params.one_of("cancellation_details[feedback]", FEEDBACK)?);
    }
    Ok(())
}
