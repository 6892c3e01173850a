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
            if let Some(record) = child.as_str().and_then(|id| tx.store().record(id)) {
                *child = record.value.clone();
            } else if rest.is_empty() && !(child.is_null() || child.is_object()) {
                return Err(refusal(path, "This property cannot be expanded"));
            }
            open(tx, child, rest, path)
        }
        _ => Err(refusal(path, "This property cannot be expanded")),
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
        ("customer", "tax_ids") => (Vec::new(), format!("/v1/customers/{id}/tax_ids")),
        ("charge", "refunds") => (Vec::new(), format!("/v1/charges/{id}/refunds")),
        _ => return None,
    };
    Some(json!({ "object": "list", "data": data, "has_more": false, "url": url }))
}

fn refusal(path: &str, why: &str) -> ApiError {
    ApiError::wrong("expand", format!("{why} ({path})."))
}
