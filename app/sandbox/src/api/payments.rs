//! Lists of payment intents, charges and disputes.

use serde_json::Value;

use crate::error::ApiError;
use crate::form::Params;
use crate::store::Tx;

use super::{CREATED, in_time, list_params, page, same};

/// Payment intents or charges of a customer, or disputes of a charge.
pub fn list(tx: &Tx, params: &Params, kind: &str) -> Result<Value, ApiError> {
    let filters: &[&str] = match kind {
        "charge" => &["customer", "payment_intent"],
        "dispute" => &["charge", "payment_intent"],
        _ => &["customer"],
    };
    list_params(params, &[&CREATED[..], filters].concat())?;
    page(tx, params, kind, &format!("/v1/{kind}s"), |object| {
        ["charge", "customer", "payment_intent"].iter().all(|field| same(params, field, object, field)) && in_time(params, object)
    })
}
