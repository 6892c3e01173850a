//! Webhook endpoints: the configured one, and those made through the API.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::{list_params, page};

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(&["url", "enabled_events[]", "description", "metadata[*]", "api_version"])?;
    let url = params.required("url")?;
    if !matches!(url::Url::parse(url), Ok(url) if matches!(url.scheme(), "http" | "https")) {
        return Err(ApiError::parameter("url_invalid", "url", format!("Invalid URL: {url}")));
    }
    let events = params.list("enabled_events");
    if events.is_empty() {
        return Err(missing("enabled_events"));
    }
    params.one_of("api_version", &[super::VERSION])?;
    let secret = ids::fresh("whsec_", 32);
    let endpoint = shapes::webhook_endpoint(json!({
        "id": ids::fresh("we_1", 23), "created": tx.now, "description": params.text("description"), "enabled_events": events,
        "api_version": params.text("api_version"), "metadata": params.metadata("metadata", &Value::Null)?, "url": url,
    }));
    let id = tx.add(endpoint, json!({ "secret": secret }));
    // The secret is shown this once.
    let mut answer = tx.value(&id).clone();
    answer.set("secret", secret);
    Ok(answer)
}

/// Makes, or replaces, an endpoint that gets every event, with a secret that the receiver knows already.
pub fn put(tx: &mut Tx, id: &str, url: &str, secret: &str) {
    let endpoint = shapes::webhook_endpoint(json!({
        "id": id, "created": tx.now, "description": "Put in place without the API", "enabled_events": ["*"], "url": url,
    }));
    tx.put("webhook_endpoint", id, endpoint, json!({ "secret": secret }));
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[])?;
    page(tx, params, "webhook_endpoint", "/v1/webhook_endpoints", |_| true)
}
