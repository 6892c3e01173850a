//! The addresses under `/v1`. One call runs inside one transaction and answers one JSON object.

pub mod customers;
pub mod webhook_endpoints;

mod change_params;
mod checkout_sessions;
mod coupons;
mod disputes;
mod events;
mod expand;
mod intents;
mod invoice_items;
mod invoices;
mod payment_methods;
mod payments;
mod portal_sessions;
mod previews;
mod prices;
mod products;
mod refunds;
mod schedules;
mod subscriptions;
mod tax_ids;
mod test_clocks;

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
    ("GET", "/v1/customers/{id}", |tx, params, id| customers::retrieve(tx, params, id)),
    ("POST", "/v1/customers/{id}", |tx, params, id| customers::update(tx, params, id)),
    ("DELETE", "/v1/customers/{id}", |tx, params, id| customers::delete(tx, params, id)),
    ("POST", "/v1/customers/{id}/tax_ids", |tx, params, id| tax_ids::create(tx, params, id)),
    ("GET", "/v1/customers/{id}/tax_ids", |tx, params, id| tax_ids::list(tx, params, id)),
    ("GET", "/v1/tax_ids/{id}", |tx, params, id| retrieve(tx, params, "tax_id", id)),
    ("DELETE", "/v1/tax_ids/{id}", |tx, params, id| tax_ids::delete(tx, params, id)),
    ("POST", "/v1/billing_portal/sessions", |tx, params, _| portal_sessions::create(tx, params)),
    ("POST", "/v1/checkout/sessions", |tx, params, _| checkout_sessions::create(tx, params)),
    ("GET", "/v1/checkout/sessions", |tx, params, _| checkout_sessions::list(tx, params)),
    ("GET", "/v1/checkout/sessions/{id}", |tx, params, id| retrieve(tx, params, "checkout.session", id)),
    ("POST", "/v1/checkout/sessions/{id}/expire", |tx, params, id| checkout_sessions::expire(tx, params, id)),
    ("GET", "/v1/checkout/sessions/{id}/line_items", |tx, params, id| checkout_sessions::line_items(tx, params, id)),
    ("GET", "/v1/subscriptions", |tx, params, _| subscriptions::list(tx, params)),
    ("GET", "/v1/subscriptions/{id}", |tx, params, id| retrieve(tx, params, "subscription", id)),
    ("POST", "/v1/subscriptions/{id}", |tx, params, id| subscriptions::update(tx, params, id)),
    ("DELETE", "/v1/subscriptions/{id}", |tx, params, id| subscriptions::cancel(tx, params, id)),
    ("POST", "/v1/subscription_schedules", |tx, params, _| schedules::create(tx, params)),
    ("GET", "/v1/subscription_schedules", |tx, params, _| schedules::list(tx, params)),
    ("GET", "/v1/subscription_schedules/{id}", |tx, params, id| retrieve(tx, params, "subscription_schedule", id)),
    ("POST", "/v1/subscription_schedules/{id}", |tx, params, id| schedules::update(tx, params, id)),
    ("POST", "/v1/subscription_schedules/{id}/release", |tx, params, id| schedules::release(tx, params, id)),
    ("POST", "/v1/subscription_schedules/{id}/cancel", |tx, params, id| schedules::cancel(tx, params, id)),
    ("POST", "/v1/coupons", |tx, params, _| coupons::create(tx, params)),
    ("GET", "/v1/coupons", |tx, params, _| coupons::list(tx, params)),
    ("GET", "/v1/coupons/{id}", |tx, params, id| retrieve(tx, params, "coupon", id)),
    ("POST", "/v1/coupons/{id}", |tx, params, id| coupons::update(tx, params, id)),
    ("DELETE", "/v1/coupons/{id}", |tx, params, id| coupons::delete(tx, params, id)),
    ("POST", "/v1/promotion_codes", |tx, params, _| coupons::create_promotion(tx, params)),
    ("GET", "/v1/promotion_codes", |tx, params, _| coupons::list_promotions(tx, params)),
    ("GET", "/v1/promotion_codes/{id}", |tx, params, id| retrieve(tx, params, "promotion_code", id)),
    ("POST", "/v1/promotion_codes/{id}", |tx, params, id| coupons::update_promotion(tx, params, id)),
    ("POST", "/v1/subscriptions", |tx, params, _| subscriptions::create(tx, params)),
    ("POST", "/v1/invoiceitems", |tx, params, _| invoice_items::create(tx, params)),
    ("DELETE", "/v1/invoiceitems/{id}", |tx, params, id| invoice_items::delete(tx, params, id)),
    ("GET", "/v1/invoiceitems", |tx, params, _| invoice_items::list(tx, params)),
    ("GET", "/v1/invoiceitems/{id}", |tx, params, id| retrieve(tx, params, "invoiceitem", id)),
    ("POST", "/v1/invoices/create_preview", |tx, params, _| previews::create(tx, params)),
    ("GET", "/v1/invoices", |tx, params, _| invoices::list(tx, params)),
    ("GET", "/v1/invoices/{id}", |tx, params, id| retrieve(tx, params, "invoice", id)),
    ("POST", "/v1/invoices", |tx, params, _| invoices::create(tx, params)),
    ("POST", "/v1/invoices/{id}/finalize", |tx, params, id| invoices::finalize(tx, params, id)),
    ("POST", "/v1/invoices/{id}/pay", |tx, params, id| invoices::pay(tx, params, id)),
    ("POST", "/v1/invoices/{id}/void", |tx, params, id| invoices::void(tx, params, id)),
    ("GET", "/v1/invoices/{id}/lines", |tx, params, id| invoices::list_lines(tx, params, id)),
    ("GET", "/v1/invoice_payments", |tx, params, _| invoices::list_payments(tx, params)),
    ("GET", "/v1/payment_intents", |tx, params, _| payments::list(tx, params, "payment_intent")),
    ("GET", "/v1/payment_intents/{id}", |tx, params, id| retrieve(tx, params, "payment_intent", id)),
    ("POST", "/v1/payment_intents", |tx, params, _| intents::create_payment(tx, params)),
    ("POST", "/v1/payment_intents/{id}/confirm", |tx, params, id| intents::confirm_payment(tx, params, id)),
    ("POST", "/v1/payment_intents/{id}/cancel", |tx, params, id| intents::cancel_payment(tx, params, id)),
    ("POST", "/v1/setup_intents", |tx, params, _| intents::create_setup(tx, params)),
    ("GET", "/v1/setup_intents", |tx, params, _| intents::list_setups(tx, params)),
    ("GET", "/v1/setup_intents/{id}", |tx, params, id| retrieve(tx, params, "setup_intent", id)),
    ("POST", "/v1/setup_intents/{id}/confirm", |tx, params, id| intents::confirm_setup(tx, params, id)),
    ("POST", "/v1/setup_intents/{id}/cancel", |tx, params, id| intents::cancel_setup(tx, params, id)),
    ("POST", "/v1/payment_methods", |tx, params, _| payment_methods::create(tx, params)),
    ("GET", "/v1/payment_methods", |tx, params, _| payment_methods::list(tx, params)),
    ("POST", "/v1/payment_methods/{id}", |tx, params, id| payment_methods::update(tx, params, id)),
    ("POST", "/v1/payment_methods/{id}/attach", |tx, params, id| payment_methods::attach(tx, params, id)),
    ("POST", "/v1/payment_methods/{id}/detach", |tx, params, id| payment_methods::detach(tx, params, id)),
    ("GET", "/v1/customers/{id}/payment_methods", |tx, params, id| payment_methods::list_of_customer(tx, params, id)),
    ("GET", "/v1/payment_methods/{id}", |tx, params, id| retrieve(tx, params, "payment_method", id)),
    ("GET", "/v1/charges", |tx, params, _| payments::list(tx, params, "charge")),
    ("GET", "/v1/charges/{id}", |tx, params, id| retrieve(tx, params, "charge", id)),
    ("GET", "/v1/disputes", |tx, params, _| payments::list(tx, params, "dispute")),
    ("GET", "/v1/disputes/{id}", |tx, params, id| retrieve(tx, params, "dispute", id)),
    ("POST", "/v1/disputes/{id}", |tx, params, id| disputes::update(tx, params, id)),
    ("POST", "/v1/disputes/{id}/close", |tx, params, id| disputes::close(tx, params, id)),
    ("POST", "/v1/refunds", |tx, params, _| refunds::create(tx, params)),
    ("GET", "/v1/refunds", |tx, params, _| refunds::list(tx, params)),
    ("GET", "/v1/refunds/{id}", |tx, params, id| retrieve(tx, params, "refund", id)),
    ("POST", "/v1/refunds/{id}", |tx, params, id| refunds::update(tx, params, id)),
    ("POST", "/v1/test_helpers/test_clocks", |tx, params, _| test_clocks::create(tx, params)),
    ("GET", "/v1/test_helpers/test_clocks", |tx, params, _| test_clocks::list(tx, params)),
    ("GET", "/v1/test_helpers/test_clocks/{id}", |tx, params, id| retrieve(tx, params, "test_helpers.test_clock", id)),
    ("POST", "/v1/test_helpers/test_clocks/{id}/advance", |tx, params, id| test_clocks::advance(tx, params, id)),
    ("DELETE", "/v1/test_helpers/test_clocks/{id}", |tx, params, id| test_clocks::delete(tx, params, id)),
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
