//! Portal sessions: a page on which a customer looks after cards, invoices, details and the end of the subscription.

use serde_json::{Value, json};

use crate::billing::subscriptions::is_live;
use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::checkout_sessions::{LOCALES, address};
use super::named;

const CREATE: &[&str] = &[
    "configuration",
    "customer",
    "flow_data[after_completion][hosted_confirmation][custom_message]",
    "flow_data[after_completion][redirect][return_url]",
    "flow_data[after_completion][type]",
    "flow_data[subscription_cancel][subscription]",
    "flow_data[type]",
    "locale",
    "return_url",
];
/// The one configuration there is.
const CONFIGURATION: &str = "bpc_1BillingSandbox";

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(CREATE)?;
    let customer = named(tx, "customer", params.required("customer")?, "customer")?.text("id").to_owned();
    if let Some(other) = params.text("configuration").filter(|id| *id != CONFIGURATION) {
        return Err(ApiError::no_such("configuration", other, "configuration"));
    }
    let id = ids::fresh("bps_1", 23);
    let session = shapes::portal_session(json!({
        "id": id,
        "configuration": CONFIGURATION,
        "created": tx.now,
        "customer": customer,
        "flow": flow(tx, params, &customer)?,
        "locale": params.one_of("locale", LOCALES)?,
        "return_url": address(params, "return_url")?,
        "url": format!("{}/portal/{id}", tx.pages),
    }));
    tx.add(session, Value::Null);
    tx.emit("billing_portal.session.created", &id);
    Ok(tx.value(&id).clone())
}

/// The one thing the page is opened for, if there is one.
fn flow(tx: &Tx, params: &Params, customer: &str) -> Result<Value, ApiError> {
    if !params.has("flow_data") {
        return Ok(Value::Null);
    }
    let kinds = ["customer_update", "payment_method_update", "subscription_cancel"];
    let kind = params.one_of("flow_data[type]", &kinds)?.ok_or_else(|| missing("flow_data[type]"))?;
    let cancel = match kind {
        "subscription_cancel" => {
            let param = "flow_data[subscription_cancel][subscription]";
            let subscription = named(tx, "subscription", params.required(param)?, param)?;
            if subscription.text("customer") != customer || !is_live(subscription) {
                return Err(ApiError::wrong(param, "The subscription is not a running one of this customer's."));
            }
            json!({ "retention": null, "subscription": subscription.at("id") })
        }
        _ => Value::Null,
    };
    let then = params.one_of("flow_data[after_completion][type]", &["hosted_confirmation", "portal_homepage", "redirect"])?;
    let back = "flow_data[after_completion][redirect][return_url]";
    let redirect = match then {
        Some("redirect") => json!({ "return_url": address(params, back)?.ok_or_else(|| missing(back))? }),
        _ => Value::Null,
    };
    let message = params.text("flow_data[after_completion][hosted_confirmation][custom_message]");
    let confirmation = if then == Some("hosted_confirmation") { json!({ "custom_message": message }) } else { Value::Null };
    Ok(json!({
        "after_completion": { "hosted_confirmation": confirmation, "redirect": redirect, "type": then.unwrap_or("portal_homepage") },
        "customer_update": if kind == "customer_update" { json!({}) } else { Value::Null },
        "subscription_cancel": cancel,
        "subscription_update": null,
        "subscription_update_confirm": null,
        "type": kind,
    }))
}
