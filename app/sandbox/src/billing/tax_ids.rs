//! The tax ids of customers.

use serde_json::{Value, json};

use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

/// The kinds of tax ids the sandbox knows.
pub const KINDS: [&str; 6] = ["au_abn", "ch_vat", "eu_vat", "gb_vat", "no_vat", "us_ein"];

/// The tax ids of a customer, oldest first.
pub fn of_customer<'t>(tx: &'t Tx, customer: &'t str) -> impl Iterator<Item = &'t Value> {
    tx.store().all("tax_id").map(|record| &record.value).filter(move |tax_id| tax_id.text("customer") == customer)
}

/// Adds a tax id; answers its id.
pub fn add(tx: &mut Tx, customer: &str, kind: &str, value: &str) -> String {
    let country = if kind == "eu_vat" { value.chars().take(2).collect::<String>() } else { kind[..2].to_uppercase() };
    let tax_id = shapes::tax_id(json!({
        "id": ids::fresh("txi_1", 23), "country": country, "created": tx.now, "customer": customer, "type": kind, "value": value,
        "owner": { "customer": customer, "customer_account": null, "type": "customer" },
    }));
    let id = tx.add(tax_id, Value::Null);
    tx.emit("customer.tax_id.created", &id);
    id
}

/// Takes a tax id away.
pub fn remove(tx: &mut Tx, id: &str) {
    tx.emit("customer.tax_id.deleted", id);
    tx.remove(id);
}

/// Which kind a typed tax id is, by how it begins.
pub fn kind_of(value: &str) -> &'static str {
    match value.get(..2).unwrap_or_default() {
        "GB" => "gb_vat",
        "CH" => "ch_vat",
        start if start.chars().all(|letter| letter.is_ascii_alphabetic()) => "eu_vat",
        _ => "us_ein",
    }
}
