//! Answering disputes.

use serde_json::Value;

use crate::billing::disputes;
use crate::error::ApiError;
use crate::form::Params;
use crate::json::At;
use crate::store::Tx;

use super::found;

/// What the bank says to such evidence, as in Stripe's test mode.
const WINNING: &str = "winning_evidence";
const LOSING: &str = "losing_evidence";

/// Answers a dispute, or only notes what to answer.
pub fn update(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["evidence[customer_name]", "evidence[product_description]", "evidence[uncategorized_text]", "metadata[*]", "submit"])?;
    let mut dispute = found(tx, "dispute", id)?.value.clone();
    if !disputes::is_open(&dispute) {
        return Err(ApiError::invalid("The dispute is decided."));
    }
    for field in ["customer_name", "product_description", "uncategorized_text"] {
        if let Some(text) = params.sent(&format!("evidence[{field}]")) {
            dispute.set(&format!("evidence.{field}"), Some(text).filter(|text| !text.is_empty()));
            dispute.set("evidence_details.has_evidence", true);
        }
    }
    dispute.set("metadata", params.metadata("metadata", dispute.at("metadata"))?);
    let evidence = dispute.text("evidence.uncategorized_text").to_owned();
    tx.update(id, "charge.dispute.updated", |known| *known = dispute);
    // Evidence counts at once unless the caller says that more is to come.
    if params.has("evidence") && params.boolean("submit")? != Some(false) {
        disputes::submit(tx, id);
        match evidence.as_str() {
            WINNING => disputes::decide(tx, id, true),
            LOSING => disputes::decide(tx, id, false),
            _ => {}
        }
    }
    Ok(tx.value(id).clone())
}

/// Accepts that a dispute is lost.
pub fn close(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    if !disputes::is_open(&found(tx, "dispute", id)?.value) {
        return Err(ApiError::invalid("The dispute is decided."));
    }
    disputes::decide(tx, id, false);
    Ok(tx.value(id).clone())
}
