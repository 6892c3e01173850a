//! `create_preview`: the invoice that a change, an end or the next renewal would make.

use serde_json::Value;

use crate::billing::changes::{self, Unpaid};
use crate::billing::previews;
use crate::billing::subscriptions::{draft_final, draft_renewal, is_live, period_end};
use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::json::At;
use crate::store::Tx;

use super::{change_params, named, subscriptions};

const ACCEPTED: &[&str] = &[
    "customer",
    "preview_mode",
    "subscription",
    "subscription_details[cancel_at]",
    "subscription_details[cancel_at_period_end]",
    "subscription_details[cancel_now]",
];

/// Where the change stands among the parameters.
const DETAILS: &str = "subscription_details";

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(&[ACCEPTED, change_params::PREVIEW].concat())?;
    params.one_of("preview_mode", &["next"])?;
    previews::look(tx, |tx| drafted(tx, params))
}

/// The draft that shows what comes next.
fn drafted(tx: &mut Tx, params: &Params) -> Result<String, ApiError> {
    let id = params.text("subscription").ok_or_else(|| missing("subscription"))?;
    let before = named(tx, "subscription", id, "subscription")?.clone();
    if params.text("customer").is_some_and(|customer| customer != before.text("customer")) {
        return Err(ApiError::wrong("customer", "The subscription belongs to another customer."));
    }
    if !is_live(&before) {
        return Err(nothing_to_come());
    }
    if params.boolean("subscription_details[cancel_now]")? == Some(true) {
        return Ok(draft_final(tx, id, true));
    }
    let mut base = before.clone();
    subscriptions::plan_end(params, &mut base, DETAILS, tx.now)?;
    let change = change_params::read(tx, params, DETAILS, base.clone(), Unpaid::Made)?;
    if let Some(invoice) = change.and_then(|change| changes::sketch(tx, id, &change)) {
        return Ok(invoice);
    }
    let end = period_end(tx.value(id));
    if base.at("cancel_at").as_i64().is_some_and(|at| at <= end) {
        return Err(nothing_to_come());
    }
    tx.now = end;
    Ok(draft_renewal(tx, id))
}

fn nothing_to_come() -> ApiError {
    ApiError::coded("invoice_upcoming_none", "No upcoming invoices for this subscription.")
}
