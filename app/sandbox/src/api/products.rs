//! Products.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::form::Params;
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::{Tx, nothing};

use super::{CREATED, found, in_time, list_params, page};

const FIELDS: &[&str] =
    &["name", "active", "description", "metadata[*]", "images[]", "statement_descriptor", "tax_code", "unit_label", "url"];

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(&[FIELDS, &["id", "type"]].concat())?;
    let id = params.text("id").map_or_else(|| ids::fresh("prod_", 14), str::to_owned);
    if tx.store().record(&id).is_some() {
        return Err(ApiError::parameter("resource_already_exists", "id", format!("Product already exists: '{id}'")));
    }
    params.required("name")?;
    let product = shapes::product(json!({ "id": id, "created": tx.now }));
    let product = fill(tx, params, product)?;
    tx.add(product, Value::Null);
    tx.emit("product.created", &id);
    Ok(tx.value(&id).clone())
}

pub fn update(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(FIELDS)?;
    let product = fill(tx, params, found(tx, "product", id)?.value.clone())?;
    tx.update(id, "product.updated", |known| *known = product);
    Ok(tx.value(id).clone())
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["active", "ids[]", "url"]].concat())?;
    let (active, ids) = (params.boolean("active")?, params.list("ids"));
    page(tx, params, "product", "/v1/products", |product| {
        active.is_none_or(|active| product.flag("active") == active)
            && (ids.is_empty() || ids.contains(&product.text("id")))
            && super::same(params, "url", product, "url")
            && in_time(params, product)
    })
}

/// A product made on the way to its price.
pub fn named(tx: &mut Tx, name: &str, metadata: &Value) -> String {
    let product =
        shapes::product(json!({ "id": ids::fresh("prod_", 14), "created": tx.now, "updated": tx.now, "name": name, "metadata": metadata }));
    let id = tx.add(product, nothing());
    tx.emit("product.created", &id);
    id
}

fn fill(tx: &Tx, params: &Params, mut product: Value) -> Result<Value, ApiError> {
    for field in ["name", "description", "statement_descriptor", "tax_code", "unit_label", "url"] {
        match params.sent(field) {
            Some("") if field != "name" => product.set(field, Value::Null),
            Some(value) if !value.is_empty() => product.set(field, value),
            _ => {}
        }
    }
    if params.has("images") {
        product.set("images", params.list("images"));
    }
    if let Some(active) = params.boolean("active")? {
        product.set("active", active);
    }
    product.set("metadata", params.metadata("metadata", product.at("metadata"))?);
    product.set("updated", tx.now);
    Ok(product)
}
