//! The addresses under `/v1`. One call runs inside one transaction and answers one JSON object.

pub mod customers;

mod checkout_sessions;
mod events;
mod expand;
mod invoices;
mod payments;
mod prices;
mod products;
mod subscriptions;
mod webhook_endpoints;

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::form::Params;
use crate::json::At;
use crate::store::{Record, Tx};

/// The version whose shapes all answers have.
pub const VERSION: &str = "2026-09-30.endive";

/// Answers the call of `method` on `path`, which starts with `/v1/`.
///
/// # Errors
/// The refusal; what was written before it is up to the caller to undo.
pub fn answer(tx: &mut Tx, method: &str, path: &str, params: &Params) -> Result<Value, ApiError> {
    let segments: Vec<&str> = path.strip_prefix("/v1/").unwrap_or_default().trim_end_matches('/').split('/').collect();
    let answer = match (method, segments.as_slice()) {
        ("POST", ["products"]) => products::create(tx, params),
        ("GET", ["products"]) => products::list(tx, params),
        ("GET", ["products", id]) => retrieve(tx, params, "product", id),
        ("POST", ["products", id]) => products::update(tx, params, id),

        ("POST", ["prices"]) => prices::create(tx, params),
        ("GET", ["prices"]) => prices::list(tx, params),
        ("GET", ["prices", id]) => retrieve(tx, params, "price", id),
        ("POST", ["prices", id]) => prices::update(tx, params, id),

        ("POST", ["customers"]) => customers::create(tx, params),
        ("GET", ["customers"]) => customers::list(tx, params),
        ("GET", ["customers", id]) => retrieve(tx, params, "customer", id),
        ("POST", ["customers", id]) => customers::update(tx, params, id),

        ("POST", ["checkout", "sessions"]) => checkout_sessions::create(tx, params),
        ("GET", ["checkout", "sessions"]) => checkout_sessions::list(tx, params),
        ("GET", ["checkout", "sessions", id]) => retrieve(tx, params, "checkout.session", id),
        ("POST", ["checkout", "sessions", id, "expire"]) => checkout_sessions::expire(tx, params, id),
        ("GET", ["checkout", "sessions", id, "line_items"]) => checkout_sessions::line_items(tx, params, id),

        ("GET", ["subscriptions"]) => subscriptions::list(tx, params),
        ("GET", ["subscriptions", id]) => retrieve(tx, params, "subscription", id),
        ("POST", ["subscriptions", id]) => subscriptions::update(tx, params, id),
        ("DELETE", ["subscriptions", id]) => subscriptions::cancel(tx, params, id),

        ("GET", ["invoices"]) => invoices::list(tx, params),
        ("GET", ["invoices", id]) => retrieve(tx, params, "invoice", id),
        ("GET", ["invoices", id, "lines"]) => invoices::lines(tx, params, id),
        ("GET", ["invoice_payments"]) => invoices::list_payments(tx, params),

        ("GET", ["payment_intents"]) => payments::list(tx, params, "payment_intent"),
        ("GET", ["payment_intents", id]) => retrieve(tx, params, "payment_intent", id),
        ("GET", ["payment_methods", id]) => retrieve(tx, params, "payment_method", id),
        ("GET", ["charges"]) => payments::list(tx, params, "charge"),
        ("GET", ["charges", id]) => retrieve(tx, params, "charge", id),

        ("GET", ["events"]) => events::list(tx, params),
        ("GET", ["events", id]) => retrieve(tx, params, "event", id),

        ("POST", ["webhook_endpoints"]) => webhook_endpoints::create(tx, params),
        ("GET", ["webhook_endpoints"]) => webhook_endpoints::list(tx, params),

        _ => Err(ApiError::unknown_path(method, path)),
    }?;
    expand::apply(tx, answer, params)
}

/// The record with this id and kind, or the 404 that says there is none.
fn found<'t>(tx: &'t Tx, kind: &str, id: &str) -> Result<&'t Record, ApiError> {
    tx.store().record(id).filter(|record| record.kind == kind).ok_or_else(|| ApiError::missing(kind, id))
}

/// The object that a parameter names, or the 400 that says there is none.
fn named<'t>(tx: &'t Tx, kind: &str, id: &str, param: &str) -> Result<&'t Value, ApiError> {
    found(tx, kind, id).map(|record| &record.value).map_err(|_| ApiError::no_such(kind, id, param))
}

fn retrieve(tx: &Tx, params: &Params, kind: &str, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    Ok(found(tx, kind, id)?.value.clone())
}

/// One page of the objects of a kind that `wanted` lets through, newest first.
fn page(tx: &Tx, params: &Params, kind: &str, url: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, ApiError> {
    let limit = params.integer("limit", 1..=100)?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10);
    let cursor = |name: &str| match params.text(name) {
        Some(id) => found(tx, kind, id).map(|record| Some(record.seq)).map_err(|_| ApiError::no_such(kind, id, name)),
        None => Ok(None),
    };
    let (after, before) = (cursor("starting_after")?, cursor("ending_before")?);
    let all = tx.store().all(kind).filter(|record| wanted(&record.value));
    let mut page: Vec<&Value> = match before {
        Some(newer_than) => all.filter(|record| record.seq > newer_than).map(|record| &record.value).take(limit + 1).collect(),
        None => {
            all.rev().filter(|record| after.is_none_or(|after| record.seq < after)).map(|record| &record.value).take(limit + 1).collect()
        }
    };
    let has_more = page.len() > limit;
    page.truncate(limit);
    if before.is_some() {
        page.reverse();
    }
    Ok(json!({ "object": "list", "data": page, "has_more": has_more, "url": url }))
}

/// One page of a list that belongs to an object, in its own order.
fn part(params: &Params, entries: &[Value], url: &str) -> Result<Value, ApiError> {
    params.only(&["limit", "starting_after"])?;
    let limit = params.integer("limit", 1..=100)?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10);
    let start = match params.text("starting_after") {
        Some(id) => {
            entries.iter().position(|entry| entry.text("id") == id).ok_or_else(|| ApiError::no_such("item", id, "starting_after"))? + 1
        }
        None => 0,
    };
    let page: Vec<&Value> = entries.iter().skip(start).take(limit).collect();
    Ok(json!({ "object": "list", "data": page, "has_more": entries.len() > start + page.len(), "url": url }))
}

/// True when the parameter was not sent or says what the object has at `path`.
fn same(params: &Params, name: &str, object: &Value, path: &str) -> bool {
    params.text(name).is_none_or(|wanted| object.text(path) == wanted)
}

/// The parameters of every list, and those in `more`.
fn list_params(params: &Params, more: &[&str]) -> Result<(), ApiError> {
    let paging = ["limit", "starting_after", "ending_before"];
    params.covers("created", 0)?;
    params.only(&[&paging, more].concat())
}

/// The bounds a list may put on `created`.
const CREATED: [&str; 5] = ["created", "created[gt]", "created[gte]", "created[lt]", "created[lte]"];

/// True when the object was created within the bounds the caller put. The bounds were read before, so they are sound.
fn in_time(params: &Params, object: &Value) -> bool {
    params.covers("created", object.integer("created")).unwrap_or_default()
}
