//! Customers.

use serde_json::{Value, json};

use crate::billing::subscriptions::{end, is_live};
use crate::error::ApiError;
use crate::form::Params;
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::{CREATED, found, in_time, list_params, named, page, same};

const FIELDS: &[&str] = &[
    "address[city]",
    "address[country]",
    "address[line1]",
    "address[line2]",
    "address[postal_code]",
    "address[state]",
    "address",
    "description",
    "email",
    "invoice_settings[default_payment_method]",
    "invoice_settings[footer]",
    "metadata[*]",
    "name",
    "phone",
    "preferred_locales[]",
    "tax_exempt",
];
/// The kind of what is left of a deleted customer: no call may name it any more.
const DELETED: &str = "deleted_customer";

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(&[FIELDS, &["test_clock"]].concat())?;
    let clock = match params.text("test_clock") {
        Some(clock) => Some(named(tx, "test_helpers.test_clock", clock, "test_clock")?.text("id").to_owned()),
        None => None,
    };
    let id = fresh(tx, json!({ "test_clock": clock }));
    let customer = fill(tx, params, tx.value(&id).clone())?;
    tx.edit(&id, |known| *known = customer);
    tx.emit("customer.created", &id);
    Ok(tx.value(&id).clone())
}

pub fn update(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(FIELDS)?;
    let customer = fill(tx, params, found(tx, "customer", id)?.value.clone())?;
    tx.update(id, "customer.updated", |known| *known = customer);
    Ok(tx.value(id).clone())
}

pub fn retrieve(tx: &Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    found(tx, DELETED, id).or_else(|_| found(tx, "customer", id)).map(|record| record.value.clone())
}

/// Deletes a customer for good, and ends its subscriptions.
pub fn delete(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    found(tx, "customer", id)?;
    let ends = |subscription: &Value| is_live(subscription) && subscription.text("customer") == id;
    let ending: Vec<String> = tx.store().all("subscription").filter(|record| ends(&record.value)).map(|record| record.id.clone()).collect();
    for subscription in ending {
        end(tx, &subscription);
    }
    tx.emit("customer.deleted", id);
    let left = json!({ "id": id, "object": "customer", "deleted": true });
    tx.remove(id);
    tx.put(DELETED, id, left.clone(), Value::Null);
    Ok(left)
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["email"]].concat())?;
    page(tx, params, "customer", "/v1/customers", |customer| same(params, "email", customer, "email") && in_time(params, customer))
}

/// A new customer with the fields of `set`; answers the id. The caller sends the event.
pub fn fresh(tx: &mut Tx, set: Value) -> String {
    let mut customer = shapes::customer(set);
    customer.set("id", ids::fresh("cus_", 14));
    customer.set("created", tx.now);
    customer.set("invoice_prefix", ids::fresh("", 8).to_uppercase());
    tx.add(customer, Value::Null)
}

fn fill(tx: &Tx, params: &Params, mut customer: Value) -> Result<Value, ApiError> {
    for field in ["description", "email", "name", "phone"] {
        if let Some(value) = params.sent(field) {
            customer.set(field, Some(value).filter(|value| !value.is_empty()));
        }
    }
    if params.text("email").is_some_and(|email| !email.contains('@')) {
        return Err(ApiError::parameter(
            "email_invalid",
            "email",
            format!("Invalid email address: {}", params.text("email").unwrap_or_default()),
        ));
    }
    if params.has("address") {
        customer.set("address", params.address("address"));
    }
    if let Some(exempt) = params.one_of("tax_exempt", &["none", "exempt", "reverse"])? {
        customer.set("tax_exempt", exempt);
    }
    if params.has("preferred_locales") {
        customer.set("preferred_locales", params.list("preferred_locales"));
    }
    if let Some(method) = params.text("invoice_settings[default_payment_method]") {
        let param = "invoice_settings[default_payment_method]";
        let method = named(tx, "payment_method", method, param)?;
        if method.text("customer") != customer.text("id") {
            return Err(ApiError::wrong(param, "The payment method belongs to another customer."));
        }
        customer.set("invoice_settings.default_payment_method", method.at("id").clone());
    }
    if let Some(footer) = params.sent("invoice_settings[footer]") {
        customer.set("invoice_settings.footer", Some(footer).filter(|footer| !footer.is_empty()));
    }
    customer.set("metadata", params.metadata("metadata", customer.at("metadata"))?);
    Ok(customer)
}
