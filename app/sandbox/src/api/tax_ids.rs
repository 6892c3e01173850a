//! Tax ids of customers.

use serde_json::{Value, json};

use crate::billing::tax_ids;
use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::json::At;
use crate::store::Tx;

use super::{found, list_params, page};

pub fn create(tx: &mut Tx, params: &Params, customer: &str) -> Result<Value, ApiError> {
    params.only(&["type", "value"])?;
    found(tx, "customer", customer)?;
    let kind = params.one_of("type", &tax_ids::KINDS)?.ok_or_else(|| missing("type"))?;
    let value = params.required("value")?;
    if value.len() > 30 || !value.chars().all(|letter| letter.is_ascii_alphanumeric() || " .-".contains(letter)) {
        return Err(ApiError::parameter("tax_id_invalid", "value", format!("Invalid value for {kind}.")));
    }
    let id = tax_ids::add(tx, customer, kind, value);
    Ok(tx.value(&id).clone())
}

pub fn list(tx: &Tx, params: &Params, customer: &str) -> Result<Value, ApiError> {
    list_params(params, &[])?;
    found(tx, "customer", customer)?;
    page(tx, params, "tax_id", &format!("/v1/customers/{customer}/tax_ids"), |tax_id| tax_id.text("customer") == customer)
}

pub fn delete(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    found(tx, "tax_id", id)?;
    tax_ids::remove(tx, id);
    Ok(json!({ "id": id, "object": "tax_id", "deleted": true }))
}
