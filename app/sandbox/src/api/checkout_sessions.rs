//! Checkout sessions: what is to be bought, and the page it is paid on.

use serde_json::{Value, json};

use crate::billing::checkout;
use crate::billing::debits;
use crate::billing::discounts::refusal;
use crate::billing::periods::DAY;
use crate::billing::subscriptions::is_live;
use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::{CREATED, found, in_time, list_params, named, page, part, same};

const CREATE: &[&str] = &[
    "allow_promotion_codes",
    "automatic_tax[enabled]",
    "automatic_tax[liability][type]",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "currency",
    "customer",
    "customer_creation",
    "customer_email",
    "customer_update[address]",
    "customer_update[name]",
    "customer_update[shipping]",
    "discounts[][coupon]",
    "discounts[][promotion_code]",
    "expires_at",
    "invoice_creation[enabled]",
    "invoice_creation[invoice_data][description]",
    "invoice_creation[invoice_data][metadata][*]",
    "line_items[][metadata][*]",
    "line_items[][price]",
    "line_items[][quantity]",
    "locale",
    "metadata[*]",
    "mode",
    "payment_intent_data[description]",
    "payment_intent_data[metadata][*]",
    "payment_intent_data[receipt_email]",
    "payment_intent_data[setup_future_usage]",
    "payment_method_collection",
    "payment_method_types[]",
    "phone_number_collection[enabled]",
    "submit_type",
    "subscription_data[description]",
    "subscription_data[metadata][*]",
    "subscription_data[trial_end]",
    "subscription_data[trial_period_days]",
    "subscription_data[trial_settings][end_behavior][missing_payment_method]",
    "success_url",
    "tax_id_collection[enabled]",
    "tax_id_collection[required]",
    "ui_mode",
];
/// The languages of the hosted pages.
pub const LOCALES: &[&str] = &[
    "auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu", "id", "it", "ja",
    "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW",
];
/// Half an hour, the shortest life of a session.
const SHORTEST: i64 = 1_800;
const MOST_UNITS: i64 = 999_999;

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(CREATE)?;
    let mode = params.one_of("mode", &["subscription", "payment"])?.ok_or_else(|| missing("mode"))?;
    params.one_of("ui_mode", &["hosted_page"])?;
    let success_url = address(params, "success_url")?.ok_or_else(|| missing("success_url"))?;
    let customer = customer(tx, params)?;
    belongs_to_mode(params, mode)?;
    let trial = trial(tx, params)?;
    let items = items(tx, params, mode, trial.is_none())?;
    let currency = items[0].text("currency").to_owned();
    one_currency(tx, params, &items, customer.as_deref())?;
    let total: i64 = items.iter().map(|item| item.integer("amount_total")).sum();
    let tax = params.boolean("automatic_tax[enabled]")?.unwrap_or_default();
    collectable(tx, params, customer.as_deref(), tax)?;
    let id = ids::fresh("cs_test_a1", 56);
    let now = tx.now;
    let session = shapes::checkout_session(json!({
        "id": id,
        "allow_promotion_codes": params.boolean("allow_promotion_codes")?,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {
            "enabled": tax, "liability": tax.then(|| json!({ "type": "self" })), "provider": tax.then_some("stripe"), "status": null,
        },
        "billing_address_collection": params.one_of("billing_address_collection", &["auto", "required"])?,
        "cancel_url": address(params, "cancel_url")?,
        "client_reference_id": params.text("client_reference_id"),
        "created": now,
        "currency": currency,
        "customer": customer,
        "customer_creation": customer_creation(params, mode, customer.is_none())?,
        "customer_email": params.text("customer_email"),
        "expires_at": params.integer("expires_at", now + SHORTEST..=now + DAY)?.unwrap_or(now + DAY),
        "invoice_creation": invoice_creation(params, mode)?,
        "locale": params.one_of("locale", LOCALES)?,
        "metadata": params.metadata("metadata", &Value::Null)?,
        "mode": mode,
        "payment_method_types": payment_method_types(params, &currency)?,
        "payment_method_collection": match params.one_of("payment_method_collection", &["always", "if_required"])? {
            None if mode == "subscription" => Some("always"),
            chosen => chosen,
        },
        "phone_number_collection": { "enabled": params.boolean("phone_number_collection[enabled]")?.unwrap_or_default() },
        "submit_type": params.one_of("submit_type", &["auto", "book", "donate", "pay", "subscribe"])?,
        "success_url": success_url,
        "tax_id_collection": {
            "enabled": params.boolean("tax_id_collection[enabled]")?.unwrap_or_default(),
            "required": params.one_of("tax_id_collection[required]", &["if_supported", "never"])?.unwrap_or("never"),
        },
        "url": format!("{}/pay/{id}", tx.pages),
    }));
    let hidden = json!({
        "discounts": discounts(tx, params, &currency)?,
        "items": items,
        "subscription_data": subscription_data(params, trial)?,
        "payment_intent_data": payment_intent_data(params)?,
    });
    tx.add(session, hidden);
    checkout::price(tx, &id);
    Ok(tx.value(&id).clone())
}

/// The discount that the seller gives, if any: at most one, and then none can be typed.
pub fn discounts(tx: &Tx, params: &Params, currency: &str) -> Result<Vec<Value>, ApiError> {
    let places = params.children("discounts");
    if places.len() > 1 || (!places.is_empty() && params.has("allow_promotion_codes")) {
        return Err(ApiError::wrong("discounts", "A session has one discount, or `allow_promotion_codes`."));
    }
    let discounts = places.iter().map(|place| {
        let (param, code) = (format!("{place}[coupon]"), format!("{place}[promotion_code]"));
        let (coupon, promotion) = match params.text(&code) {
            Some(id) => {
                let promotion = named(tx, "promotion_code", id, &code)?;
                (promotion.text("promotion.coupon"), promotion.at("id").clone())
            }
            None => (params.required(&param)?, Value::Null),
        };
        let coupon = named(tx, "coupon", coupon, &param)?;
        match refusal(coupon, currency, tx.now) {
            Some(reason) => Err(ApiError::coded("coupon_expired", reason)),
            None => Ok(json!({ "coupon": coupon.at("id"), "promotion_code": promotion })),
        }
    });
    discounts.collect()
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["customer", "payment_intent", "status", "subscription", "customer_details[email]"]].concat())?;
    params.one_of("status", &["complete", "expired", "open"])?;
    page(tx, params, "checkout.session", "/v1/checkout/sessions", |session| {
        ["customer", "payment_intent", "status", "subscription"].iter().all(|field| same(params, field, session, field))
            && same(params, "customer_details[email]", session, "customer_details.email")
            && in_time(params, session)
    })
}

pub fn expire(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    let status = found(tx, "checkout.session", id)?.value.text("status");
    if status != "open" {
        return Err(ApiError::invalid(format!("Only open sessions can be expired; this one is {status}.")));
    }
    checkout::expire(tx, id);
    Ok(tx.value(id).clone())
}

pub fn line_items(tx: &Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    let items = found(tx, "checkout.session", id)?.hidden.entries("items");
    part(params, items, &format!("/v1/checkout/sessions/{id}/line_items"))
}

/// An absolute http address; `{CHECKOUT_SESSION_ID}` may stand in it.
pub fn address(params: &Params, name: &str) -> Result<Option<String>, ApiError> {
    let Some(text) = params.text(name) else { return Ok(None) };
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(text.to_owned())),
        _ => Err(ApiError::parameter("url_invalid", name, format!("Not a valid URL: {text}"))),
    }
}

fn customer(tx: &Tx, params: &Params) -> Result<Option<String>, ApiError> {
    let Some(id) = params.text("customer") else { return Ok(None) };
    named(tx, "customer", id, "customer")?;
    if params.has("customer_email") || params.has("customer_creation") {
        return Err(ApiError::invalid("`customer` excludes `customer_email` and `customer_creation`."));
    }
    Ok(Some(id.to_owned()))
}

/// Refuses the parameters of the other mode.
fn belongs_to_mode(params: &Params, mode: &str) -> Result<(), ApiError> {
    let foreign: &[&str] = if mode == "subscription" {
        &["payment_intent_data", "invoice_creation", "submit_type", "customer_creation"]
    } else {
        &["subscription_data"]
    };
    match foreign.iter().find(|name| params.has(name)) {
        Some(name) => Err(ApiError::wrong(name, format!("You can not pass `{name}` in `{mode}` mode."))),
        None => Ok(()),
    }
}

/// A trial as it was asked for. Its days begin when the session is completed, not when it is made.
#[derive(Clone, Copy)]
enum Trial {
    Days(i64),
    /// Unix seconds.
    Until(i64),
}

fn trial(tx: &Tx, params: &Params) -> Result<Option<Trial>, ApiError> {
    let days = params.integer("subscription_data[trial_period_days]", 1..=730)?;
    let moment = params.integer("subscription_data[trial_end]", tx.now + 2 * DAY..=tx.now + 730 * DAY)?;
    match (days, moment) {
        (Some(_), Some(_)) => Err(ApiError::invalid("`trial_end` and `trial_period_days` exclude each other.")),
        (days, moment) => Ok(days.map(Trial::Days).or(moment.map(Trial::Until))),
    }
}

fn items(tx: &Tx, params: &Params, mode: &str, charged: bool) -> Result<Vec<Value>, ApiError> {
    let names = params.children("line_items");
    if names.is_empty() {
        return Err(missing("line_items"));
    }
    let items = names.iter().map(|name| {
        let param = format!("{name}[price]");
        let price = named(tx, "price", params.required(&param)?, &param)?;
        if !price.flag("active") {
            return Err(ApiError::wrong(&param, format!("The price `{}` is inactive.", price.text("id"))));
        }
        if mode == "payment" && price.text("type") == "recurring" {
            return Err(ApiError::wrong(&param, "A recurring price needs `subscription` mode."));
        }
        if mode == "subscription" && price.text("type") != "recurring" {
            return Err(ApiError::wrong(&param, "The sandbox sells only recurring prices in `subscription` mode."));
        }
        let quantity = format!("{name}[quantity]");
        let quantity = params.integer(&quantity, 1..=MOST_UNITS)?.ok_or_else(|| missing(&quantity))?;
        let product = tx.value(price.text("product")).text("name");
        let metadata = params.metadata(&format!("{name}[metadata]"), &Value::Null)?;
        Ok(checkout::item(price, product, quantity, &metadata, charged))
    });
    items.collect()
}

/// One session, and one customer's live subscriptions, have one currency.
fn one_currency(tx: &Tx, params: &Params, items: &[Value], customer: Option<&str>) -> Result<(), ApiError> {
    let currency = items[0].text("currency");
    if let Some(wanted) = params.currency("currency")?.filter(|wanted| wanted != currency) {
        return Err(ApiError::wrong("currency", format!("The prices are in {currency}, not in {wanted}.")));
    }
    if items.iter().any(|item| item.text("currency") != currency) {
        return Err(ApiError::wrong("line_items", "All prices of a session must be in one currency."));
    }
    let intervals = |item: &Value| (item.text("price.recurring.interval").to_owned(), item.integer("price.recurring.interval_count"));
    if items.iter().any(|item| intervals(item) != intervals(&items[0])) {
        return Err(ApiError::wrong("line_items", "All recurring prices of a session must have one interval."));
    }
    let mut live = tx.store().all("subscription").map(|record| &record.value).filter(|subscription| is_live(subscription));
    let other = customer.and_then(|customer| live.find(|one| one.text("customer") == customer && one.text("currency") != currency));
    match other {
        Some(other) => {
            let message =
                format!("You cannot combine currencies on a single customer: there is a subscription in {}.", other.text("currency"));
            Err(ApiError::wrong("line_items", message))
        }
        None => Ok(()),
    }
}

/// What the page collects must be allowed to reach an existing customer.
fn collectable(tx: &Tx, params: &Params, customer: Option<&str>, tax: bool) -> Result<(), ApiError> {
    for part in ["address", "name", "shipping"] {
        params.one_of(&format!("customer_update[{part}]"), &["auto", "never"])?;
    }
    let Some(customer) = customer else {
        return if params.has("customer_update") { Err(ApiError::invalid("`customer_update` needs `customer`.")) } else { Ok(()) };
    };
    let updates = |part: &str| params.text(&format!("customer_update[{part}]")) == Some("auto");
    if params.boolean("tax_id_collection[enabled]")? == Some(true) && !updates("name") {
        return Err(ApiError::invalid("Tax ID collection for an existing customer needs `customer_update[name]` set to `auto`."));
    }
    if tax && tx.value(customer).at("address").is_null() && !updates("address") && !updates("shipping") {
        let message = "Automatic tax needs the customer's address: give the customer one, or set `customer_update[address]` to `auto`.";
        return Err(ApiError::parameter("customer_tax_location_invalid", "automatic_tax", message));
    }
    Ok(())
}

/// What a session can be paid with: what the seller says, or cards, and bank accounts where there are dollars to pay.
fn payment_method_types(params: &Params, currency: &str) -> Result<Vec<&'static str>, ApiError> {
    let known = if currency == "usd" { &["card", debits::TYPE][..] } else { &["card"] };
    let places = params.children("payment_method_types");
    if places.is_empty() {
        return Ok(known.to_vec());
    }
    places.iter().map(|place| params.one_of(place, known)?.ok_or_else(|| missing(place))).collect()
}

fn customer_creation(params: &Params, mode: &str, creates: bool) -> Result<Option<&'static str>, ApiError> {
    let chosen = params.one_of("customer_creation", &["always", "if_required"])?;
    let usual = if mode == "subscription" { "always" } else { "if_required" };
    Ok(creates.then(|| chosen.unwrap_or(usual)))
}

fn invoice_creation(params: &Params, mode: &str) -> Result<Value, ApiError> {
    if mode == "subscription" {
        return Ok(Value::Null);
    }
    let data = "invoice_creation[invoice_data]";
    Ok(json!({
        "enabled": params.boolean("invoice_creation[enabled]")?.unwrap_or_default(),
        "invoice_data": {
            "account_tax_ids": null, "custom_fields": null, "description": params.text(&format!("{data}[description]")), "footer": null,
            "issuer": null, "metadata": params.metadata(&format!("{data}[metadata]"), &Value::Null)?, "rendering_options": null,
        },
    }))
}

fn subscription_data(params: &Params, trial: Option<Trial>) -> Result<Value, ApiError> {
    let behavior = "subscription_data[trial_settings][end_behavior][missing_payment_method]";
    Ok(json!({
        "description": params.text("subscription_data[description]"),
        "metadata": params.metadata("subscription_data[metadata]", &Value::Null)?,
        "missing_payment_method": params.one_of(behavior, &["cancel", "create_invoice"])?,
        "trial_end": match trial { Some(Trial::Until(moment)) => Some(moment), _ => None },
        "trial_period_days": match trial { Some(Trial::Days(days)) => Some(days), _ => None },
    }))
}

fn payment_intent_data(params: &Params) -> Result<Value, ApiError> {
    Ok(json!({
        "description": params.text("payment_intent_data[description]"),
        "metadata": params.metadata("payment_intent_data[metadata]", &Value::Null)?,
        "receipt_email": params.text("payment_intent_data[receipt_email]"),
        "setup_future_usage": params.one_of("payment_intent_data[setup_future_usage]", &["off_session", "on_session"])?,
    }))
}
