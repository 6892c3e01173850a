//! Prices, found by lookup key.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::{CREATED, found, in_time, list_params, named, page, products, same};

const FIELDS: &[&str] = &["active", "lookup_key", "transfer_lookup_key", "metadata[*]", "nickname", "tax_behavior"];
const ONLY_ONCE: &[&str] = &[
    "currency",
    "unit_amount",
    "unit_amount_decimal",
    "billing_scheme",
    "product",
    "product_data[name]",
    "product_data[metadata][*]",
    "recurring[interval]",
    "recurring[interval_count]",
    "recurring[usage_type]",
];
/// 99,999,999 in the smallest unit is the most Stripe takes.
const HIGHEST: i64 = 99_999_999;

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(&[FIELDS, ONLY_ONCE].concat())?;
    let currency = params.currency("currency")?.ok_or_else(|| missing("currency"))?;
    let amount = match params.integer("unit_amount", 0..=HIGHEST)? {
        Some(amount) => amount,
        None => params.integer("unit_amount_decimal", 0..=HIGHEST)?.ok_or_else(|| missing("unit_amount"))?,
    };
    params.one_of("billing_scheme", &["per_unit"])?;
    let recurring = recurring(params)?;
    let product = if let Some(id) = params.text("product") {
        named(tx, "product", id, "product")?.text("id").to_owned()
    } else {
        let name = params.text("product_data[name]").ok_or_else(|| missing("product"))?;
        products::named(tx, name, &params.metadata("product_data[metadata]", &Value::Null)?)
    };
    let price = shapes::price(json!({
        "id": ids::fresh("price_1", 23), "created": tx.now, "currency": currency, "product": product,
        "type": if recurring.is_null() { "one_time" } else { "recurring" }, "recurring": recurring,
        "unit_amount": amount, "unit_amount_decimal": amount.to_string(),
    }));
    let price = fill(tx, params, price)?;
    let id = tx.add(price, Value::Null);
    tx.emit("price.created", &id);
    Ok(tx.value(&id).clone())
}

pub fn update(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(FIELDS)?;
    let price = found(tx, "price", id)?.value.clone();
    let price = fill(tx, params, price)?;
    tx.update(id, "price.updated", |known| *known = price);
    Ok(tx.value(id).clone())
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    let filters = ["active", "currency", "lookup_keys[]", "product", "type", "recurring[interval]", "recurring[usage_type]"];
    list_params(params, &[&CREATED[..], &filters].concat())?;
    let (active, keys) = (params.boolean("active")?, params.list("lookup_keys"));
    params.one_of("type", &["one_time", "recurring"])?;
    page(tx, params, "price", "/v1/prices", |price| {
        active.is_none_or(|active| price.flag("active") == active)
            && (keys.is_empty() || keys.contains(&price.text("lookup_key")))
            && same(params, "currency", price, "currency")
            && same(params, "product", price, "product")
            && same(params, "type", price, "type")
            && same(params, "recurring[interval]", price, "recurring.interval")
            && same(params, "recurring[usage_type]", price, "recurring.usage_type")
            && in_time(params, price)
    })
}

fn recurring(params: &Params) -> Result<Value, ApiError> {
    if !params.has("recurring") {
        return Ok(Value::Null);
    }
    let interval =
        params.one_of("recurring[interval]", &["day", "week", "month", "year"])?.ok_or_else(|| missing("recurring[interval]"))?;
    let most = match interval {
        "day" => 1_095,
        "week" => 156,
        "month" => 36,
        _ => 3,
    };
    let count = params.integer("recurring[interval_count]", 1..=most)?.unwrap_or(1);
    params.one_of("recurring[usage_type]", &["licensed"])?;
    Ok(json!({ "interval": interval, "interval_count": count, "meter": null, "trial_period_days": null, "usage_type": "licensed" }))
}

fn fill(tx: &mut Tx, params: &Params, mut price: Value) -> Result<Value, ApiError> {
    if let Some(active) = params.boolean("active")? {
        price.set("active", active);
    }
    if let Some(nickname) = params.sent("nickname") {
        price.set("nickname", Some(nickname).filter(|name| !name.is_empty()));
    }
    if let Some(behavior) = params.one_of("tax_behavior", &["exclusive", "inclusive", "unspecified"])? {
        price.set("tax_behavior", behavior);
    }
    price.set("metadata", params.metadata("metadata", price.at("metadata"))?);
    if let Some(key) = params.sent("lookup_key") {
        free_lookup_key(tx, params, key, price.text("id"))?;
        price.set("lookup_key", Some(key).filter(|key| !key.is_empty()));
    }
    Ok(price)
}

/// A lookup key belongs to one price at a time; `transfer_lookup_key` takes it from the one that has it.
fn free_lookup_key(tx: &mut Tx, params: &Params, key: &str, id: &str) -> Result<(), ApiError> {
    let holder = tx.store().all("price").find(|record| !key.is_empty() && record.id != id && record.value.text("lookup_key") == key);
    let Some(holder) = holder.map(|record| record.id.clone()) else { return Ok(()) };
    if params.boolean("transfer_lookup_key")? != Some(true) {
        return Err(ApiError::parameter(
            "resource_already_exists",
            "lookup_key",
            format!("The price `{holder}` already has this lookup key."),
        ));
    }
    tx.update(&holder, "price.updated", |price| price.set("lookup_key", Value::Null));
    Ok(())
}
