//! Invoices, and the payments made on them.

use serde_json::Value;

use crate::error::ApiError;
use crate::form::Params;
use crate::json::At;
use crate::store::Tx;

use super::{CREATED, found, in_time, list_params, named, page, part, same};

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["collection_method", "customer", "status", "subscription"]].concat())?;
    params.one_of("status", &["draft", "open", "paid", "uncollectible", "void"])?;
    for kind in ["customer", "subscription"] {
        if let Some(id) = params.text(kind) {
            named(tx, kind, id, kind)?;
        }
    }
    page(tx, params, "invoice", "/v1/invoices", |invoice| {
        same(params, "customer", invoice, "customer")
            && same(params, "status", invoice, "status")
            && same(params, "collection_method", invoice, "collection_method")
            && same(params, "subscription", invoice, "parent.subscription_details.subscription")
            && in_time(params, invoice)
    })
}

pub fn lines(tx: &Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    part(params, found(tx, "invoice", id)?.value.entries("lines.data"), &format!("/v1/invoices/{id}/lines"))
}

pub fn list_payments(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["invoice", "payment[payment_intent]", "payment[type]", "status"]].concat())?;
    params.one_of("status", &["canceled", "open", "paid"])?;
    page(tx, params, "invoice_payment", "/v1/invoice_payments", |payment| {
        same(params, "invoice", payment, "invoice")
            && same(params, "status", payment, "status")
            && same(params, "payment[type]", payment, "payment.type")
            && same(params, "payment[payment_intent]", payment, "payment.payment_intent")
            && in_time(params, payment)
    })
}
