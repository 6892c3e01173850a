//! Subscriptions. They begin with a checkout session.

use serde_json::Value;

use crate::billing::subscriptions::{end, is_live, period_end};
use crate::error::ApiError;
use crate::form::Params;
use crate::json::At;
use crate::store::Tx;

use super::{CREATED, found, in_time, list_params, named, page, same};

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

pub fn update(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[
        "cancel_at",
        "cancel_at_period_end",
        "cancellation_details[comment]",
        "cancellation_details[feedback]",
        "default_payment_method",
        "description",
        "metadata[*]",
    ])?;
    let mut subscription = found(tx, "subscription", id)?.value.clone();
    if !is_live(&subscription) && (params.has("cancel_at") || params.has("cancel_at_period_end")) {
        return Err(ApiError::invalid("A canceled subscription can only update its cancellation_details and metadata."));
    }
    let now = tx.now;
    if let Some(at_end) = params.boolean("cancel_at_period_end")? {
        let end = period_end(&subscription);
        plan_end(&mut subscription, at_end.then_some(end), now);
        subscription.set("cancel_at_period_end", at_end);
    }
    if params.has("cancel_at") {
        let at = params.integer("cancel_at", now + 1..=i64::MAX)?;
        plan_end(&mut subscription, at, now);
        subscription.set("cancel_at_period_end", false);
    }
    details(params, &mut subscription)?;
    if let Some(method) = params.text("default_payment_method") {
        let method = named(tx, "payment_method", method, "default_payment_method")?;
        subscription.set("default_payment_method", method.at("id").clone());
    }
    if let Some(description) = params.sent("description") {
        subscription.set("description", Some(description).filter(|text| !text.is_empty()));
    }
    subscription.set("metadata", params.metadata("metadata", subscription.at("metadata"))?);
    tx.update(id, "customer.subscription.updated", |known| *known = subscription);
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
    end(tx, id);
    Ok(tx.value(id).clone())
}

/// Plans the end of the subscription at a moment, or takes such a plan back.
fn plan_end(subscription: &mut Value, at: Option<i64>, now: i64) {
    subscription.set("cancel_at", at);
    subscription.set("canceled_at", at.map(|_| now));
    subscription.set("cancellation_details.reason", at.map(|_| "cancellation_requested"));
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
