//! The addresses under `/v1`. One call runs inside one transaction and answers one JSON object.

pub mod customers;
pub mod webhook_endpoints;

mod checkout_sessions;
mod events;
mod expand;
mod invoices;
mod payments;
mod prices;
mod products;
mod subscriptions;

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::form::Params;
use crate::json::At;
use crate::store::{Record, Tx};

/// The version whose shapes all answers have.
pub const VERSION: &str = "2026-09-30.endive";

/// Answers one call with the id in its path, if there is one.
type Answer = fn(&mut Tx, &Params, &str) -> Result<Value, ApiError>;

/// Every address: method, path, and who answers.
#[rustfmt::skip]
const ENDPOINTS: &[(&str, &str, Answer)] = &[
    ("POST", "/v1/products", |tx, params, _| products::create(tx, params)),
    ("GET", "/v1/products", |tx, params, _| products::list(tx, params)),
    ("GET", "/v1/products/{id}", |tx, params, id| retrieve(tx, params, "product", id)),
    ("POST", "/v1/products/{id}", |tx, params, id| products::update(tx, params, id)),
    ("POST", "/v1/prices", |tx, params, _| prices::create(tx, params)),
    ("GET", "/v1/prices", |tx, params, _| prices::list(tx, params)),
    ("GET", "/v1/prices/{id}", |tx, params, id| retrieve(tx, params, "price", id)),
    ("POST", "/v1/prices/{id}", |tx, params, id| prices::update(tx, params, id)),
    ("POST", "/v1/customers", |tx, params, _| customers::create(tx, params)),
    ("GET", "/v1/customers", |tx, params, _| customers::list(tx, params)),
    ("GET", "/v1/customers/{id}", |tx, params, id| retrieve(tx, params, "customer", id)),
    ("POST", "/v1/customers/{id}", |tx, params, id| customers::update(tx, params, id)),
    ("POST", "/v1/checkout/sessions", |tx, params, _| checkout_sessions::create(tx, params)),
    ("GET", "/v1/checkout/sessions", |tx, params, _| checkout_sessions::list(tx, params)),
    ("GET", "/v1/checkout/sessions/{id}", |tx, params, id| retrieve(tx, params, "checkout.session", id)),
    ("POST", "/v1/checkout/sessions/{id}/expire", |tx, params, id| checkout_sessions::expire(tx, params, id)),
    ("GET", "/v1/checkout/sessions/{id}/line_items", |tx, params, id| checkout_sessions::line_items(tx, params, id)),
    ("GET", "/v1/subscriptions", |tx, params, _| subscriptions::list(tx, params)),
    ("GET", "/v1/subscriptions/{id}", |tx, params, id| retrieve(tx, params, "subscription", id)),
    ("POST", "/v1/subscriptions/{id}", |tx, params, id| subscriptions::update(tx, params, id)),
    ("DELETE", "/v1/subscriptions/{id}", |tx, params, id| subscriptions::cancel(tx, params, id)),
    ("GET", "/v1/invoices", |tx, params, _| invoices::list(tx, params)),
    ("GET", "/v1/invoices/{id}", |tx, params, id| retrieve(tx, params, "invoice", id)),
    ("GET", "/v1/invoices/{id}/lines", |tx, params, id| invoices::lines(tx, params, id)),
    ("GET", "/v1/invoice_payments", |tx, params, _| invoices::list_payments(tx, params)),
    ("GET", "/v1/payment_intents", |tx, params, _| payments::list(tx, params, "payment_intent")),
    ("GET", "/v1/payment_intents/{id}", |tx, params, id| retrieve(tx, params, "payment_intent", id)),
    ("GET", "/v1/payment_methods/{id}", |tx, params, id| retrieve(tx, params, "payment_method", id)),
    ("GET", "/v1/charges", |tx, params, _| payments::list(tx, params, "charge")),
    ("GET", "/v1/charges/{id}", |tx, params, id| retrieve(tx, params, "charge", id)),
    ("GET", "/v1/disputes", |tx, params, _| payments::list(tx, params, "dispute")),
    ("GET", "/v1/disputes/{id}", |tx, params, id| retrieve(tx, params, "dispute", id)),
    ("GET", "/v1/events", |tx, params, _| events::list(tx, params)),
    ("GET", "/v1/events/{id}", |tx, params, id| retrieve(tx, params, "event", id)),
    ("POST", "/v1/webhook_endpoints", |tx, params, _| webhook_endpoints::create(tx, params)),
    ("GET", "/v1/webhook_endpoints", |tx, params, _| webhook_endpoints::list(tx, params)),
];

/// The methods and paths there are.
pub fn endpoints() -> impl Iterator<Item = (&'static str, &'static str)> {
    ENDPOINTS.iter().map(|(method, path, _)| (*method, *path))
}

/// Answers the call of `method` on `path`, which starts with `/v1/`.
///
/// # Errors
/// The refusal; what was written before it is up to the caller to undo.
pub fn answer(tx: &mut Tx, method: &str, path: &str, params: &Params) -> Result<Value, ApiError> {
    let mut of_method = ENDPOINTS.iter().filter(|(known, _, _)| *known == method);
    let found = of_method.find_map(|(_, template, answer)| Some((answer, id_in(path.trim_end_matches('/'), template)?)));
    let (answer, id) = found.ok_or_else(|| ApiError::unknown_path(method, path))?;
    let answer = answer(tx, params, id)?;
    expand::apply(tx, answer, params)
}

/// What stands for `{id}` in a path that fits the template; empty where the template has none.
fn id_in<'p>(path: &'p str, template: &str) -> Option<&'p str> {
    let (mut parts, mut id) = (path.split('/'), "");
    for expected in template.split('/') {
        let part = parts.next()?;
        if expected == "{id}" {
            id = part;
        } else if part != expected {
            return None;
        }
    }
    parts.next().is_none().then_some(id)
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
