//! Events, which a caller that missed webhooks reads from here.

use serde_json::Value;

use crate::error::ApiError;
use crate::form::Params;
use crate::json::At;
use crate::store::Tx;

use super::{CREATED, in_time, list_params, page};

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["type", "types[]", "delivery_success"]].concat())?;
    let (types, delivered) = (params.list("types"), params.boolean("delivery_success")?);
    // A trailing star stands for everything that starts so, as in `invoice.*`.
    let of_type = |kind: &str| {
        let wanted = params.text("type").into_iter().chain(types.iter().copied());
        let mut wanted = wanted.peekable();
        wanted.peek().is_none() || wanted.any(|wanted| wanted.strip_suffix('*').map_or(kind == wanted, |start| kind.starts_with(start)))
    };
    page(tx, params, "event", "/v1/events", |event| {
        of_type(event.text("type"))
            && delivered.is_none_or(|delivered| (event.integer("pending_webhooks") == 0) == delivered)
            && in_time(params, event)
    })
}
