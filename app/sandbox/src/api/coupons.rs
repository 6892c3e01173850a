//! Coupons, and the promotion codes that people type to get them.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::{CREATED, found, in_time, list_params, named, page, same};

const COUPON: &[&str] = &[
    "amount_off",
    "applies_to[products][]",
    "currency",
    "duration",
    "duration_in_months",
    "id",
    "max_redemptions",
    "metadata[*]",
    "name",
    "percent_off",
    "redeem_by",
];
const PROMOTION: &[&str] = &[
    "active",
    "code",
    "customer",
    "expires_at",
    "max_redemptions",
    "metadata[*]",
    "promotion[coupon]",
    "promotion[type]",
    "restrictions[first_time_transaction]",
    "restrictions[minimum_amount]",
    "restrictions[minimum_amount_currency]",
];

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(COUPON)?;
    let id = params.text("id").map_or_else(|| ids::fresh("", 8), str::to_owned);
    if tx.store().record(&id).is_some() {
        return Err(ApiError::parameter("resource_already_exists", "id", "Coupon already exists."));
    }
    let (amount, percent) = (params.integer("amount_off", 1..=99_999_999)?, percent(params)?);
    if amount.is_some() == percent.is_some() {
        return Err(ApiError::invalid("Give either `percent_off` or `amount_off`."));
    }
    let currency = params.currency("currency")?;
    if amount.is_some() && currency.is_none() {
        return Err(missing("currency"));
    }
    let duration = params.one_of("duration", &["forever", "once", "repeating"])?.unwrap_or("once");
    let months = params.integer("duration_in_months", 1..=120)?;
    if (duration == "repeating") != months.is_some() {
        return Err(ApiError::wrong("duration_in_months", "`duration_in_months` goes with the duration `repeating`, and only with it."));
    }
    let mut coupon = shapes::coupon(json!({
        "id": id, "amount_off": amount, "created": tx.now, "currency": currency, "duration": duration, "duration_in_months": months,
        "max_redemptions": params.integer("max_redemptions", 1..=i64::MAX)?, "metadata": params.metadata("metadata", &Value::Null)?,
        "name": params.text("name"), "percent_off": percent, "redeem_by": params.integer("redeem_by", tx.now..=i64::MAX)?,
    }));
    if params.has("applies_to") {
        coupon["applies_to"] = json!({ "products": params.list("applies_to[products]") });
    }
    tx.add(coupon, Value::Null);
    tx.emit("coupon.created", &id);
    Ok(tx.value(&id).clone())
}

pub fn update(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["metadata[*]", "name"])?;
    let metadata = params.metadata("metadata", found(tx, "coupon", id)?.value.at("metadata"))?;
    tx.update(id, "coupon.updated", |coupon| {
        coupon.set("metadata", metadata);
        if let Some(name) = params.sent("name") {
            coupon.set("name", Some(name).filter(|name| !name.is_empty()));
        }
    });
    Ok(tx.value(id).clone())
}

pub fn delete(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    found(tx, "coupon", id)?;
    tx.emit("coupon.deleted", id);
    tx.remove(id);
    Ok(json!({ "id": id, "object": "coupon", "deleted": true }))
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &CREATED)?;
    page(tx, params, "coupon", "/v1/coupons", |coupon| in_time(params, coupon))
}

pub fn create_promotion(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(PROMOTION)?;
    params.one_of("promotion[type]", &["coupon"])?.ok_or_else(|| missing("promotion[type]"))?;
    let coupon = named(tx, "coupon", params.required("promotion[coupon]")?, "promotion[coupon]")?.at("id").clone();
    let customer = match params.text("customer") {
        Some(customer) => Some(named(tx, "customer", customer, "customer")?.text("id").to_owned()),
        None => None,
    };
    let code = params.text("code").map_or_else(|| ids::fresh("", 8).to_uppercase(), str::to_owned);
    let taken = |promotion: &Value| promotion.text("code").eq_ignore_ascii_case(&code) && promotion.flag("active");
    if tx.store().all("promotion_code").any(|record| taken(&record.value)) {
        return Err(ApiError::parameter("resource_already_exists", "code", "An active promotion code with this code already exists."));
    }
    let restrictions = json!({
        "first_time_transaction": params.boolean("restrictions[first_time_transaction]")?.unwrap_or_default(),
        "minimum_amount": params.integer("restrictions[minimum_amount]", 1..=i64::MAX)?,
        "minimum_amount_currency": params.currency("restrictions[minimum_amount_currency]")?,
    });
    let promotion = shapes::promotion_code(json!({
        "id": ids::fresh("promo_1", 23), "active": params.boolean("active")?.unwrap_or(true), "code": code, "created": tx.now,
        "customer": customer, "expires_at": params.integer("expires_at", tx.now..=i64::MAX)?,
        "max_redemptions": params.integer("max_redemptions", 1..=i64::MAX)?, "metadata": params.metadata("metadata", &Value::Null)?,
        "promotion": { "coupon": coupon, "type": "coupon" }, "restrictions": restrictions,
    }));
    let id = tx.add(promotion, Value::Null);
    tx.emit("promotion_code.created", &id);
    Ok(tx.value(&id).clone())
}

pub fn update_promotion(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["active", "metadata[*]"])?;
    let metadata = params.metadata("metadata", found(tx, "promotion_code", id)?.value.at("metadata"))?;
    let active = params.boolean("active")?;
    tx.update(id, "promotion_code.updated", |promotion| {
        promotion.set("metadata", metadata);
        if let Some(active) = active {
            promotion.set("active", active);
        }
    });
    Ok(tx.value(id).clone())
}

pub fn list_promotions(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["active", "code", "coupon", "customer"]].concat())?;
    let active = params.boolean("active")?;
    page(tx, params, "promotion_code", "/v1/promotion_codes", |promotion| {
        active.is_none_or(|active| promotion.flag("active") == active)
            && params.text("code").is_none_or(|code| promotion.text("code").eq_ignore_ascii_case(code))
            && same(params, "coupon", promotion, "promotion.coupon")
            && same(params, "customer", promotion, "customer")
            && in_time(params, promotion)
    })
}

/// Between nothing and all, to a hundredth of a percent.
fn percent(params: &Params) -> Result<Option<f64>, ApiError> {
    let Some(text) = params.text("percent_off") else { return Ok(None) };
    match text.parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(Some(percent)),
        _ => Err(ApiError::wrong("percent_off", "A percentage is more than 0 and at most 100.")),
    }
}
