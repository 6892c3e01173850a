//! Invoices, how they are paid or voided, and the payments made on them.

use serde_json::Value;

use crate::billing::invoices::{self, Draft};
use crate::billing::lines;
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

/// Drafts an invoice by hand, of what waits for the customer's next one unless it is to be empty.
pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    let accepted =
        ["auto_advance", "automatic_tax[enabled]", "currency", "customer", "description", "metadata[*]", "pending_invoice_items_behavior"];
    params.only(&accepted)?;
    let customer = named(tx, "customer", params.required("customer")?, "customer")?.clone();
    let known = customer.at("currency").as_str().map(str::to_owned);
    let currency = params.currency("currency")?.or(known).unwrap_or_else(|| "usd".to_owned());
    let includes = params.one_of("pending_invoice_items_behavior", &["exclude", "include"])? == Some("include");
    let waits = |item: &&Value| {
        item.at("invoice").is_null()
            && item.at("customer") == customer.at("id")
            && item.text("currency") == currency
            && item.at("parent").is_null()
    };
    let pending = tx.store().all("invoiceitem").map(|record| &record.value).filter(|item| includes && waits(item)).map(lines::of_item);
    let (pending, now) = (pending.collect(), tx.now);
    let draft = Draft {
        customer: customer.text("id"),
        currency: &currency,
        reason: "manual",
        subscription: None,
        lines: pending,
        period: (now, now),
        description: params.text("description"),
        metadata: params.metadata("metadata", &Value::Null)?,
        discounts: Vec::new(),
        automatic_tax: params.boolean("automatic_tax[enabled]")?.unwrap_or_default(),
    };
    let id = invoices::draft(tx, draft);
    let advance = params.boolean("auto_advance")?.unwrap_or_default();
    tx.edit(&id, |invoice| invoice.set("auto_advance", advance));
    tx.emit("invoice.created", &id);
    Ok(tx.value(&id).clone())
}

pub fn finalize(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["auto_advance"])?;
    let status = found(tx, "invoice", id)?.value.text("status");
    if status != "draft" {
        return Err(ApiError::coded("invoice_not_editable", format!("Only drafts can be finalized; this invoice is {status}.")));
    }
    invoices::finalize(tx, id);
    if tx.value(id).integer("amount_due") == 0 {
        invoices::settle_outside(tx, id);
    }
    Ok(tx.value(id).clone())
}

/// Tries to pay an open invoice now, with the given card or the one that usually pays.
pub fn pay(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["forgive", "off_session", "paid_out_of_band", "payment_method"])?;
    let invoice = found(tx, "invoice", id)?.value.clone();
    match invoice.text("status") {
        "open" => {}
        "paid" => return Err(ApiError::invalid("Invoice is already paid")),
        status => {
            let message = format!("This invoice is {status}; only open invoices can be paid.");
            return Err(ApiError::coded("invoice_not_editable", message));
        }
    }
    if params.boolean("paid_out_of_band")? == Some(true) {
        invoices::settle_outside(tx, id);
        return Ok(tx.value(id).clone());
    }
    let method = match params.text("payment_method") {
        Some(method) => {
            let method = named(tx, "payment_method", method, "payment_method")?;
            if method.at("customer") != invoice.at("customer") {
                return Err(ApiError::wrong("payment_method", "The payment method belongs to another customer."));
            }
            Some(method.text("id").to_owned())
        }
        None => invoices::payer(tx, &invoice),
    };
    // A refused attempt stays on record: its refusal is an answer, not an undoing.
    match invoices::pay(tx, id, method.as_deref(), None) {
        Ok(()) => Ok(tx.value(id).clone()),
        Err(decline) => Err(ApiError::declined(decline).kept()),
    }
}

/// Nobody has to pay an open invoice any more.
pub fn void(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    let status = found(tx, "invoice", id)?.value.text("status");
    if !matches!(status, "open" | "uncollectible") {
        return Err(ApiError::coded(
            "invoice_not_editable",
            format!("You can only void open or uncollectible invoices; this one is {status}."),
        ));
    }
    invoices::void(tx, id);
    Ok(tx.value(id).clone())
}

pub fn list_lines(tx: &Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
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
