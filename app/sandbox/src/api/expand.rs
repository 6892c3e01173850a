//! `expand[]`: ids replaced by their objects, and lists that are only there when asked for.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::form::Params;
use crate::json::At;
use crate::store::Tx;

const DEEPEST: usize = 4;

/// The answer with everything expanded that the caller asked for.
pub fn apply(tx: &Tx, mut answer: Value, params: &Params) -> Result<Value, ApiError> {
    for path in params.list("expand") {
        let keys: Vec<&str> = path.split('.').collect();
        let depth = keys.iter().filter(|key| **key != "data").count();
        if depth > DEEPEST {
            return Err(refusal(path, "You can expand four levels at most"));
        }
        open(tx, &mut answer, &keys, path)?;
    }
    Ok(answer)
}

fn open(tx: &Tx, place: &mut Value, keys: &[&str], path: &str) -> Result<(), ApiError> {
    let Some((key, rest)) = keys.split_first() else { return Ok(()) };
    match place {
        Value::Null => Ok(()),
        Value::Array(entries) => entries.iter_mut().try_for_each(|entry| open(tx, entry, keys, path)),
        Value::Object(_) => {
            if place.get(*key).is_none() {
                let list = on_request(tx, place, key).ok_or_else(|| refusal(path, "This property cannot be expanded"))?;
                place[*key] = list;
            }
            let child = &mut place[*key];
            let is_id = |entry: &Value| entry.as_str().is_some_and(|id| tx.store().record(id).is_some());
            let ids = child.as_array().is_some_and(|entries| entries.iter().all(|entry| entry.is_object() || is_id(entry)));
            if ids {
                for entry in child.as_array_mut().into_iter().flatten() {
                    become_object(tx, entry);
                }
            } else if is_id(child) {
                become_object(tx, child);
            } else if rest.is_empty() && !(child.is_null() || child.is_object()) {
                return Err(refusal(path, "This property cannot be expanded"));
            }
            open(tx, child, rest, path)
        }
        _ => Err(refusal(path, "This property cannot be expanded")),
    }
}

/// Puts the object in the place of its id.
fn become_object(tx: &Tx, place: &mut Value) {
    if let Some(record) = place.as_str().and_then(|id| tx.store().record(id)) {
        *place = record.value.clone();
    }
}

/// The lists that objects carry only when asked for.
fn on_request(tx: &Tx, object: &Value, key: &str) -> Option<Value> {
    let id = object.text("id");
    let of = |kind: &str, path: &str| {
        tx.store().all(kind).rev().filter(|record| record.value.text(path) == id).map(|record| record.value.clone()).collect::<Vec<_>>()
    };
    let (data, url) = match (object.text("object"), key) {
        ("checkout.session", "line_items") => (tx.hidden(id).entries("items").to_vec(), format!("/v1/checkout/sessions/{id}/line_items")),
        ("invoice", "payments") => (of("invoice_payment", "invoice"), format!("/v1/invoice_payments?invoice={id}")),
        ("customer", "subscriptions") => {
            let live = of("subscription", "customer").into_iter().filter(|subscription| subscription.text("status") != "canceled");
            (live.collect(), format!("/v1/customers/{id}/subscriptions"))
        }
        ("customer", "tax_ids") => (of("tax_id", "customer"), format!("/v1/customers/{id}/tax_ids")),
        ("charge", "refunds") => (of("refund", "charge"), format!("/v1/charges/{id}/refunds")),
        _ => return None,
    };
    Some(json!({ "object": "list", "data": data, "has_more": false, "url": url }))
}

fn refusal(path: &str, why: &str) -> ApiError {
    ApiError::wrong("expand", format!("{why} ({path})."))
}
