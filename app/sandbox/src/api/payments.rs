//! Lists of payment intents and charges.

use serde_json::Value;

use crate::error::ApiError;
use crate::form::Params;
use crate::store::Tx;

use super::{CREATED, in_time, list_params, page, same};

/// Payment intents or charges of a customer.
pub fn list(tx: &Tx, params: &Params, kind: &str) -> Result<Value, ApiError> {
    let filters: &[&str] = if kind == "charge" { &["customer", "payment_intent"] } else { &["customer"] };
    list_params(params, &[&CREATED[..], filters].concat())?;
    page(tx, params, kind, &format!("/v1/{kind}s"), |object| {
        same(params, "customer", object, "customer") && same(params, "payment_intent", object, "payment_intent") && in_time(params, object)
    })
}
