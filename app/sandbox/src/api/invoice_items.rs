//! Invoice items: what waits for the next invoice, such as prorations, or what is put on a draft.

use serde_json::{Value, json};

use crate::billing::{invoices, lines};
use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::{CREATED, found, list_params, named, page, same};

const CREATE: &[&str] = &[
    "amount",
    "currency",
    "customer",
    "description",
    "discountable",
    "invoice",
    "metadata[*]",
    "period[end]",
    "period[start]",
    "pricing[price]",
    "quantity",
    "subscription",
];

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(CREATE)?;
    let customer = named(tx, "customer", params.required("customer")?, "customer")?.text("id").to_owned();
    let quantity = params.integer("quantity", 1..=999_999)?.unwrap_or(1);
    let (unit, currency, pricing) = if let Some(id) = params.text("pricing[price]") {
        let price = named(tx, "price", id, "pricing[price]")?;
        let unit = price.integer("unit_amount");
        (unit, price.text("currency").to_owned(), lines::pricing(price, unit))
    } else {
        let amount = params.integer("amount", -99_999_999..=99_999_999)?.ok_or_else(|| missing("amount"))?;
        (amount, params.currency("currency")?.ok_or_else(|| missing("currency"))?, Value::Null)
    };
    let subscription = match params.text("subscription") {
        Some(id) => {
            json!({ "subscription_details": { "subscription": named(tx, "subscription", id, "subscription")?.at("id") }, "type": "subscription_details" })
        }
        None => Value::Null,
    };
    let invoice = match params.text("invoice") {
        Some(id) => {
            let invoice = named(tx, "invoice", id, "invoice")?;
            if invoice.text("status") != "draft" {
                return Err(ApiError::coded("invoice_not_editable", "Items can be added to drafts only."));
            }
            Some(id.to_owned())
        }
        None => None,
    };
    let moment = |name: &str| params.integer(name, 0..=i64::MAX).map(|at| at.unwrap_or(tx.now));
    let item = shapes::invoiceitem(json!({
        "id": ids::fresh("ii_1", 23), "amount": unit * quantity, "currency": currency, "customer": customer, "date": tx.now,
        "description": params.text("description"), "discountable": params.boolean("discountable")?.unwrap_or(unit > 0),
        "invoice": invoice, "metadata": params.metadata("metadata", &Value::Null)?, "net_amount": unit * quantity, "parent": subscription,
        "period": { "start": moment("period[start]")?, "end": moment("period[end]")? }, "pricing": pricing, "quantity": quantity,
        "quantity_decimal": quantity.to_string(),
    }));
    let id = tx.add(item, Value::Null);
    tx.emit("invoiceitem.created", &id);
    if let Some(invoice) = invoice {
        invoices::add_line(tx, &invoice, &id);
    }
    Ok(tx.value(&id).clone())
}

pub fn delete(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    if !found(tx, "invoiceitem", id)?.value.at("invoice").is_null() {
        return Err(ApiError::coded("invoice_not_editable", "Only items that wait for an invoice can be deleted."));
    }
    tx.emit("invoiceitem.deleted", id);
    tx.remove(id);
    Ok(json!({ "id": id, "object": "invoiceitem", "deleted": true }))
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["customer", "invoice", "pending"]].concat())?;
    let pending = params.boolean("pending")?;
    page(tx, params, "invoiceitem", "/v1/invoiceitems", |item| {
        same(params, "customer", item, "customer")
            && same(params, "invoice", item, "invoice")
            && pending.is_none_or(|pending| item.at("invoice").is_null() == pending)
            && params.covers("created", item.integer("date")).unwrap_or_default()
    })
}
