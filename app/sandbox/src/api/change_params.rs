//! The parameters that say how a subscription is to change: of an update, and of a preview of one.

use serde_json::{Value, json};

use crate::billing::changes::{Change, Prorate, Trial, Unpaid};
use crate::billing::subscriptions::{is_live, item_of, period_end, plan_of};
use crate::error::ApiError;
use crate::form::Params;
use crate::json::At;
use crate::store::Tx;

use super::named;

/// What an update accepts.
pub const UPDATE: &[&str] = &[
    "billing_cycle_anchor",
    "items[][deleted]",
    "items[][id]",
    "items[][metadata][*]",
    "items[][price]",
    "items[][quantity]",
    "proration_behavior",
    "proration_date",
    "trial_end",
];
/// What a preview accepts.
pub const PREVIEW: &[&str] = &[
    "subscription_details[billing_cycle_anchor]",
    "subscription_details[items][][deleted]",
    "subscription_details[items][][id]",
    "subscription_details[items][][metadata][*]",
    "subscription_details[items][][price]",
    "subscription_details[items][][quantity]",
    "subscription_details[proration_behavior]",
    "subscription_details[proration_date]",
    "subscription_details[trial_end]",
];
const MOST_UNITS: i64 = 999_999;
const TWO_YEARS: i64 = 730 * 86_400;

/// The full name of a parameter inside `prefix`, which may be empty.
pub fn inside(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}[{name}]") }
}

/// The change that the parameters inside `prefix` ask for; nothing when they ask for none. `base` is the subscription with
/// everything else changed.
pub fn read(tx: &Tx, params: &Params, prefix: &str, base: Value, unpaid: Unpaid) -> Result<Option<Change>, ApiError> {
    let name = |name: &str| inside(prefix, name);
    let prorate = match params.one_of(&name("proration_behavior"), &["always_invoice", "create_prorations", "none"])? {
        Some("always_invoice") => Prorate::Now,
        Some("none") => Prorate::Never,
        _ => Prorate::Later,
    };
    let trial = match params.text(&name("trial_end")) {
        None => Trial::Kept,
        Some("now") => Trial::Ended,
        Some(_) => params.integer(&name("trial_end"), tx.now + 1..=tx.now + TWO_YEARS)?.map_or(Trial::Kept, Trial::Until),
    };
    let restart = params.one_of(&name("billing_cycle_anchor"), &["now", "unchanged"])? == Some("now");
    let start = base.integer("items.data.0.current_period_start");
    let at = params.integer(&name("proration_date"), start..=period_end(&base))?;
    let asks = params.has(&name("items")) || trial != Trial::Kept || restart;
    if !asks {
        return Ok(None);
    }
    if !is_live(&base) {
        return Err(ApiError::invalid("A canceled subscription can only update its cancellation_details and metadata."));
    }
    let items = items(tx, params, &name("items"), &base)?;
    Ok(Some(Change { base, items, prorate, at: at.unwrap_or(tx.now), trial, restart, unpaid }))
}

/// The subscription's items with what is said about some of them. One without an id is a new one.
fn items(tx: &Tx, params: &Params, list: &str, subscription: &Value) -> Result<Vec<Value>, ApiError> {
    let mut items = subscription.entries("items.data").to_vec();
    for place in params.children(list) {
        let param = |name: &str| format!("{place}[{name}]");
        let price = match params.text(&param("price")) {
            Some(id) => Some(sellable(tx, id, &param("price"), subscription)?.clone()),
            None => None,
        };
        let quantity = params.integer(&param("quantity"), 0..=MOST_UNITS)?;
        match (params.text(&param("id")), price) {
            (Some(id), price) => {
                let known = items.iter().position(|item| item.text("id") == id);
                let at = known.ok_or_else(|| ApiError::no_such("subscription_item", id, &param("id")))?;
                if params.boolean(&param("deleted"))? == Some(true) {
                    items.remove(at);
                    continue;
                }
                let item = &mut items[at];
                if let Some(price) = price {
                    item.set("plan", plan_of(&price));
                    item.set("price", price);
                }
                if let Some(quantity) = quantity {
                    item.set("quantity", quantity);
                }
                item.set("metadata", params.metadata(&param("metadata"), item.at("metadata"))?);
            }
            (None, Some(price)) => {
                let metadata = params.metadata(&param("metadata"), &Value::Null)?;
                let wanted = json!({ "price": price, "quantity": quantity.unwrap_or(1), "metadata": metadata });
                let mut item = item_of(tx.now, subscription.text("id"), &wanted, period_end(subscription));
                item.set("current_period_start", subscription.integer("items.data.0.current_period_start"));
                items.push(item);
            }
            (None, None) => return Err(ApiError::parameter("parameter_missing", &param("price"), "A new item needs a `price`.")),
        }
    }
    of_one_kind(list, &items)?;
    Ok(items)
}

/// The items of a subscription to be made: price, quantity and metadata of each.
pub fn new_items(tx: &Tx, params: &Params) -> Result<Vec<Value>, ApiError> {
    let mut items: Vec<Value> = Vec::new();
    for place in params.children("items") {
        let param = format!("{place}[price]");
        let price = named(tx, "price", params.required(&param)?, &param)?;
        let like = items.first().map_or_else(|| price.clone(), |first| first.at("price").clone());
        let price = sellable(tx, price.text("id"), &param, &like)?;
        let quantity = params.integer(&format!("{place}[quantity]"), 0..=MOST_UNITS)?.unwrap_or(1);
        let metadata = params.metadata(&format!("{place}[metadata]"), &Value::Null)?;
        items.push(json!({ "price": price, "quantity": quantity, "metadata": metadata }));
    }
    of_one_kind("items", &items)?;
    Ok(items)
}

/// A price that fits a subscription.
pub fn sellable<'t>(tx: &'t Tx, id: &str, param: &str, subscription: &Value) -> Result<&'t Value, ApiError> {
    let price = named(tx, "price", id, param)?;
    if !price.flag("active") {
        return Err(ApiError::wrong(param, format!("The price `{id}` is inactive.")));
    }
    if price.text("type") != "recurring" {
        return Err(ApiError::wrong(param, "The price is for one time; a subscription needs a recurring one."));
    }
    if price.at("currency") != subscription.at("currency") {
        let (wanted, has) = (price.text("currency"), subscription.text("currency"));
        return Err(ApiError::wrong(param, format!("The price is in {wanted}, the subscription in {has}.")));
    }
    Ok(price)
}

/// One rhythm for all items, no price twice, and at least one item.
fn of_one_kind(list: &str, items: &[Value]) -> Result<(), ApiError> {
    let Some(first) = items.first() else {
        return Err(ApiError::wrong(list, "A subscription must have at least one item."));
    };
    let rhythm = |item: &Value| (item.at("price.recurring.interval").clone(), item.at("price.recurring.interval_count").clone());
    if items.iter().any(|item| rhythm(item) != rhythm(first)) {
        return Err(ApiError::wrong(list, "All prices of a subscription must have one interval."));
    }
    let twice = |item: &Value| items.iter().filter(|other| other.at("price.id") == item.at("price.id")).count() > 1;
    if items.iter().any(twice) {
        return Err(ApiError::wrong(list, "Two items cannot have the same price; give the id of the item to change."));
    }
    Ok(())
}
