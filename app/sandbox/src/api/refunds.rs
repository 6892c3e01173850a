//! Refunds of charges.

use serde_json::Value;

use crate::billing::refunds::{refund, refundable};
use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::json::At;
use crate::money::written;
use crate::store::Tx;

use super::{CREATED, found, in_time, list_params, named, page, same};

const REASONS: &[&str] = &["duplicate", "fraudulent", "requested_by_customer"];

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(&["amount", "charge", "metadata[*]", "payment_intent", "reason"])?;
    let charge = charge(tx, params)?;
    let left = refundable(&charge);
    if !charge.flag("paid") {
        return Err(ApiError::parameter("charge_not_refundable", "charge", "The charge was not paid, so there is nothing to give back."));
    }
    if left == 0 {
        return Err(ApiError::coded("charge_already_refunded", format!("Charge {} has already been refunded.", charge.text("id"))));
    }
    let disputed = |record: &crate::store::Record| record.value.at("charge") == charge.at("id") && record.value.text("status") != "won";
    if tx.store().all("dispute").any(disputed) {
        return Err(ApiError::coded(
            "charge_disputed",
            format!("Charge {} has been charged back; it cannot be refunded.", charge.text("id")),
        ));
    }
    let amount = params.integer("amount", 1..=i64::MAX)?.unwrap_or(left);
    if amount > left {
        let currency = charge.text("currency");
        let (amount, left) = (written(amount, currency), written(left, currency));
        return Err(ApiError::wrong("amount", format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})")));
    }
    let reason = params.one_of("reason", REASONS)?;
    let metadata = params.metadata("metadata", &Value::Null)?;
    let id = refund(tx, charge.text("id"), amount, reason, &metadata);
    Ok(tx.value(&id).clone())
}

/// The charge that is named, or the latest of the payment intent that is.
fn charge(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    match (params.text("charge"), params.text("payment_intent")) {
        (Some(charge), _) => named(tx, "charge", charge, "charge").cloned(),
        (None, Some(intent)) => {
            let latest = named(tx, "payment_intent", intent, "payment_intent")?.text("latest_charge").to_owned();
            let wrong =
                || ApiError::wrong("payment_intent", format!("This PaymentIntent ({intent}) does not have a successful charge to refund."));
            named(tx, "charge", &latest, "payment_intent").cloned().map_err(|_| wrong())
        }
        (None, None) => Err(missing("charge")),
    }
}

pub fn update(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["metadata[*]"])?;
    let metadata = params.metadata("metadata", found(tx, "refund", id)?.value.at("metadata"))?;
    tx.update(id, "refund.updated", |refund| refund.set("metadata", metadata));
    Ok(tx.value(id).clone())
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["charge", "payment_intent"]].concat())?;
    page(tx, params, "refund", "/v1/refunds", |refund| {
        same(params, "charge", refund, "charge") && same(params, "payment_intent", refund, "payment_intent") && in_time(params, refund)
    })
}
